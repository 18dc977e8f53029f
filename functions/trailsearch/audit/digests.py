"""What a digest says: which logs CloudTrail delivered in an hour, and which digest came before.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
"""

import hashlib
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple, Self

import msgspec

from trailsearch.contracts.messages import Pointer

# A log takes some 500 bytes in it. A small object may unpack to any size.
MAX_DIGEST_BYTES = 256 * 1024 * 1024
_GZIP = zlib.MAX_WBITS | 16
# The metadata of the object, as the AWS CLI reads it.
_SIGNATURE, _ALGORITHM = "signature", "signature-algorithm"
_BACKFILL_GENERATED = "backfill-generation-timestamp"
_NAMES = {
    "begin_text": "digestStartTime",
    "end_text": "digestEndTime",
    "bucket": "digestS3Bucket",
    "key": "digestS3Object",
    "fingerprint": "digestPublicKeyFingerprint",
    "previous_bucket": "previousDigestS3Bucket",
    "previous_key": "previousDigestS3Object",
    "previous_hash": "previousDigestHashValue",
    "previous_signature": "previousDigestSignature",
    "logs": "logFiles",
}
_LOG_NAMES = {"bucket": "s3Bucket", "key": "s3Object", "hash": "hashValue"}


class DigestUnreadable(ValueError):
    """It is no digest, or not all of one: says what is wrong."""


class SignedObject(NamedTuple):
    """An object as it is in the bucket: its body, and the metadata of its owner, the names in lower case."""

    body: bytes
    metadata: Mapping[str, str]


class SignedLog(msgspec.Struct, frozen=True, rename=_LOG_NAMES.get):
    """One log that a digest names; ``hash`` is the SHA-256 of its uncompressed content, in hexadecimal."""

    bucket: str
    key: str
    hash: str

    @property
    def pointer(self) -> Pointer:
        """Where it is."""
        return Pointer(self.bucket, self.key)


class _Content(msgspec.Struct, frozen=True, rename=_NAMES.get):
    begin_text: str
    end_text: str
    bucket: str
    key: str
    fingerprint: str
    previous_signature: str | None
    logs: list[SignedLog] | None
    previous_bucket: str | None = None
    previous_key: str | None = None
    previous_hash: str | None = None


class Digest(NamedTuple):
    """What one digest says, and what is said of it.

    ``begin`` and ``end`` are the time in which its logs were delivered. ``hash`` is the SHA-256 of its uncompressed
    content, ``signed_text`` what ``signature`` is to be of. ``previous`` is the digest before it; None, where the chain
    begins. ``previous_hash`` and ``previous_signature`` are what it says of that one. ``generated`` is when CloudTrail
    made one that came late (a ``_backfill`` digest); None of the others.
    """

    pointer: Pointer
    begin: datetime
    end: datetime
    logs: tuple[SignedLog, ...]
    hash: str
    fingerprint: str
    signature: str
    signed_text: bytes
    previous: Pointer | None
    previous_hash: str | None
    previous_signature: str | None
    generated: datetime | None

    @classmethod
    def read(cls, pointer: Pointer, found: SignedObject, *, backfill: bool = False) -> Self:
        """Read a digest, whoever has written it.

        Raises:
            DigestUnreadable: no gzip, no JSON, without what every digest has, without a signature, or another digest than
                the one that is to be here.
        """
        try:
            text = _unpack(found.body)
            content = msgspec.json.decode(text, type=_Content)
            begin, end = _time(content.begin_text), _time(content.end_text)
        except (zlib.error, msgspec.DecodeError, RecursionError, ValueError) as error:
            raise DigestUnreadable(f"it is no digest: {error}") from error
        if (content.bucket, content.key) != (pointer.bucket, pointer.key):
            raise DigestUnreadable(f"it was moved here from s3://{content.bucket}/{content.key}")
        if _SIGNATURE not in found.metadata or _ALGORITHM not in found.metadata:
            raise DigestUnreadable("its metadata has no signature")
        previous = None
        if content.previous_bucket is not None and content.previous_key is not None:
            previous = Pointer(content.previous_bucket, content.previous_key)
        digest_hash = hashlib.sha256(text).hexdigest()
        return cls(
            pointer=pointer,
            begin=begin,
            end=end,
            logs=tuple(content.logs or ()),
            hash=digest_hash,
            fingerprint=content.fingerprint,
            signature=found.metadata[_SIGNATURE],
            signed_text=_signed_text(content, digest_hash),
            previous=previous,
            previous_hash=content.previous_hash,
            previous_signature=content.previous_signature,
            generated=_generated(found.metadata) if backfill else None,
        )


def _unpack(body: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    text = inflater.decompress(body, MAX_DIGEST_BYTES)
    if not inflater.eof:
        raise ValueError(f"no whole gzip file, or one of more than {MAX_DIGEST_BYTES:,} bytes")
    return text


def _signed_text(content: _Content, digest_hash: str) -> bytes:
    """Give what CloudTrail signs.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html
    """
    before = "null" if content.previous_signature is None else content.previous_signature
    return f"{content.end_text}\n{content.bucket}/{content.key}\n{digest_hash}\n{before}".encode(
        errors="replace"
    )


def _generated(metadata: Mapping[str, str]) -> datetime:
    try:
        return _time(metadata[_BACKFILL_GENERATED])
    except (KeyError, ValueError) as error:
        raise DigestUnreadable(
            f"its metadata does not say when it was made ({_BACKFILL_GENERATED})"
        ) from error


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
