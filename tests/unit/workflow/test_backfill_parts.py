"""The parts of a backfill have every log once, and each is an input that the workflow takes."""

import json
from unittest.mock import Mock

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetch_logs import read_messages
from tests.conftest import examples
from tests.steps import LOGS, execution, log_key
from trailsearch.contracts.messages import MAX_PAYLOAD_CHARACTERS, LogRef, QueueMessage
from trailsearch.workflow.backfill_parts import LOGS_PER_MESSAGE, MAX_BYTES, MAX_LOGS, events_in, in_parts
from trailsearch.workflow.execution_inputs import ExecutionInputs

# As long as S3 takes them, and with all that JSON escapes.
names = st.text(st.sampled_from('ab"\\é😀\x01/ '), max_size=200)
logs = st.lists(
    st.tuples(st.sampled_from([LOGS, "b" * 63]), names, st.integers(0, 2 * MAX_BYTES)),
    max_size=80,
    unique_by=lambda log: log[:2],
)


def read(part: bytes) -> list[LogRef]:
    """What the workflow reads of a part."""
    messages = msgspec.json.decode(part, type=list[QueueMessage])
    announced = read_messages(messages, execution(), ExecutionInputs(Mock()), Mock())
    assert not announced.dead_letters
    assert not announced.ignored
    return announced.logs


@given(logs)
@settings(max_examples=examples(60))
def test_every_log_is_in_one_part_in_order(listed: list[tuple[str, str, int]]) -> None:
    refs = [(LogRef(bucket, log_key(name), backfill=True), size) for bucket, name, size in listed]
    parts = list(in_parts(refs))
    assert [log for part in parts for log in read(part.encode("p"))] == [log for log, _ in refs]
    assert sum(part.logs for part in parts) == len(refs)
    assert sum(part.bytes for part in parts) == sum(size for _, size in refs)
    for part in parts:
        assert 0 < part.logs <= MAX_LOGS
        assert part.bytes <= MAX_BYTES or part.logs == 1


@given(st.integers(1, 900), st.sampled_from(["k", '"', "\\", "é", "😀", "\x01"]))
@settings(max_examples=examples(40))
def test_a_part_fits_into_the_result_of_the_state_that_starts_its_execution(
    length: int, character: str
) -> None:
    name = (character * length).encode()[:900].decode(errors="ignore")
    refs = [(LogRef("b" * 63, log_key(f"{name}{number}")), 1) for number in range(1_000)]
    for part in in_parts(refs):
        text = part.encode("backfills/20261126T221500Z/parts/0000-00001").decode()
        assert len(text) <= MAX_PAYLOAD_CHARACTERS // 2
        # As the answer of S3, whose body is a text within JSON.
        assert len(json.dumps(text, ensure_ascii=False)) <= MAX_PAYLOAD_CHARACTERS


def test_usual_logs_fill_a_part() -> None:
    name = f"AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail/ap-southeast-2/2026/01/01/{'n' * 70}"
    parts = list(in_parts((LogRef(LOGS, f"{name}{number:04}.json.gz"), 20_000) for number in range(1_200)))
    assert [part.logs for part in parts] == [500, 500, 200]


def test_a_message_has_so_few_logs_that_it_is_redriven_together_with_others() -> None:
    (part,) = in_parts((LogRef(LOGS, log_key(f"{number}")), 1) for number in range(25))
    messages = msgspec.json.decode(part.encode("p"), type=list[QueueMessage])
    assert [message.message_id for message in messages] == ["p-1", "p-2", "p-3"]
    assert [len(json.loads(message.body)["s3ObjectKey"]) for message in messages] == [
        LOGS_PER_MESSAGE,
        LOGS_PER_MESSAGE,
        5,
    ]
    longest = list(in_parts((LogRef("b" * 63, f"{'k' * 900}{number}"), 1) for number in range(30)))
    bodies = [
        m.body for each in longest for m in msgspec.json.decode(each.encode("p"), type=list[QueueMessage])
    ]
    assert max(map(len, bodies)) < 2_500


def test_a_log_larger_than_a_part_is_one_by_itself() -> None:
    sizes = [1, MAX_BYTES + 1, 1]
    refs = [(LogRef(LOGS, log_key(f"{number}")), size) for number, size in enumerate(sizes)]
    assert [part.bytes for part in in_parts(refs)] == sizes


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501])
def test_five_hundred_logs_are_a_part(count: int) -> None:
    refs = ((LogRef(LOGS, log_key(f"{number}")), 1) for number in range(count))
    assert [part.logs for part in in_parts(refs)] == [
        size for size in (min(count, 500), count - 500) if size > 0
    ]


# Of real logs: the number of these, and on average events and bytes (gzip).
REAL = [
    (24, 1.0, 703),
    (21, 2.7, 1_370),
    (17, 11.4, 3_328),
    (19, 36.9, 6_091),
    (13, 112.4, 15_039),
    (11, 224, 25_704),
]


def test_real_logs_have_about_as_many_events_as_their_sizes_say() -> None:
    """Small ones, of which an event takes six times as much, and large ones."""
    in_fact = sum(number * events for number, events, _ in REAL)
    assert sum(number * events_in(size) for number, _, size in REAL) == pytest.approx(in_fact, rel=0.05)
    for _, events, size in REAL:
        assert events_in(size) == pytest.approx(events, rel=0.25)


@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_a_larger_log_has_no_fewer_events_and_each_has_one(size: int, more: int) -> None:
    assert 1 <= events_in(size) <= events_in(size + more)
