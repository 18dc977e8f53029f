import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import REPOSITORY
from tests.steps import ARN, execution
from trailsearch.contracts.errors import LogCorrupt, MessageNotRecognized, PayloadTooLarge
from trailsearch.contracts.messages import (
    MAX_PAYLOAD_CHARACTERS,
    BatchRef,
    Counts,
    DeadLetter,
    ErrorOutput,
    Failures,
    Indexed,
    Kind,
    LogRef,
    MessageAttribute,
    Parts,
    QueueMessage,
    RecordsRef,
    Work,
    short_cause,
    to_payload,
)

README = (REPOSITORY / "statemachine" / "README.md").read_text()
LOG = LogRef("logs", "AWSLogs/a b/é.json.gz")
BATCH = BatchRef("staging", "batches/run-1/00001.json", documents=3, bytes=300, oldest_event_time="t1")
MESSAGE = QueueMessage("m-1", 'body with "quotes" and 😀')
ERROR = LogCorrupt("s3://logs/a: Not gzip")
LETTERS = {
    Kind.LOG: execution().dead_letter(Kind.LOG, ERROR, log=LOG),
    Kind.BATCH: execution().dead_letter(Kind.BATCH, ERROR, batch=BATCH),
    Kind.DOCUMENTS: execution().dead_letter(Kind.DOCUMENTS, ERROR, batch=BATCH),
    Kind.MESSAGE: execution().dead_letter(Kind.MESSAGE, ERROR, message=MESSAGE),
    Kind.EXECUTION: execution().dead_letter(Kind.EXECUTION, ERROR),
}


def body_of(about: Kind, **changes: Any) -> str:
    return json.dumps({**msgspec.to_builtins(LETTERS[about]), **changes})


@pytest.mark.parametrize(
    "contract",
    [
        Work(),
        Work(
            records=RecordsRef(
                "staging", "records/run-1.ndjson", records=3, bytes=300, oldest_delivery_time="t"
            ),
            batches=(BATCH,),
            dead_letters=tuple(LETTERS.values()),
            counts=Counts(messages=4, ignored={"digest_file": 2}),
        ),
        Indexed(documents=3, dead_letters=(LETTERS[Kind.DOCUMENTS],)),
        Parts(messages=(MESSAGE.having_failed(Failures(2, "t")), MESSAGE), announced=(LOG.uri,)),
    ],
)
def test_contracts_come_back_from_the_state_machine_as_they_went(contract: Work | Indexed | Parts) -> None:
    assert msgspec.convert(json.loads(json.dumps(to_payload(contract))), type(contract)) == contract


def test_a_dead_letter_reads_like_this() -> None:
    letter = msgspec.to_builtins(execution().dead_letter(Kind.LOG, ERROR, log=LOG))
    failed_at = datetime.fromisoformat(letter.pop("failed_at"))
    assert datetime.now(UTC) - failed_at < timedelta(minutes=5)
    assert datetime.fromisoformat(letter.pop("first_failed_at")) == failed_at
    assert letter == {
        "dead_letter": 1,
        "kind": "log",
        "environment": "test",
        "state": "Fetch Logs",
        "execution": ARN,
        "error": {"Error": "LogCorrupt", "Cause": "s3://logs/a: Not gzip"},
        "log": {
            "bucket": "logs",
            "key": "AWSLogs/a b/é.json.gz",
            "attempts": 0,
            "first_failed_at": None,
            "backfill": False,
        },
    }


@pytest.mark.parametrize("kind", Kind)
def test_a_dead_letter_of_every_kind_comes_back(kind: Kind) -> None:
    assert DeadLetter.from_body(body_of(kind)) == LETTERS[kind]


@pytest.mark.parametrize("kind", Kind)
def test_a_dead_letter_that_does_not_say_what_it_is_about_is_not_recognized(kind: Kind) -> None:
    body = body_of(kind, log=None, batch=None, message=None, execution="")
    with pytest.raises(MessageNotRecognized, match=f"kind {kind} that does not say what it is about"):
        DeadLetter.from_body(body)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "null",
        "[]",
        '"dead_letter"',
        "{}",
        '{"s3Bucket":"b","s3ObjectKey":["dead_letter"]}',
        r'{"dead_letter":1,"x":"\ud800"}',
        '{"dead_letter":1,"x":' + "[" * 100_000,
        "\ud800",
    ],
)
def test_what_is_no_dead_letter_is_left_to_others(body: str) -> None:
    assert DeadLetter.from_body(body) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dead_letter": 2}, "Invalid enum value 2 - at `\\$.dead_letter`"),
        ({"kind": "record"}, "Invalid enum value 'record' - at `\\$.kind`"),
        ({"error": "x"}, "Expected `object`, got `str` - at `\\$.error`"),
        ({"log": {"bucket": "b"}}, "missing required field `key` - at `\\$.log`"),
        ({"attempts": "x"}, "Expected `int`"),
    ],
)
def test_a_dead_letter_of_another_version_is_not_recognized_and_says_why(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(MessageNotRecognized, match=f"Dead letter not recognized: .*{reason}.*It is: {{"):
        DeadLetter.from_body(body_of(Kind.LOG, **changes))


def test_more_that_a_later_version_says_does_no_harm() -> None:
    assert DeadLetter.from_body(body_of(Kind.BATCH, more={"x": 1})) == LETTERS[Kind.BATCH]


def test_a_long_cause_is_cut() -> None:
    letter = execution().dead_letter(Kind.LOG, LogCorrupt("x" * 5000), log=LOG)
    assert letter.error == ErrorOutput("LogCorrupt", "x" * 500)


@given(st.text(st.characters(), max_size=600) | st.text('"\\\x00é😀x', min_size=100, max_size=600))
def test_a_short_cause_is_the_beginning_of_what_an_error_says_and_small_as_json_within_json(
    text: str,
) -> None:
    cause = short_cause(ValueError(text))
    text = re.sub("[\ud800-\udfff]", "?", text)
    assert text.startswith(cause)
    within = json.dumps(json.dumps(json.dumps(cause)))
    assert len(within) <= 800 + len(json.dumps(json.dumps(json.dumps(""))))
    if len(text) <= 500 and len(json.dumps(json.dumps(json.dumps(text)))) <= 800:
        assert cause == text


@pytest.mark.parametrize("attempts", ["-1", "", "many", "9" * 5000, "1.5"])
def test_attributes_that_count_no_attempts_count_none(attempts: str) -> None:
    """Anybody may send to a queue."""
    message = QueueMessage("m", "body", {"attempts": MessageAttribute(attempts, "Number")})
    assert message.failures == Failures()


def test_attempts_go_on_from_what_came_before() -> None:
    first = LETTERS[Kind.LOG]
    again = first.redriven(LOG)
    second = execution(name="run-2").dead_letter(Kind.LOG, ERROR, earlier=again, log=again)
    assert (again.attempts, second.attempts) == (1, 2)
    assert again.first_failed_at == second.first_failed_at == first.failed_at


@pytest.mark.parametrize(
    ("later", "earlier", "both"),
    [
        (Failures(), Failures(), Failures()),
        (Failures(1, "t2"), Failures(), Failures(1, "t2")),
        (Failures(), Failures(2, "t1"), Failures(2, "t1")),
        (Failures(1, "t2"), Failures(2, "t1"), Failures(3, "t1")),
    ],
)
def test_failures_add_up_since_the_first(later: Failures, earlier: Failures, both: Failures) -> None:
    assert later.and_before(earlier) == both


def test_a_message_says_in_its_attributes_how_often_it_has_failed() -> None:
    assert MESSAGE.failures == Failures()
    again = MESSAGE.having_failed(Failures(2, "t"))
    assert msgspec.to_builtins(again)["messageAttributes"] == {
        "attempts": {"stringValue": "2", "dataType": "Number"},
        "first_failed_at": {"stringValue": "t"},
    }
    assert again.failures == Failures(2, "t")
    assert again.having_failed(Failures()) == MESSAGE
    assert "messageAttributes" not in msgspec.to_builtins(MESSAGE)


@pytest.mark.parametrize(
    "attempts", [{"stringValue": "many"}, {"binaryValue": "AA=="}, {"stringValue": "-1"}]
)
def test_attributes_of_others_say_nothing(attempts: dict[str, str]) -> None:
    delivered = {"messageId": "m", "body": "b", "messageAttributes": {"attempts": attempts}}
    assert msgspec.convert(delivered, QueueMessage).failures == Failures()


def test_parts_leave_room_for_why_the_message_was_taken_apart() -> None:
    to_payload(Parts(messages=(QueueMessage("m", "x" * 175_000),)))
    with pytest.raises(PayloadTooLarge):
        to_payload(Parts(messages=(QueueMessage("m", "x" * (MAX_PAYLOAD_CHARACTERS - 2 * 32_768)),)))


def test_as_many_batches_fit_into_an_execution_as_the_readme_says() -> None:
    """With the names that they have on AWS, and everything that a batch can say."""
    batch = BatchRef(
        f"trailsearch-production-staging-{'1' * 12}-eu-central-1",
        f"batches/{'0' * 36}/00001.json",
        documents=5_000,
        bytes=5_000_000,
        oldest_event_time="2026-11-25T12:00:00Z",
        oldest_delivery_time="2026-11-25T12:00:00+00:00",
    )
    to_payload(Work(batches=(batch,) * 800))
    with pytest.raises(PayloadTooLarge):
        to_payload(Work(batches=(batch,) * 1_000))
    assert "about 800 batches" in README


def test_the_name_of_an_execution_is_the_end_of_its_arn() -> None:
    assert execution(name="run-7").name == "run-7"


def test_a_payload_that_fits_passes_and_a_larger_one_is_refused() -> None:
    batches = [msgspec.structs.replace(BATCH, key=f"batches/run-1/{n:05}.json") for n in range(2000)]
    payload = to_payload(Work(batches=tuple(batches[:1000])))
    assert 100_000 < len(json.dumps(payload)) < MAX_PAYLOAD_CHARACTERS
    with pytest.raises(PayloadTooLarge, match=r"A result of \d{3},\d{3} bytes; Step Functions takes 262,144"):
        to_payload(Work(batches=tuple(batches)))
