"""The Amazon States Language, as far as the state machines use it, on a virtual clock.

``Machine`` reads a definition, and refuses what it does not know; an execution of it is a process of SimPy, and all that takes time
is an event of its clock. The same definition, input, answers of services and seed give the same history, event by event.

Why it is written here:

- moto's interpreter, in which ``tests/workflow`` runs the definitions, cannot be driven: every attempt of a Task and every item of
  a Map has a thread of its own, a timeout is a wait for a thread, and a retry is ``time.sleep``; which of them goes on first is up
  to the system. It knows no limits of payload and history either.
- Step Functions Local, with AWS's name on it, is a server in Java on a clock of its own; the packages for Python that turn up build
  definitions, or ask AWS to run them.

``test_as_moto.py`` holds that both go through the same states to the same end. What AWS documents stands beside what is made of it.
"""

from .errors import NotSupported, TaskFailed
from .execution import Ended, ExecutionContext, Tasks
from .history import HistoryEvent, StateEvent
from .machine import Machine

__all__ = [
    "Ended",
    "ExecutionContext",
    "HistoryEvent",
    "Machine",
    "NotSupported",
    "StateEvent",
    "TaskFailed",
    "Tasks",
]
