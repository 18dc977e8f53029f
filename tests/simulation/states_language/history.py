"""What an execution has gone through, counted as AWS counts it.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from .errors import RUNTIME, StateFailed
from .limits import MAX_HISTORY_EVENTS


class StateEvent(NamedTuple):
    """What happens to a state of an execution, for who watches.

    ``what`` is "entered", "left", "retry", "caught" or "failed"; ``detail`` says more of the latter three.
    """

    at: float
    execution: str
    state: str
    what: str
    detail: str = ""


class HistoryEvent(NamedTuple):
    """One event of an execution's history; ``kind`` as AWS names it, ``data`` its input, output or error, if it has one."""

    at: float
    kind: str
    state: str = ""
    data: Any = None


Watch = Callable[[StateEvent], None]


class History:
    """The events of one execution."""

    def __init__(self, events: tuple[HistoryEvent, ...] = ()) -> None:
        self.events = list(events)

    def add(self, at: float, kind: str, state: str = "", data: Any = None) -> None:
        """Write an event down.

        Raises:
            StateFailed: there is room for the event only that says how the execution has ended.
        """
        if len(self.events) >= MAX_HISTORY_EVENTS - 1:
            raise StateFailed(
                RUNTIME,
                f"The execution reached the maximum number of history events ({MAX_HISTORY_EVENTS}).",
            )
        self.events.append(HistoryEvent(at, kind, state, data))

    def end(self, at: float, kind: str, data: Any) -> None:
        """Write down how the execution has ended."""
        self.events.append(HistoryEvent(at, kind, "", data))
