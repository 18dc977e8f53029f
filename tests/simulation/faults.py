"""What goes wrong: at which calls, from when to when, how."""

from collections.abc import Sequence
from enum import StrEnum
from random import Random
from typing import NamedTuple

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

ANY = "*"


class How(StrEnum):
    """What becomes of a call that a fault meets."""

    FAILING = "fails with HTTP 500"
    THROTTLED = "is throttled"
    DENIED = "is denied"
    NO_CONNECTION = "finds no connection"
    ANSWER_LOST = "gets no answer, though it is done"
    SLOW = "takes longer than its client waits, though it is done"
    HALF = "is done by half"
    CRASH_BEFORE = "is the last that its process does, and not done"
    CRASH_AFTER = "is the last that its process does"


DONE = frozenset({How.ANSWER_LOST, How.SLOW, How.CRASH_AFTER})
"""Those that come after the effect."""


class Fault(NamedTuple):
    """Calls of an operation of a service fail in a way, with a probability, from ``begin`` until ``end``.

    ``service``, ``operation`` and ``caller`` may be ``*``. Each has a generator of its own, by ``seed``: what it meets does
    not change when another fault is taken away.
    """

    begin: float
    end: float
    service: str
    operation: str
    caller: str
    how: How
    chance: float
    seed: int

    def __str__(self) -> str:
        what = " ".join(part for part in (self.service, self.operation) if part != ANY)
        who = "" if self.caller == ANY else f" of {self.caller}"
        return f"{self.chance:.0%} of the calls of {what}{who}: each {self.how}"


class Faults:
    """The faults of one run."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = [(fault, Random(fault.seed)) for fault in faults]
        self.met: dict[tuple[str, How], int] = {}

    def strike(self, now: float, service: str, operation: str, caller: str) -> How | None:
        """Tell what becomes of a call; None if nothing is wrong with it."""
        for fault, random in self._faults:
            if (
                fault.begin <= now < fault.end
                and fault.service in {ANY, service}
                and fault.operation in {ANY, operation}
                and fault.caller in {ANY, caller}
                and random.random() < fault.chance
            ):
                self.met[service, fault.how] = self.met.get((service, fault.how), 0) + 1
                return fault.how
        return None

    def have_met(self, service: str) -> bool:
        """Tell whether any call of a service has failed."""
        return any(of == service for of, _ in self.met)


# How each service says that it is failing, throttling, or does not let in: code and HTTP status.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/CommonErrors.html
_ANSWERS: dict[str, dict[How, tuple[str, int]]] = {
    "s3": {
        How.FAILING: ("InternalError", 500),
        How.THROTTLED: ("SlowDown", 503),
        How.DENIED: ("AccessDenied", 403),
    },
    "sqs": {
        How.FAILING: ("InternalFailure", 500),
        How.THROTTLED: ("RequestThrottled", 400),
        How.DENIED: ("AccessDenied", 403),
    },
    "states": {
        How.FAILING: ("InternalFailure", 500),
        How.THROTTLED: ("ThrottlingException", 400),
        How.DENIED: ("AccessDeniedException", 400),
    },
    "search": {
        How.FAILING: ("500", 500),
        How.THROTTLED: ("503", 503),
        How.DENIED: ("403", 403),
        How.HALF: ("504", 504),
    },
    "cloudtrail": {
        How.FAILING: ("InternalFailure", 500),
        How.THROTTLED: ("ThrottlingException", 400),
        How.DENIED: ("AccessDeniedException", 400),
    },
    "lambda": {
        How.FAILING: ("ServiceException", 500),
        How.THROTTLED: ("TooManyRequestsException", 429),
        How.DENIED: ("AccessDeniedException", 403),
    },
}


def client_error(code: str, status: int, operation: str, message: str = "") -> ClientError:
    """Give an error answer as botocore raises it."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message or f"{code} (simulated)"},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "simulated",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        operation,
    )


def error_of(service: str, how: How, operation: str) -> ClientError | BotoCoreError:
    """Give what botocore raises where a call fails like that."""
    url = f"https://{service}.example.com"
    match how:
        case How.NO_CONNECTION:
            return EndpointConnectionError(endpoint_url=url)
        case How.ANSWER_LOST:
            return ConnectionClosedError(endpoint_url=url)
        case How.SLOW:
            return ReadTimeoutError(endpoint_url=url)
    code, status = _ANSWERS[service].get(how) or _ANSWERS[service][How.FAILING]
    return client_error(code, status, operation)
