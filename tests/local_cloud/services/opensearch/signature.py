"""Signature Version 4, as the service checks it: present, for the right service and Region, and right.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

The canonical query is made of what the query means, not of how it was written: a client that signs an unencoded ``,`` or
``*`` of the query fails here, as on AWS.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import normalize_url_path
from moto.iam.access_control import CreateAccessKeyFailure, create_access_key

SERVICE = "es"
MAX_SKEW = timedelta(minutes=5)

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/\s,]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request,"
    r"\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


class SignatureRefused(Exception):
    """The request is not signed as it must be; the message is AWS's."""


class SignedRequest(NamedTuple):
    """What is signed of a request: method, path and query as they were sent, headers by lower-case name, body."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def verify(request: SignedRequest, region: str, account_id: str, now: datetime) -> str:
    """Check the signature of a request to a domain, and give the ARN of whoever signed.

    Access keys that moto's IAM and STS gave out have their secrets; any other is the local cloud's own, and its own secret.

    Raises:
        SignatureRefused: it has none, or a wrong one.
    """
    if "authorization" not in request.headers:
        raise SignatureRefused("Missing Authentication Token")
    found = _AUTHORIZATION.fullmatch(request.headers["authorization"])
    if found is None:
        raise SignatureRefused(
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters."
        )
    if found["region"] != region:
        raise SignatureRefused(f"Credential should be scoped to a valid region, not '{found['region']}'. ")
    if found["service"] != SERVICE:
        raise SignatureRefused(f"Credential should be scoped to correct service: '{SERVICE}'. ")
    signed_headers = found["headers"].split(";")
    timestamp = request.headers.get("x-amz-date", "")
    _check_time(timestamp, found["date"], now)
    if "host" not in signed_headers or any(name not in request.headers for name in signed_headers):
        raise SignatureRefused("'Host' or a header of 'SignedHeaders' is missing from the signed headers.")
    body_hash = hashlib.sha256(request.body).hexdigest()
    if request.headers.get("x-amz-content-sha256", body_hash) != body_hash:
        raise _mismatch()
    credentials, arn = _credentials(found["key"], request.headers, account_id)
    canonical = "\n".join(
        [
            request.method,
            quote(normalize_url_path(request.path), safe="/~"),
            _canonical_query(request.query),
            *(f"{name}:{' '.join(request.headers[name].split())}" for name in signed_headers),
            "",
            found["headers"],
            body_hash,
        ]
    )
    signer = SigV4Auth(credentials, SERVICE, region)
    signed = AWSRequest()
    signed.context["timestamp"] = timestamp
    expected: str = signer.signature(signer.string_to_sign(signed, canonical), signed)
    if not hmac.compare_digest(expected, found["signature"]):
        raise _mismatch()
    return arn


def _mismatch() -> SignatureRefused:
    return SignatureRefused(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
        " Access Key and signing method. Consult the service documentation for details."
    )


def _check_time(timestamp: str, date: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise SignatureRefused("AWS authentication requires a valid Date or x-amz-date header") from None
    if not timestamp.startswith(date):
        raise SignatureRefused(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
        )
    if abs(now - signed_at) > MAX_SKEW:
        raise SignatureRefused(
            f"Signature expired: {timestamp} is now earlier than {now - MAX_SKEW:%Y%m%dT%H%M%SZ}"
        )


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _credentials(access_key_id: str, headers: Mapping[str, str], account_id: str) -> tuple[Credentials, str]:
    token = {}
    if "x-amz-security-token" in headers:
        token["X-Amz-Security-Token"] = headers["x-amz-security-token"]
    try:
        known = create_access_key(account_id, "aws", access_key_id, token)
    except CreateAccessKeyFailure:
        return Credentials(access_key_id, access_key_id), f"arn:aws:iam::{account_id}:user/{access_key_id}"
    return known.create_credentials(), known.arn
