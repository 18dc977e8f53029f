"""What has become of everything that a plan delivers, told alike of the simulated world and of the local cloud."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from tests.chaos.backends import BACKENDS
from tests.simulation.plan import DEADLY, Delivery, Log, Plan
from trailsearch.contracts.errors import MessageNotRecognized
from trailsearch.contracts.messages import DeadLetter, LargeMessage, QueueMessage
from trailsearch.workflow.dead_letters import WaitingLetter

DIES = "the function dies"
"""In place of the names that the death of a function has."""
_SHOWN = 200
_OF_MESSAGES = frozenset({"message", "execution"})


class Place(NamedTuple):
    """Where a plan was played: gives an object by bucket and key, and the input of an execution by its ARN; None if it has none."""

    object: Callable[[str, str], bytes | None]
    input_of: Callable[[str], str | None]


class Letter(NamedTuple):
    """A message in the dead-letter queue: its body, and what it says."""

    body: str
    says: WaitingLetter


class Waits(NamedTuple):
    """That something waits in the dead-letter queue, and the error that it waits for.

    ``subject`` is the URI of a log, the id of a record, the mark of a message or a part of it that is not understood, or the
    beginning of a letter that is about nothing of the plan.
    """

    subject: str
    error: str

    def __str__(self) -> str:
        return f"{self.subject} waits for {self.error}"


@dataclass(frozen=True)
class Look:
    """All that is to be seen at one time: how often each document is in the domain, what waits, and in how many letters."""

    found: Mapping[str, int]
    waiting: frozenset[Waits]
    letters: int


class Outcome(NamedTuple):
    """What a plan came to: when it had come to rest, and after all redrives."""

    at_rest: Look
    at_the_end: Look


def look(plan: Plan, found: Iterable[str], letters: Sequence[Letter], place: Place) -> Look:
    """Tell what there is to be seen.

    Args:
        plan: what was played.
        found: the ids of the documents in the domain, each as often as it is there.
        letters: what is in the dead-letter queue.
        place: where that was.
    """
    waiting = {each for letter in letters for each in _waiting(plan, letter, place)}
    return Look(Counter(found), frozenset(waiting), len(letters))


def _waiting(plan: Plan, letter: Letter, place: Place) -> Iterator[Waits]:
    error = DIES if letter.says.error in DEADLY else letter.says.error
    subjects = set(_subjects(plan, letter, place))
    for subject in subjects or {f"{letter.says.kind}: {letter.says.subject[:_SHOWN]}"}:
        yield Waits(subject, error)


def _subjects(plan: Plan, letter: Letter, place: Place) -> Iterator[str]:
    if batch := letter.says.batch:
        staged = place.object(batch.bucket, batch.key) or b""
        yield from (document for document, _ in BACKENDS[plan.backend].documents_in(staged))
        return
    deliveries: Sequence[Delivery] = plan.of(Delivery)
    logs: dict[str, Log] = {log.uri: log for delivery in deliveries for log in delivery.logs}
    if letter.says.kind not in _OF_MESSAGES:
        yield from {letter.says.subject} & logs.keys()
        return
    text = _text(letter.body, place)
    yield from (uri for uri, log in logs.items() if log.mark in text)
    yield from (delivery.mark for delivery in deliveries if delivery.mark and delivery.mark in text)


def _text(body: str, place: Place) -> str:
    """Give the text of a message: of the one that a dead letter is about, and all of it, if it is set aside."""
    try:
        letter = DeadLetter.from_body(body)
    except MessageNotRecognized:
        return body
    if letter and letter.message:
        return _text(letter.message.body, place)
    if letter:
        given = place.input_of(letter.execution) or "[]"
        messages = msgspec.json.decode(given, type=list[QueueMessage])
        return body + "".join(_text(message.body, place) for message in messages)
    if large := LargeMessage.from_body(body):
        return body + (place.object(large.bucket, large.key) or b"").decode(errors="replace")
    return body


def differences(simulated: Outcome, local: Outcome) -> Iterator[str]:
    """Say each thing that came out otherwise in the local cloud than in the simulated world."""
    for when, ours, theirs in zip(("at rest", "after the redrives"), simulated, local, strict=True):
        for each in sorted(ours.found.keys() | theirs.found.keys()):
            if (here := ours.found.get(each, 0)) != (there := theirs.found.get(each, 0)):
                yield f"{when}: the record {each} is {here} time(s) in the simulated domain, {there} in the local one"
        for waits in sorted(ours.waiting - theirs.waiting):
            yield f"{when}: {waits}, in the simulated world alone"
        for waits in sorted(theirs.waiting - ours.waiting):
            yield f"{when}: {waits}, in the local cloud alone"
