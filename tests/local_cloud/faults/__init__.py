"""Faults, injected into requests to the local cloud as a client of AWS would meet them.

The rules that say which requests fail, and how, are set over HTTP (see `FaultControl`); without rules there are none.
"""

from .control import FaultControl
from .middleware import register
from .rules import (
    AnswerLost,
    Crash,
    Delay,
    ErrorAnswer,
    Fault,
    Match,
    NoAnswer,
    Reset,
    Rule,
    TimeOut,
    Truncation,
)

__all__ = [
    "AnswerLost",
    "Crash",
    "Delay",
    "ErrorAnswer",
    "Fault",
    "FaultControl",
    "Match",
    "NoAnswer",
    "Reset",
    "Rule",
    "TimeOut",
    "Truncation",
    "register",
]
