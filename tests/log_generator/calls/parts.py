"""What several API calls have in common: who makes them, what they name, how they are refused."""

import json
from collections.abc import Mapping

from tests.log_generator.api_call import ApiCall, ApiError

SOFTWARE: Mapping[str, float] = {"instance": 3, "function": 3, "pod": 2, "cli_user": 8, "federated": 0.4}
READERS: Mapping[str, float] = {
    "monitoring": 3,
    "deployer": 7,
    "sso": 2,
    "console_user": 2,
    "cli_user": 7,
    "service_role": 1,
    "root": 0.2,
}
CHANGERS: Mapping[str, float] = {"deployer": 6, "sso": 3, "cli_user": 1, "console_user": 1, "root": 0.2}
PEOPLE: Mapping[str, float] = {"sso": 3, "cli_user": 2, "console_user": 3, "root": 0.3}
VIA_SERVICES: Mapping[str, float] = {"service": 12, "forwarded": 3, "function": 1, "instance": 1}

KEY = ("AWS::KMS::Key", "arn:aws:kms:{{region}}:{{account}}:key/{{key}}")
ROLE = ("AWS::IAM::Role", "arn:aws:iam::{{account}}:role/{{role}}")
FUNCTION = ("AWS::Lambda::Function", "arn:aws:lambda:{{region}}:{{account}}:function:{{function}}")


def access_denied(share: float, action: str, resource: str) -> ApiError:
    """A refusal by most services."""
    message = (
        f"User: {{{{principal_arn}}}} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    return ApiError(share, "AccessDenied", message)


def unauthorized_operation(share: float, action: str, resource: str) -> ApiError:
    """A refusal by Amazon EC2, which adds an encoded message."""
    message = (
        "You are not authorized to perform this operation. User: {{principal_arn}} is not authorized to perform: "
        f"{action} on resource: {resource} because no identity-based policy allows the {action} action. "
        "Encoded authorization failure message: {{authorization_message}}"
    )
    return ApiError(share, "Client.UnauthorizedOperation", message)


def policy_document(*statements: Mapping[str, object], indent: int | None = None) -> str:
    """A policy as the string that clients send."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=indent)


def read_call(
    service: str, name: str, weight: float, request: Mapping[str, object] | None, *errors: ApiError
) -> ApiCall:
    """A call that describes something to people, deployments and monitoring."""
    return ApiCall(service, name, weight, READERS, request, errors=errors, version="1.10")
