"""What has become of everything that a plan delivers, told alike of the simulated world and of the local cloud."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import msgspec

from tests.chaos.backends import BACKENDS
from tests.simulation.plan import DEADLY, Delivery, Log, Plan
from trailsearch.contracts.errors import MessageNotRecognized
from trailsearch.contracts.messages import DeadLetter, LargeMessage, QueueMessage
from trailsearch.workflow.dead_letters import WaitingLetter

DIES = "the function dies"
"""In place of the names that the death of a function has."""
_SHOWN = 200
_Counted = TypeVar("_Counted", str, "Waits")
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
    """That something waits in the dead-letter queue, in a letter of a kind, and the error that it waits for.

    ``subject`` is the URI of a log, the id of a record, the mark of a message or a part of it that is not understood, or the
    beginning of a letter that is about nothing of the plan.
    """

    subject: str
    kind: str
    error: str

    def __str__(self) -> str:
        return f"{self.subject} ({self.kind}: {self.error})"


@dataclass(frozen=True)
class Look:
    """All that is to be seen at one time: how often each document is in the domain, in how many letters each thing waits, and how many there are.

    What was announced more than once counts as one: whether it waits in one letter or in two hangs on whether the Pipe hands
    both messages over together.
    """

    found: Mapping[str, int]
    waiting: Mapping[Waits, int]
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
    times = Counter(each for letter in letters for each in _waiting(plan, letter, place))
    announced = _times_announced(plan)
    waiting = {each: 1 if announced[each.subject] > 1 else number for each, number in times.items()}
    return Look(Counter(found), waiting, len(letters))


def _times_announced(plan: Plan) -> Counter[str]:
    """Count how often there is a message about each log, record, and part that is not understood."""
    times: Counter[str] = Counter()
    deliveries: Sequence[Delivery] = plan.of(Delivery)
    for delivery in deliveries:
        times[delivery.mark] += delivery.copies
        for log in delivery.logs:
            for subject in (log.uri, *(record for record, _ in log.records)):
                times[subject] += delivery.copies
    return times


def _waiting(plan: Plan, letter: Letter, place: Place) -> Iterator[Waits]:
    error = DIES if letter.says.error in DEADLY else letter.says.error
    subjects = set(_subjects(plan, letter, place))
    for subject in subjects or {letter.says.subject[:_SHOWN]}:
        yield Waits(subject, letter.says.kind, error)


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
        for record, here, there in _unequal(ours.found, theirs.found):
            yield f"{when}: the domain has the record {record} {here} time(s) in the simulated world, {there} in the local cloud"
        for waits, here, there in _unequal(ours.waiting, theirs.waiting):
            yield f"{when}: {waits} waits in {here} letter(s) in the simulated world, {there} in the local cloud"


def _unequal(
    ours: Mapping[_Counted, int], theirs: Mapping[_Counted, int]
) -> Iterator[tuple[_Counted, int, int]]:
    for each in sorted(ours.keys() | theirs.keys()):
        if (here := ours.get(each, 0)) != (there := theirs.get(each, 0)):
            yield each, here, there
