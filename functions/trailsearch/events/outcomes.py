"""How a call ended."""

import re
from functools import lru_cache
from typing import Final

SUCCESS: Final = "success"
DENIED: Final = "denied"
FAILED: Final = "failed"

# Codes by which services say that the caller may not do this. The first two are those of AWS's own filter for such calls
# (*UnauthorizedOperation, AccessDenied*): https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html.
# The others are what services call their errors of HTTP 401 and 403 in the API models of the AWS SDKs
# (https://github.com/boto/botocore/tree/develop/botocore/data), as SNS's AuthorizationError and Cognito's NotAuthorizedException.
# AuthFailure: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
_DENIED = re.compile(
    r"Unauthorized|Denied|NotAuthorized|NoAuthorization|Authorization(?:Error|Exception)|AuthFailure|Forbidden"
    r"|Insufficient\w*(?:Permission|Privilege)"
)


@lru_cache(maxsize=1024)
def outcome_of(error_code: str) -> str:
    """Say how a call ended that gave an error."""
    return DENIED if _DENIED.search(error_code[:256]) else FAILED
