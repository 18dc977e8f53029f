"""What all clients of AWS have in common: a call takes time, may meet a fault, and is tried again as botocore does."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from tests.simulation.code import Ended, pause, running
from tests.simulation.faults import DONE, How, error_of
from tests.simulation.services.ground import Ground

if TYPE_CHECKING:
    from botocore.config import Config

_Answer = TypeVar("_Answer")
_SECONDS = (0.005, 0.15)
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 20.0
# botocore's own, where a client has no configuration: mode "legacy".
# https://docs.aws.amazon.com/boto3/latest/guide/retries.html#legacy-retry-mode
_ATTEMPTS = 5


class Refused(Exception):
    """A service answers with an error, as its documents say; ``client_error`` is how botocore raises it."""

    def __init__(self, error: ClientError) -> None:
        super().__init__(str(error))
        self.client_error = error


class Client:
    """One client, as code of the product calls it. Operations that are not here do not exist for it."""

    service = ""

    def __init__(self, ground: Ground, config: "Config | None" = None) -> None:
        self._ground = ground
        retries = getattr(config, "retries", None) or {}
        self._attempts = int(retries.get("total_max_attempts", _ATTEMPTS))
        self._read_seconds = float(getattr(config, "read_timeout", _READ_SECONDS))

    def _call(self, operation: str, effect: Callable[[How | None], _Answer]) -> _Answer:
        """Make a call, with attempts as botocore makes them.

        Args:
            operation: its name.
            effect: does it, and gives the answer; it is told how it is done by half, or of nothing.

        Raises:
            ClientError, BotoCoreError: as botocore does.
            Ended: the process of the caller ends.
        """
        code = running()
        if code.killed:  # What else it would do on its way out, it does no more.
            raise Ended("killed")
        for attempt in range(1, self._attempts + 1):
            how = self._ground.strike(self.service, operation, code.caller, code.execution)
            pause(code.random.uniform(*_SECONDS))
            if how is How.CRASH_BEFORE:
                code.killed = True
                raise Ended("Runtime.ExitError")
            if how is None or how is How.HALF:
                try:
                    return effect(how)
                except Refused as refused:
                    raise refused.client_error from None
            if how in DONE:
                try:
                    effect(None)
                except Refused as refused:
                    raise refused.client_error from None
                if how is How.CRASH_AFTER:
                    code.killed = True
                    raise Ended("Runtime.ExitError")
            pause({How.SLOW: self._read_seconds, How.NO_CONNECTION: _CONNECT_SECONDS}.get(how, 0.0))
            if how is How.DENIED or attempt == self._attempts:
                raise error_of(self.service, how, operation)
            pause(code.random.uniform(0, min(2.0**attempt, _LONGEST_PAUSE_SECONDS)))
        raise AssertionError("the last attempt has returned or raised")

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} has no {name}: nothing of the product has called it yet"
        )
