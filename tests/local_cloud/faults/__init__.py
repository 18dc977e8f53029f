"""Faults, injected into requests to the local cloud as a client of AWS would meet them.

The rules that say which requests fail, and how, are set over HTTP (see `FaultControl`); without rules there are none.

Whoever sets rules needs nothing of moto, which makes clients of AWS while it is imported: that is for the server alone
(`middleware.py`).

PyPI's `microburst` (0.10.0 was looked at) is a proxy that injects errors, delays, resets and cut answers in AWS's own
formats, by boto3's own service models. It is not used because things that are tested here are outside a proxy of its
kind: an answer of which nothing arrives although the request was carried out (it cuts answers, but after their headers),
a Lambda function that crashes or times out, before or after its work, and what happens behind the edge of an OpenSearch
domain.
"""

from .control import FaultControl
from .rules import (
    AnswerLost,
    BodyDamage,
    Crash,
    Delay,
    ErrorAnswer,
    Fault,
    Match,
    NoAnswer,
    RefusedItems,
    Reset,
    Rule,
    RuleCount,
    TimeOut,
    Truncation,
)

__all__ = [
    "AnswerLost",
    "BodyDamage",
    "Crash",
    "Delay",
    "ErrorAnswer",
    "Fault",
    "FaultControl",
    "Match",
    "NoAnswer",
    "RefusedItems",
    "Reset",
    "Rule",
    "RuleCount",
    "TimeOut",
    "Truncation",
]
