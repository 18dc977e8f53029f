"""Which requests fail, and how."""

import re
import threading
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import msgspec

CONTROL_PATH = "/_faults"


class ErrorAnswer(msgspec.Struct, frozen=True, tag="error"):
    """The service answers with an error, in its own wire format."""

    status: int
    code: str


class Reset(msgspec.Struct, frozen=True, tag="reset"):
    """The connection is reset; the request is not carried out."""


class NoAnswer(msgspec.Struct, frozen=True, tag="no-answer"):
    """Nothing is answered for a time that is longer than the client waits; the request is not carried out."""

    seconds: float


class Delay(msgspec.Struct, frozen=True, tag="delay"):
    """The request is carried out after a while."""

    seconds: float


class Truncation(msgspec.Struct, frozen=True, tag="truncation"):
    """The request is carried out; the connection ends in the middle of the answer's body."""


class AnswerLost(msgspec.Struct, frozen=True, tag="answer-lost"):
    """The request is carried out; the connection is reset instead of an answer."""


class Crash(msgspec.Struct, frozen=True, tag="crash"):
    """The Lambda function that the request invokes crashes: before its handler is called, or after its work."""

    after: bool = False


class TimeOut(msgspec.Struct, frozen=True, tag="time-out"):
    """The Lambda function hangs, before or after its work, into a timeout that is shortened to `seconds`."""

    after: bool = False
    seconds: float = 1


class BodyDamage(msgspec.Struct, frozen=True, tag="body-damage"):
    """The body of the request to an OpenSearch domain reaches its node damaged: cut in half, or with a byte changed."""

    cut: bool = False


class RefusedItems(msgspec.Struct, frozen=True, tag="refused-items"):
    """Of a bulk request to an OpenSearch domain, every `every`-th document is not stored: its item is this error.

    With `having`, only those are counted that have this text in them.
    """

    status: int
    error_type: str
    reason: str = "Injected by the local cloud."
    every: int = 2
    having: str = ""


Fault = (
    ErrorAnswer
    | Reset
    | NoAnswer
    | Delay
    | Truncation
    | AnswerLost
    | Crash
    | TimeOut
    | BodyDamage
    | RefusedItems
)


class Match(msgspec.Struct, frozen=True):
    """Which requests: each is a regular expression to be found in that part of the request; empty finds all.

    `target` is the header X-Amz-Target, which names the operation in the JSON protocols.
    """

    method: str = ""
    path: str = ""
    target: str = ""
    body: str = ""


class Rule(msgspec.Struct, frozen=True):
    """A fault, and the requests that meet it.

    Of those that match, `skip` pass first; then a `share` fails (drawn from `seed`), at most `times`.
    """

    fault: Fault
    match: Match = Match()
    skip: int = 0
    times: int | None = None
    share: float = 1.0
    seed: int = 0


class RuleCount(msgspec.Struct, frozen=True):
    """How many requests a rule has matched, and how many of them failed."""

    matched: int
    injected: int


class Request(NamedTuple):
    """The parts of a request that rules look at."""

    method: str
    path: str
    target: str
    body: str


class Rules:
    """The rules in force. All methods may be called from several threads."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        """Take the rules; the first one that applies to a request decides."""
        self._rules = [_CountedRule(rule) for rule in rules]
        self._lock = threading.Lock()
        self.switched_off = threading.Event()

    @property
    def look_at_bodies(self) -> bool:
        """Whether a rule needs the bodies of requests."""
        return any(counted.rule.match.body for counted in self._rules)

    def fault_for(self, request: Request) -> Fault | None:
        """Give the fault that a request is to meet, if any, and count it."""
        with self._lock:
            return next((c.rule.fault for c in self._rules if c.applies(request)), None)

    def counts(self) -> list[RuleCount]:
        """Give the counts of the rules, in their order."""
        with self._lock:
            return [RuleCount(counted.matched, counted.injected) for counted in self._rules]


class _CountedRule:
    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.matched = self.injected = 0
        self._random = Random(rule.seed)
        self._patterns = [
            re.compile(pattern)
            for pattern in (rule.match.method, rule.match.path, rule.match.target, rule.match.body)
        ]

    def applies(self, request: Request) -> bool:
        if not all(pattern.search(part) for pattern, part in zip(self._patterns, request, strict=True)):
            return False
        self.matched += 1
        exhausted = self.rule.times is not None and self.injected >= self.rule.times
        if self.matched <= self.rule.skip or exhausted or self._random.random() >= self.rule.share:
            return False
        self.injected += 1
        return True
