"""Large messages beside others in a batch of the Pipe, for every mixture of sizes.

Each message has room in the input of an execution, is judged there by itself, and comes back when it is redriven. What the
Pipe makes of messages is the local cloud's, with all that AWS adds to them (``test_redriven_size.py``).
"""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

import admit_messages
from fetch_logs import Announced, read_messages, take_apart
from tests.conftest import REPOSITORY
from tests.steps import LOGS, STAGING, LambdaContext, announce, execution, invoke, log_key
from tests.workflow.test_redriven_size import compact, largest_batch, record_of, through_sns
from trailsearch.aws import clients
from trailsearch.contracts.errors import StorageAccessDenied, StorageUnavailable
from trailsearch.contracts.messages import (
    MAX_PAYLOAD_CHARACTERS,
    Kind,
    LargeMessage,
    QueueMessage,
    Work,
    to_payload,
)
from trailsearch.workflow.dead_letters import QueuedMessage, read_letter
from trailsearch.workflow.execution_inputs import ExecutionInputs
from trailsearch.workflow.room import MAX_MESSAGES
from trailsearch.workflow.staging import Staging

CASE = REPOSITORY.parent / "shared" / "cases" / "02-large-neighbour"
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
LARGEST_MESSAGE = 1_048_576
NO_EXECUTIONS = ExecutionInputs(clients.stepfunctions)


class Objects:
    """The staging bucket's objects, and those requests of S3's that large messages need."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.puts = 0
        self.failing: int | None = None

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, Any]:  # noqa: N803  # boto3's names
        self._fail("PutObject")
        assert Bucket == STAGING
        assert ContentType.startswith("text/plain")
        self.held[Key], self.puts = Body, self.puts + 1
        return {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803  # boto3's names
        self._fail("GetObject")
        assert Bucket == STAGING
        if Key not in self.held:
            raise self._error(404, "NoSuchKey", "GetObject")
        return {"Body": io.BytesIO(self.held[Key])}

    def _fail(self, operation: str) -> None:
        if self.failing:
            raise self._error(self.failing, "SlowDown" if self.failing == 503 else "AccessDenied", operation)

    @staticmethod
    def _error(status: int, code: str, operation: str) -> ClientError:
        answer: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return ClientError(answer, operation)


class Pipe:
    """The Pipe's enrichment, and Fetch Logs of the execution that the Pipe starts."""

    def __init__(self) -> None:
        self.objects = Objects()
        stage: Any = self.objects
        self.stage = Staging(stage, STAGING)

    def admit(self, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Hand a batch over: the input of its execution."""
        admitted: list[dict[str, Any]] = invoke(admit_messages.handler, records, LambdaContext())
        assert_fits(admitted)
        assert [each["messageId"] for each in admitted] == [each["messageId"] for each in records]
        return admitted

    def deliver(self, records: Sequence[Mapping[str, Any]]) -> Announced:
        """Hand a batch over, and read it."""
        messages = msgspec.convert(self.admit(records), list[QueueMessage])
        announced = read_messages(messages, execution(), NO_EXECUTIONS, self.stage)
        for letter in announced.dead_letters:
            to_payload(Work(dead_letters=(letter,)))
        return announced

    def text(self, message: QueueMessage) -> str:
        """The body that a message had when it was sent."""
        large = LargeMessage.from_body(message.body)
        return self.objects.held.get(large.key, b"").decode() if large else message.body


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Pipe:
    return make_pipe(monkeypatch)


def make_pipe(monkeypatch: pytest.MonkeyPatch) -> Pipe:
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.setenv("STAGING_BUCKET", STAGING)
    pipe = Pipe()
    monkeypatch.setattr(clients, "s3", lambda: pipe.objects)
    admit_messages._stage.cache_clear()
    return pipe


def assert_fits(messages: Sequence[Any]) -> None:
    """The limit is in characters or in bytes of UTF-8, and whoever writes the JSON may escape what he likes."""
    plain = json.dumps(messages, ensure_ascii=False)
    assert len(plain.encode(errors="surrogatepass")) <= MAX_PAYLOAD_CHARACTERS
    escaped = json.dumps(messages)
    for character in "<>&='/\x7f":
        escaped = escaped.replace(character, f"\\u{ord(character):04x}")
    assert json.loads(escaped) == messages
    assert len(escaped) <= MAX_PAYLOAD_CHARACTERS


def records_of(bodies: Sequence[str]) -> list[dict[str, Any]]:
    """Messages as the Pipe delivers them, each with an id of its own."""
    return [record_of(body) | {"messageId": f"m-{at}"} for at, body in enumerate(bodies)]


def notification(name: str, padding: str = "", *, enveloped: bool = False) -> str:
    """CloudTrail's notification of a log, which may have more in it."""
    body = json.loads(announce(name).body) | ({"more": padding} if padding else {})
    return through_sns(compact(body)) if enveloped else compact(body)


FORMS: dict[str, Callable[[str, str], str]] = {
    "a notification": notification,
    "a notification through SNS": lambda name, text: notification(name, text, enveloped=True),
    "foreign, says so": lambda _, text: compact(
        {"messageType": "ConfigurationItemChangeNotification", "configurationItem": text}
    ),
    "text": lambda _, text: f"hello {text}",
    "JSON": lambda _, text: compact({"order": text}),
    "JSON in UTF-8": lambda _, text: json.dumps({"order": text}, ensure_ascii=False),
    "text through SNS": lambda _, text: through_sns(f"hello {text}"),
    "no dead letter": lambda _, text: compact({"dead_letter": 1, "kind": "message", "order": text}),
    "a pointer to nothing": lambda _, text: compact(
        {"large_message": 1, "bucket": STAGING, "key": f"messages/{text}", "bytes": 1, "begins": text}
    ),
}
GOOD, FOREIGN = {"a notification", "a notification through SNS"}, {"foreign, says so"}


class Sent(NamedTuple):
    """One message: its form, what it is filled with, and how many bytes of that."""

    form: str
    filling: str
    size: int

    def body(self, name: str) -> str:
        text = self.filling * (self.size // len(self.filling.encode()))
        return FORMS[self.form](name, text)


# Sizes at all the limits, and between them.
limits = st.sampled_from([0, 200, 3_000, 6_000, 6_600, 30_000, 210_000, 262_144, LARGEST_MESSAGE])
fillings = st.sampled_from(["x", '"', "\\", "\n", "é", "😀", "<", "\u2028", "\x7f", '{"a":', "ab\t"])
batches = st.lists(
    st.builds(Sent, st.sampled_from(list(FORMS)), fillings, limits | st.integers(0, 20_000)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(batches)
def test_whatever_is_beside_it_every_notification_is_read_and_every_bad_message_is_dead_lettered_alone(
    batch: list[Sent],
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        pipe = make_pipe(monkeypatch)
        bodies = [sent.body(str(at)) for at, sent in enumerate(batch)]
        announced = pipe.deliver(records_of(bodies))
        assert [log.key for log in announced.logs] == [
            log_key(str(at)) for at, sent in enumerate(batch) if sent.form in GOOD
        ]
        assert sum(announced.ignored.values()) == sum(sent.form in FOREIGN for sent in batch)
        bad = {f"m-{at}": bodies[at] for at, sent in enumerate(batch) if sent.form not in GOOD | FOREIGN}
        assert_dead_lettered(pipe, announced, bad, attempts=1)
        # They come back as a batch again, beside a good one.
        redriven = [msgspec.json.encode(letter).decode() for letter in announced.dead_letters]
        again = pipe.deliver(records_of([*redriven, notification("new")]))
        assert [log.key for log in again.logs] == [log_key("new")]
        assert_dead_lettered(pipe, again, bad, attempts=2)


def assert_dead_lettered(pipe: Pipe, announced: Announced, bad: Mapping[str, str], attempts: int) -> None:
    letters = {letter.message.message_id: letter for letter in announced.dead_letters if letter.message}
    assert letters.keys() == bad.keys()
    assert len(announced.dead_letters) == len(bad)
    for message_id, letter in letters.items():
        assert letter.kind is Kind.MESSAGE
        assert letter.error.error in {"MessageNotRecognized", "MessageNotFound"}
        assert letter.error.cause
        assert letter.attempts == attempts
        assert letter.message
        assert bad[message_id] in {letter.message.body, pipe.text(letter.message)}


def test_as_many_messages_as_a_batch_may_have_fit_when_each_is_as_large_as_it_may_be(pipe: Pipe) -> None:
    for size in range(3_000, 7_000, 200):
        announced = pipe.deliver(
            records_of([notification(str(at), "x" * size) for at in range(MAX_MESSAGES)])
        )
        assert len(announced.logs) == MAX_MESSAGES


@pytest.mark.parametrize("variant", ["", "ten"])
def test_the_case_of_a_large_neighbour_is_read(pipe: Pipe, variant: str) -> None:
    if not CASE.is_dir():
        pytest.skip("needs the case 02-large-neighbour beside the repository (../shared/cases)")
    program = [sys.executable, str(CASE / "gen.py"), *filter(None, [variant])]
    bodies = subprocess.run(program, check=True, capture_output=True, text=True).stdout.splitlines()
    announced = pipe.deliver(records_of(bodies))
    assert [log.key for log in announced.logs] == [
        "AWSLogs/111111111111/CloudTrail/eu-west-3/2026/03/04/a.json.gz"
    ]
    assert announced.ignored == {"config_notification": 9 if variant else 1}
    assert not announced.dead_letters


def test_messages_of_a_usual_size_are_handed_on_as_they_are_and_nothing_is_staged(pipe: Pipe) -> None:
    records = records_of([notification("a"), notification("b", enveloped=True), "hello"])
    assert pipe.admit(records) == records
    assert not pipe.objects.held


def test_of_a_message_with_large_attributes_those_stay_that_are_ours(pipe: Pipe) -> None:
    foreign = {"StringValue": "x" * 200_000, "DataType": "String"}
    ours = {
        "attempts": {"StringValue": "3", "DataType": "Number"},
        "first_failed_at": {"StringValue": "2026-11-26T20:45:00.000Z", "DataType": "String"},
    }
    (kept,) = pipe.admit([record_of(notification("a"), {"foreign": foreign, **ours})])
    assert kept["body"] == notification("a")
    assert kept["messageAttributes"].keys() == ours.keys()
    (forged,) = pipe.admit([record_of(notification("a"), {**ours, "first_failed_at": foreign})])
    assert forged["body"] == notification("a")
    assert "messageAttributes" not in forged
    assert not pipe.objects.held


def test_a_large_announcement_of_which_a_part_is_bad_is_read_but_for_that_part(pipe: Pipe) -> None:
    body = json.dumps({"s3Bucket": LOGS, "s3ObjectKey": [log_key("good"), "x" * 200_000]})
    announced = pipe.deliver(records_of([body, notification("b")]))
    assert [log.key for log in announced.logs] == [log_key("good"), log_key("b")]
    (letter,) = announced.dead_letters
    assert letter.message
    rest = {"s3Bucket": LOGS, "s3ObjectKey": ["x" * 200_000]}
    assert json.loads(pipe.text(letter.message)) == rest
    (admitted,) = pipe.admit(records_of([body]))
    parts = take_apart([msgspec.convert(admitted, QueueMessage)], NO_EXECUTIONS, pipe.stage)
    to_payload(parts)
    good, bad = parts.messages
    assert json.loads(good.body)["s3ObjectKey"] == [log_key("good")]
    assert json.loads(pipe.text(bad)) == rest


def test_what_is_redriven_is_kept_for_as_long_again(pipe: Pipe) -> None:
    """It expires with the letter that pointed to it first; so it is written anew."""
    (letter,) = pipe.deliver(records_of(["x" * 10_000])).dead_letters
    assert letter.message
    read = pipe.objects.puts
    pipe.admit(records_of([letter.message.body]))
    assert pipe.objects.puts == read + 1
    pipe.deliver(records_of([msgspec.json.encode(letter).decode()]))
    assert pipe.objects.puts == read + 2
    assert len(pipe.objects.held) == 1


def test_what_has_expired_is_told_and_holds_up_nothing(pipe: Pipe) -> None:
    (letter,) = pipe.deliver(records_of(["x" * 10_000])).dead_letters
    assert letter.message
    pipe.objects.held.clear()
    announced = pipe.deliver(records_of([letter.message.body, notification("a")]))
    assert [log.key for log in announced.logs] == [log_key("a")]
    (gone,) = announced.dead_letters
    assert gone.error.error == "MessageNotFound"


@pytest.mark.parametrize(
    ("bucket", "key"),
    [("others", f"messages/{'0' * 64}"), (STAGING, "records/x"), (STAGING, "messages/" + "a" * 2_000), (STAGING, "messages/")],
)  # fmt: skip
def test_a_pointer_from_anybody_leads_nowhere_else(pipe: Pipe, bucket: str, key: str) -> None:
    forged = compact({"large_message": 1, "bucket": bucket, "key": key, "bytes": 1, "begins": ""})
    announced = pipe.deliver(records_of([forged, notification("a")]))
    assert len(announced.logs) == 1
    assert [each.error.error for each in announced.dead_letters] == ["MessageNotFound"]


@pytest.mark.parametrize(("status", "error"), [(503, StorageUnavailable), (403, StorageAccessDenied)])
def test_while_s3_fails_no_message_is_lost(pipe: Pipe, status: int, error: type[Exception]) -> None:
    """The Pipe keeps the batch, and hands it over again."""
    pipe.objects.failing = status
    with pytest.raises(error):
        pipe.admit(records_of(["x" * 10_000, notification("a")]))
    # Whatever needs nothing of S3 does not wait for it.
    letter = pipe_letter()
    assert len(pipe.admit(records_of([notification("a"), letter]))) == 2


def pipe_letter() -> str:
    """The body that stands for a large message."""
    return compact(
        {"large_message": 1, "bucket": STAGING, "key": f"messages/{'0' * 64}", "bytes": 1, "begins": ""}
    )


def test_an_operator_sees_how_a_large_message_begins_and_where_it_is(pipe: Pipe) -> None:
    (letter,) = pipe.deliver(records_of(["hello " + "é" * 10_000])).dead_letters
    assert letter.message
    for body in (letter.message.body, msgspec.json.encode(letter).decode()):
        waiting = read_letter(QueuedMessage("m", body, {}, datetime(2026, 11, 26, tzinfo=UTC)))
        assert waiting.subject.startswith("hello é")
        assert "(20,006 bytes: s3://" in waiting.subject
        assert len(waiting.subject) < 300


def test_a_share_is_that_of_the_largest_batch_that_terraform_takes() -> None:
    assert largest_batch() == MAX_MESSAGES
