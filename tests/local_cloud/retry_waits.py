"""How long Step Functions waits before it retries a state, scaled.

moto waits as long as the definition says, which may be minutes. The order and number of the retries stay as they are.
"""

import time
from types import SimpleNamespace

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

from .patching import replace


def scale(factor: float) -> None:
    """Multiply every wait before a retry with a factor, in this process.

    Raises:
        MotoChangedError: moto no longer waits so.
    """
    replace(retrier_decl, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * factor)))
