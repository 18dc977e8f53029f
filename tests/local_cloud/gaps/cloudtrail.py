"""CloudTrail: trails are described and deleted by their name or ARN, and several may be in one account.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html,
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeleteTrail.html
"""

import functools
import json
from collections.abc import Callable

from moto.cloudtrail.models import CloudTrailBackend
from moto.cloudtrail.responses import CloudTrailResponse

from ..patching import replace


def close_gaps() -> None:
    """Describe only the trails that are asked for, and delete what an ARN names."""
    replace(CloudTrailResponse, "describe_trails", _describe_trails)
    replace(CloudTrailBackend, "delete_trail", _by_name(CloudTrailBackend.delete_trail))


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
