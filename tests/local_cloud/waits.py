"""How long Step Functions waits, before it retries a state and in a Wait state, scaled.

moto waits as long as the definition says, which may be minutes. The order and number of the retries stay as they are.
"""

import time
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from .patching import replace


def scale(factor: float) -> None:
    """Multiply every wait before a retry, and of a Wait state, with a factor, in this process.

    Raises:
        MotoChangedError: moto no longer waits so.
    """
    replace(retrier_decl, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * factor)))

    def wait(_state: WaitFunction, env: Any, wait_seconds: float) -> None:
        deadline = time.monotonic() + wait_seconds * factor
        # An execution that is ended from outside waits no longer.
        while env.is_running() and (left := deadline - time.monotonic()) > 0:
            env.program_state_event.wait(left)

    replace(WaitFunction, "_wait_interval", wait)
