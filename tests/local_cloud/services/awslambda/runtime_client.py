"""What awslambdaric asks the Runtime API with, where its own client is not there: AWS builds that one for Linux alone.

Elsewhere, as on macOS, awslambdaric installs without it ("The native runtime_client only builds on Linux. Skipping its
compilation.", its setup.py) and cannot ask for an invocation. A worker finds this module under the name that awslambdaric
imports. Its functions are those of awslambdaric/runtime_client.cpp of version 4.2.2, with the same arguments and answers;
the headers are those of the aws-lambda-cpp that it is built with. It runs in a worker, with no package of this repository
on its path.
"""

import http.client
import os
from collections.abc import Mapping

_VERSION = "/2018-06-01/runtime"
# Text, but for the deadline; what the Runtime API does not send is None.
_HEADERS = (
    "Lambda-Runtime-Aws-Request-Id",
    "Lambda-Runtime-Trace-Id",
    "Lambda-Runtime-Invoked-Function-Arn",
    "Lambda-Runtime-Client-Context",
    "Content-Type",
    "Lambda-Runtime-Cognito-Identity",
    "Lambda-Runtime-Aws-Tenant-Id",
    "Lambda-Runtime-Invocation-Id",
)
_DEADLINE = "Lambda-Runtime-Deadline-Ms"
_user_agent = ""


def initialize_client(user_agent: str) -> None:
    """Take the User-Agent of all requests."""
    global _user_agent  # noqa: PLW0603  # awslambdaric calls a module, which has no object to keep it in
    _user_agent = user_agent


def next() -> tuple[bytes, dict[str, str | int | None]]:  # noqa: A001  # the name that awslambdaric calls
    """Wait for an invocation, however long that takes. Returns its event, and what the headers say of it.

    Raises:
        RuntimeError: The Runtime API gives none.
    """
    status, headers, event = _request("GET", "/invocation/next")
    if status != http.HTTPStatus.OK:
        raise RuntimeError("Failed to get next")
    said: dict[str, str | int | None] = {name: headers.get(name) for name in _HEADERS}
    return event, said | {_DEADLINE: int(headers.get(_DEADLINE, "0"))}


def post_invocation_result(
    invoke_id: str, result: bytes, content_type: str, invocation_id: str | None
) -> None:
    """Hand in what an invocation returned.

    Raises:
        RuntimeError: The Runtime API does not take it.
    """
    headers: dict[str, str | bytes] = {"Content-Type": content_type, **_invocation(invocation_id)}
    status, *_ = _request("POST", f"/invocation/{invoke_id}/response", result, headers)
    if status != http.HTTPStatus.ACCEPTED:
        raise RuntimeError("Failed to post invocation response")


def post_error(invoke_id: str, error: str, xray_fault: str, invocation_id: str | None) -> None:
    """Hand in what an invocation failed with, as JSON, and for X-Ray.

    Raises:
        RuntimeError: The Runtime API does not take it.
    """
    headers: dict[str, str | bytes] = {
        "Content-Type": "application/json",
        # In UTF-8, as the native client sends it; http.client alone knows Latin-1.
        "Lambda-Runtime-Function-XRay-Error-Cause": xray_fault.encode(),
        **_invocation(invocation_id),
    }
    status, *_ = _request("POST", f"/invocation/{invoke_id}/error", error.encode(), headers)
    if status != http.HTTPStatus.ACCEPTED:
        raise RuntimeError("Failed to post invocation error")


def _invocation(invocation_id: str | None) -> dict[str, str]:
    return {"Lambda-Runtime-Invocation-Id": invocation_id} if invocation_id else {}


def _request(
    method: str, path: str, body: bytes | None = None, headers: Mapping[str, str | bytes] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Ask the Runtime API, by a connection of its own: no proxy counts, and none is kept for long.

    Raises:
        RuntimeError: There is no answer.
    """
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        connection.request(method, _VERSION + path, body, {"User-Agent": _user_agent, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise RuntimeError(f"{method} {path}: {error!r}") from error
    finally:
        connection.close()
