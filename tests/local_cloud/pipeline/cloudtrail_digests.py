"""Deliver digests as CloudTrail does, signed: each names the logs of an hour, and the digest before it.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.request import ProxyHandler, Request, build_opener

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from .cloudtrail_delivery import Log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LocalSigningKey"
_TIMEOUT_SECONDS = 10
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
_LOG_KEY = re.compile(
    r"(?P<prefix>(?:.*/)?)AWSLogs/(?:(?P<organization>o-[a-z0-9]+)/)?(?P<account>\d{12})/CloudTrail(?!-Digest)[A-Za-z-]*/"
    r"(?P<region>[a-z0-9-]+)/\d{4}/\d{2}/\d{2}/[^/]+\.json\.gz"
)


@dataclass(frozen=True)
class SigningKey:
    """A key pair that digests of one Region are signed with."""

    private_key: RSAPrivateKey

    @classmethod
    def generated(cls) -> Self:
        """Make a pair of which no CloudTrail knows."""
        return cls(generate_private_key(public_exponent=65_537, key_size=2_048))

    @classmethod
    def of_local_cloud(cls, endpoint_url: str, region: str) -> Self:
        """Get the pair that the CloudTrail of a local cloud lists for a Region."""
        scope = f"AWS4-HMAC-SHA256 Credential=local/20260101/{region}/cloudtrail/aws4_request"
        headers = {
            "X-Amz-Target": _TARGET,
            "Authorization": scope,
            "Content-Type": "application/x-amz-json-1.1",
        }
        request = Request(endpoint_url, data=b"{}", headers=headers)
        with build_opener(ProxyHandler({})).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            pem = json.loads(answer.read())["PrivateKey"]
        return cls(cast("RSAPrivateKey", load_pem_private_key(pem.encode(), password=None)))

    @property
    def public_key(self) -> bytes:
        """The public key as CloudTrail gives it: DER, PKCS #1."""
        return self.private_key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)

    @property
    def fingerprint(self) -> str:
        """The name of the pair."""
        return hashlib.md5(self.public_key, usedforsecurity=False).hexdigest()

    def sign(self, text: str) -> str:
        """Sign a text; the signature is hexadecimal."""
        return self.private_key.sign(text.encode(), PKCS1v15(), SHA256()).hex()


@dataclass(frozen=True)
class DigestFile:
    """A digest: its key, what it says, when it ends, and the metadata that it is stored with."""

    key: str
    text: bytes
    metadata: dict[str, str]

    @property
    def hash(self) -> str:
        """The SHA-256 of what it says."""
        return hashlib.sha256(self.text).hexdigest()

    @property
    def signature(self) -> str:
        """Its signature."""
        return self.metadata["signature"]

    def put(self, s3: "S3Client", bucket: str) -> None:
        """Store it."""
        s3.put_object(
            Bucket=bucket,
            Key=self.key,
            Body=gzip.compress(self.text),
            ContentType="application/json",
            ContentEncoding="gzip",
            Metadata=self.metadata,
        )


@dataclass(frozen=True)
class DigestedTrail:
    """A trail with log file validation, and which digests of it are made: those of one account and Region."""

    bucket: str
    account: str = "111122223333"
    region: str = "us-east-1"
    name: str = "trail"
    home_region: str = "us-east-1"
    prefix: str = ""
    organization: str | None = None

    def digest(
        self,
        logs: Iterable[Log],
        begin: datetime,
        end: datetime,
        key: SigningKey,
        *,
        previous: DigestFile | None = None,
        generated: datetime | None = None,
        fingerprint: str | None = None,
    ) -> DigestFile:
        """Make the digest of logs that were delivered between two times.

        Args:
            logs: the logs.
            begin: the first of the times.
            end: the other one.
            key: what to sign with.
            previous: the digest before it; None, where logging or validation begins.
            generated: when a digest of late logs is made; None, if it is none.
            fingerprint: of the key that the digest says it is signed with, if it is to say of another.
        """
        file = self._key(end, backfill=generated is not None)
        content: dict[str, Any] = {
            "awsAccountId": self.account,
            "digestStartTime": _iso(begin),
            "digestEndTime": _iso(end),
            "digestS3Bucket": self.bucket,
            "digestS3Object": file,
            "digestPublicKeyFingerprint": fingerprint or key.fingerprint,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": _iso(end),
            "oldestEventTime": _iso(begin),
            "previousDigestS3Bucket": self.bucket if previous else None,
            "previousDigestS3Object": previous.key if previous else None,
            "previousDigestHashValue": previous.hash if previous else None,
            "previousDigestHashAlgorithm": "SHA-256" if previous else None,
            "previousDigestSignature": previous.signature if previous else None,
            "logFiles": [
                {
                    "s3Bucket": self.bucket,
                    "s3Object": log.key,
                    "hashValue": hashlib.sha256(gzip.decompress(log.body)).hexdigest(),
                    "hashAlgorithm": "SHA-256",
                    "newestEventTime": _iso(end),
                    "oldestEventTime": _iso(begin),
                }
                for log in logs
            ],
        }
        digest = DigestFile(file, json.dumps(content).encode(), {})
        before = previous.signature if previous else "null"
        metadata = {
            "signature": key.sign(f"{_iso(end)}\n{self.bucket}/{file}\n{digest.hash}\n{before}"),
            "signature-algorithm": "SHA256withRSA",
        }
        if generated is not None:
            metadata["backfill-generation-timestamp"] = _iso(generated)
        return replace(digest, metadata=metadata)

    def folder(self, kind: str) -> str:
        """Give what the keys of its logs (kind ``CloudTrail``) or digests (``CloudTrail-Digest``) begin with."""
        organization = f"{self.organization}/" if self.organization else ""
        return f"{self.prefix}AWSLogs/{organization}{self.account}/{kind}/{self.region}/"

    def _key(self, end: datetime, *, backfill: bool) -> str:
        return (
            f"{self.folder('CloudTrail-Digest')}{end:%Y/%m/%d}/{self.account}_CloudTrail-Digest_{self.region}_{self.name}"
            f"_{self.home_region}_{end:%Y%m%dT%H%M%SZ}{'_backfill' * backfill}.json.gz"
        )


def trail_of(bucket: str, key: str) -> DigestedTrail | None:
    """Give the trail that may have delivered a log, by its key; None, if it is not that of a log."""
    if not (match := _LOG_KEY.fullmatch(key)):
        return None
    return DigestedTrail(
        bucket, match["account"], match["region"], prefix=match["prefix"], organization=match["organization"]
    )


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
