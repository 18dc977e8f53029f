"""CloudTrail: trails are described and deleted by their name or ARN, several may be in one account, and keys sign digests.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html,
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeleteTrail.html,
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html
"""

import base64
import functools
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from moto.cloudtrail.models import CloudTrailBackend
from moto.cloudtrail.responses import CloudTrailResponse

from ..patching import add, replace

# Digests of old logs can be signed here, too; of any key, CloudTrail says from when to when it is used.
_KEYS_SINCE = datetime(2013, 11, 1, tzinfo=UTC)
_KEYS_FOR = timedelta(days=365 * 30)


def close_gaps() -> None:
    """Describe only the trails that are asked for, delete what an ARN names, and have keys for digests."""
    replace(CloudTrailResponse, "describe_trails", _describe_trails)
    replace(CloudTrailBackend, "delete_trail", _by_name(CloudTrailBackend.delete_trail))
    add(CloudTrailResponse, "list_public_keys", _list_public_keys)
    add(CloudTrailResponse, "local_signing_key", _local_signing_key)


def _describe_trails(self: CloudTrailResponse) -> str:
    trails = self.cloudtrail_backend.describe_trails(self._get_bool_param("includeShadowTrails", True))
    wanted = self._get_param("trailNameList") or []
    return json.dumps(
        {
            "trailList": [
                trail.description(include_region=True)
                for trail in trails
                if not wanted or trail.trail_name in wanted or trail.arn in wanted
            ]
        }
    )


def _by_name(delete_trail: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(delete_trail)
    def delete(self: CloudTrailBackend, name: str) -> None:
        delete_trail(self, name.rpartition("/")[2])

    return delete


@functools.cache
def _signing_key(_region: str) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2_048)


def _list_public_keys(self: CloudTrailResponse) -> str:
    """Answer the key of the Region, if the time that is asked for is one in which it is used."""
    until = _KEYS_SINCE + _KEYS_FOR
    now = datetime.now(UTC).timestamp()
    begin, end = (float(self._get_param(name) or now) for name in ("StartTime", "EndTime"))
    keys = []
    if begin <= until.timestamp() and end >= _KEYS_SINCE.timestamp():
        public_key = _signing_key(self.region).public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
        keys.append(
            {
                "Value": base64.b64encode(public_key).decode(),
                "ValidityStartTime": _KEYS_SINCE.timestamp(),
                "ValidityEndTime": until.timestamp(),
                "Fingerprint": hashlib.md5(public_key, usedforsecurity=False).hexdigest(),
            }
        )
    return json.dumps({"PublicKeyList": keys})


def _local_signing_key(self: CloudTrailResponse) -> str:
    """Hand out the private key, which CloudTrail keeps to itself: what plays CloudTrail here is another process."""
    key = _signing_key(self.region)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return json.dumps({"PrivateKey": pem})
