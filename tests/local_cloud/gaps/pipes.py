"""EventBridge Pipes: a pipe that is stopped stays so until it is started.

moto lets each state follow another by itself, and after STOPPED comes STARTING. On AWS that takes StartPipe, or an update:
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_StopPipe.html
"""

from collections.abc import Callable

from moto.pipes.models import PipeStatus

from ..patching import replace

Transitions = list[tuple[str | None, str]]


def close_gaps() -> None:
    """Leave out the change from STOPPED to STARTING."""
    replace(PipeStatus, "status_transitions", staticmethod(_without_start(PipeStatus.status_transitions())))


def _without_start(transitions: Transitions) -> Callable[[], Transitions]:
    kept = [each for each in transitions if each[0] != PipeStatus.STOPPED.value]
    return lambda: list(kept)
