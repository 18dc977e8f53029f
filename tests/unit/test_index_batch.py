import json
import math
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index_batch import MAX_REFUSALS, RESERVED_SECONDS, Upload, handler, in_two, index_batch, upload_halves
from tests.conftest import REPOSITORY, examples
from tests.records import encode
from tests.steps import (
    ARN,
    STAGING,
    FakeIndex,
    LambdaContext,
    event,
    execution,
    invoke,
    s3_answers,
    tags_of,
)
from trailsearch.aws import clients
from trailsearch.aws.signed_http import HttpAnswer
from trailsearch.contracts.errors import (
    BatchNotFound,
    BatchRefused,
    DocumentsNotIndexed,
    OutOfTime,
    SearchAccessDenied,
    SearchThrottled,
    SearchUnavailable,
    SettingMissing,
    StorageAccessDenied,
    StorageUnavailable,
    TooManyRefused,
)
from trailsearch.contracts.messages import BatchRef, DeadLetter, Indexed, Kind
from trailsearch.events.documents import build_document
from trailsearch.search.backend import EncodedDocument, Refused
from trailsearch.search.cloudsearch.batches import CloudSearchFormat
from trailsearch.search.opensearch.batches import OpenSearchFormat, Target, targets_in
from trailsearch.search.opensearch.template import VERSION
from trailsearch.workflow.staging import Staging

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FORMAT = CloudSearchFormat()


def documents_of(count: int) -> list[EncodedDocument]:
    batch = bytearray()
    FORMAT.append([build_document(encode(event(f"e{n}")), "s3://logs/a") for n in range(count)], batch)
    return list(FORMAT.split(bytes(batch)))


# Halving does not look into documents, so that small ones do.
TINY = [EncodedDocument(f"e{n}", b'{"type":"add","id":"e%d","fields":{"raw":"{}"}}' % n) for n in range(5000)]


class Clock:
    """The time that a function has left; sleeping takes of it, and so does every look at it."""

    def __init__(self, seconds: float = 120) -> None:
        self.seconds = seconds
        self.slept: list[float] = []
        self.seconds_a_look = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds -= seconds

    def remaining_seconds(self) -> float:
        self.seconds -= self.seconds_a_look
        return self.seconds


class Step:
    """Index Batch with its bucket and search domain."""

    def __init__(self, stage: Staging, index: FakeIndex, clock: Clock) -> None:
        self.stage, self.index, self.clock = stage, index, clock

    def put(self, documents: list[EncodedDocument], of_execution: str = "run-0", **changes: Any) -> BatchRef:
        body = FORMAT.join(documents)
        pointer = self.stage.put_batch(of_execution, "00001", body, FORMAT.content_type)
        batch = BatchRef(pointer.bucket, pointer.key, documents=len(documents), bytes=len(body))
        return msgspec.structs.replace(batch, **changes)

    def run(self, batch: BatchRef) -> Indexed:
        return index_batch(
            batch, execution("Index Batch"), self.stage, FORMAT, self.index, self.clock.remaining_seconds
        )

    def ids_behind(self, dead_letter: DeadLetter) -> list[str]:
        assert dead_letter.batch
        return [document.id for document in FORMAT.split(self.stage.get_batch(dead_letter.batch))]


@pytest.fixture
def step(stage: Staging, index: FakeIndex, monkeypatch: pytest.MonkeyPatch) -> Step:
    clock = Clock()
    monkeypatch.setattr("index_batch.time.sleep", clock.sleep)
    return Step(stage, index, clock)


def test_a_good_batch_is_uploaded_once_as_it_is_staged(step: Step) -> None:
    batch = step.put(documents_of(5))
    assert step.run(batch) == Indexed(documents=5)
    assert step.index.uploads == [step.stage.get_batch(batch)]
    assert step.index.documents["e4"]["event_name"] == "GetObject"


def test_bad_documents_are_dead_lettered_with_their_reasons_and_all_others_indexed(step: Step) -> None:
    step.index.refuse = {"e3", "e7"}
    indexed = step.run(step.put(documents_of(10)))
    assert indexed.documents == 8
    assert set(step.index.documents) == {f"e{n}" for n in range(10)} - {"e3", "e7"}
    (dead_letter,) = indexed.dead_letters
    assert (dead_letter.kind, dead_letter.state, dead_letter.attempts) == (Kind.DOCUMENTS, "Index Batch", 1)
    assert dead_letter.error.error == "DocumentRefused"
    assert dead_letter.error.cause == (
        "The search domain refuses 2 document(s). e3: document e3 is bad; e7: document e7 is bad"
    )
    assert step.ids_behind(dead_letter) == ["e3", "e7"]
    assert dead_letter.batch
    assert dead_letter.batch.documents == 2
    assert dead_letter.batch.bytes == len(step.stage.get_batch(dead_letter.batch))


def test_documents_that_are_refused_alone_are_one_dead_letter_without_another_upload(step: Step) -> None:
    step.index.refuse_alone = {"e3", "e7"}
    indexed = step.run(step.put(documents_of(10), attempts=1, first_failed_at="2023-07-10T12:00:00.000Z"))
    assert indexed.documents == 8
    assert set(step.index.documents) == {f"e{n}" for n in range(10)} - {"e3", "e7"}
    assert len(step.index.uploads) == 1
    (dead_letter,) = indexed.dead_letters
    assert (dead_letter.kind, dead_letter.state, dead_letter.attempts) == (Kind.DOCUMENTS, "Index Batch", 2)
    assert dead_letter.error.error == "DocumentRefused"
    assert dead_letter.error.cause == (
        "The search domain refuses 2 document(s). e3: document e3 is odd; e7: document e7 is odd"
    )
    assert step.ids_behind(dead_letter) == ["e3", "e7"]


def test_a_batch_that_is_too_large_is_halved_and_what_is_refused_alone_is_reported_with_the_rest(
    step: Step,
) -> None:
    step.index.refuse, step.index.refuse_alone = {"e2"}, {"e1", "e7"}
    indexed = step.run(step.put(documents_of(8)))
    (dead_letter,) = indexed.dead_letters
    assert step.ids_behind(dead_letter) == ["e1", "e2", "e7"]
    assert indexed.documents == len(step.index.documents) == 5


def test_a_single_bad_document_is_not_uploaded_again(step: Step) -> None:
    step.index.refuse = {"e0"}
    indexed = step.run(step.put(documents_of(1)))
    assert indexed.documents == 0
    assert len(indexed.dead_letters) == 1
    assert len(step.index.uploads) == 1


def test_a_batch_that_is_refused_only_as_a_whole_leaves_no_dead_letter(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = step.index.upload

    def refuse_large(batch: bytes) -> Sequence[Refused]:
        if len(batch) > 10_000:
            raise BatchRefused("HTTP 413: too large")
        return take(batch)

    monkeypatch.setattr(step.index, "upload", refuse_large)
    assert step.run(step.put(documents_of(10))) == Indexed(documents=10)
    assert len(step.index.documents) == 10


def test_refused_documents_of_several_batches_do_not_overwrite_each_other(step: Step) -> None:
    documents = documents_of(4)
    step.index.refuse = {"e1", "e2"}
    redriven = [step.put(documents[:2], "run-a"), step.put(documents[2:], "run-b")]
    dead_letters = [step.run(batch).dead_letters[0] for batch in redriven]
    assert [step.ids_behind(letter) for letter in dead_letters] == [["e1"], ["e2"]]


def test_a_retry_stages_what_is_refused_under_the_same_key(step: Step) -> None:
    step.index.refuse = {"e1"}
    batch = step.put(documents_of(3))
    (first,), (second,) = (step.run(batch).dead_letters for _ in range(2))
    assert first.batch == second.batch


def test_attempts_are_counted_and_the_first_failure_is_kept(step: Step) -> None:
    step.index.refuse = {"e0"}
    batch = step.put(documents_of(2), attempts=3, first_failed_at="2023-07-10T12:00:00.000Z")
    (dead_letter,) = step.run(batch).dead_letters
    assert (dead_letter.attempts, dead_letter.first_failed_at) == (4, "2023-07-10T12:00:00.000Z")


def test_a_redriven_batch_is_staged_anew_so_that_it_outlives_a_new_dead_letter(
    step: Step, s3: "S3Client"
) -> None:
    """The bucket expires objects by their age; only putting one again makes it young."""
    s3.put_bucket_versioning(Bucket=STAGING, VersioningConfiguration={"Status": "Enabled"})
    batch = step.put(documents_of(1))

    def times_put() -> int:
        return len(s3.list_object_versions(Bucket=STAGING, Prefix=batch.key)["Versions"])

    step.run(batch)
    assert times_put() == 1
    step.run(msgspec.structs.replace(batch, attempts=1))
    assert times_put() == 2


def test_what_dead_letters_point_to_does_not_expire_soon(step: Step, s3: "S3Client") -> None:
    """Refused documents, those that are left when there is no more time, and the batch itself when it is redriven."""
    step.index.refuse = {"e1", "e8"}
    step.clock.seconds = RESERVED_SECONDS - 1
    batch = step.put(documents_of(10), attempts=1)
    s3.put_object_tagging(
        Bucket=STAGING, Key=batch.key, Tagging={"TagSet": [{"Key": "expires", "Value": "soon"}]}
    )
    dead_letters = step.run(batch).dead_letters
    step.clock.seconds = 1000
    dead_letters += step.run(batch).dead_letters
    assert {letter.error.error for letter in dead_letters} == {"OutOfTime", "DocumentRefused"}
    kept = [batch.key, *(letter.batch.key for letter in dead_letters if letter.batch)]
    assert [tags_of(s3, key) for key in kept] == [[]] * (1 + len(dead_letters))


def test_a_throttled_batch_is_for_the_workflow_to_retry(step: Step) -> None:
    step.index.throttle_upload = 1
    with pytest.raises(SearchThrottled):
        step.run(step.put(documents_of(2)))
    assert len(step.index.uploads) == 1


def test_throttled_for_a_moment_in_the_middle_of_halving_it_waits_and_goes_on(step: Step) -> None:
    step.index.refuse = {"e3"}
    step.index.throttle_upload = 4
    indexed = step.run(step.put(documents_of(10)))
    assert indexed.documents == len(step.index.documents) == 9
    (dead_letter,) = indexed.dead_letters
    assert step.ids_behind(dead_letter) == ["e3"]
    assert len(step.clock.slept) == 1


@pytest.mark.parametrize("error", [SearchThrottled, SearchUnavailable])
def test_throttled_for_long_in_the_middle_of_halving_what_is_left_is_dead_lettered_in_smaller_batches(
    step: Step, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    step.index.refuse = {"e1", "e8"}
    throttle_from(5, step, error, monkeypatch)
    batch = step.put(documents_of(10), attempts=2, first_failed_at="2023-07-10T12:00:00.000Z")
    indexed = step.run(batch)
    # The fifth upload would have been the second half of the first half.
    assert [step.ids_behind(letter) for letter in indexed.dead_letters] == [
        ["e0", "e1", "e2", "e3", "e4"],
        ["e5", "e6", "e7", "e8", "e9"],
    ]
    assert indexed.documents == 0
    assert step.clock.seconds >= RESERVED_SECONDS
    for letter in indexed.dead_letters:
        assert (letter.kind, letter.error.error) == (Kind.DOCUMENTS, error.__name__)
        assert letter.error.cause == (
            "Not indexed yet: 5 document(s) of a batch that the search domain refuses (document e1 is bad)."
            " Finding out which are bad was stopped: HTTP 507: slow down. Redrive them: it goes on from here"
        )
        assert (letter.attempts, letter.first_failed_at) == (3, "2023-07-10T12:00:00.000Z")
        assert letter.batch
        assert letter.batch.bytes == len(step.stage.get_batch(letter.batch))


def throttle_from(upload: int, step: Step, error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the search domain take no more uploads from one on, which is counted from 1."""
    take = step.index.upload

    def throttling(batch: bytes) -> Sequence[Refused]:
        if len(step.index.uploads) + 1 >= upload:
            raise error("HTTP 507: slow down")
        return take(batch)

    monkeypatch.setattr(step.index, "upload", throttling)


def test_shortly_before_the_time_out_what_is_left_is_dead_lettered(step: Step) -> None:
    step.index.refuse = {"e1", "e8"}
    step.clock.seconds, step.clock.seconds_a_look = RESERVED_SECONDS + 5, 1
    indexed = step.run(step.put(documents_of(40)))
    assert {letter.error.error for letter in indexed.dead_letters} == {"OutOfTime"}
    assert "Lambda would have ended the function" in indexed.dead_letters[0].error.cause
    left = [id_ for letter in indexed.dead_letters for id_ in step.ids_behind(letter)]
    assert sorted([*left, *step.index.documents]) == sorted(f"e{n}" for n in range(40))
    assert {"e1", "e8"} <= set(left)
    assert indexed.documents == len(step.index.documents) > 0


def test_without_any_time_a_refused_batch_is_still_dead_lettered_in_two(step: Step) -> None:
    step.index.refuse = {"e1"}
    step.clock.seconds = 1
    indexed = step.run(step.put(documents_of(4)))
    assert [step.ids_behind(letter) for letter in indexed.dead_letters] == [["e0", "e1"], ["e2", "e3"]]


@pytest.mark.parametrize("uploads_an_attempt", [1, 2, 3, 7])
def test_redrives_that_are_stopped_early_come_to_an_end(
    step: Step, monkeypatch: pytest.MonkeyPatch, uploads_an_attempt: int
) -> None:
    """Under the documented rate of uploads an attempt has only a few; each has to get further than the one before."""
    step.index.refuse = {"e1", "e2", "e11"}
    take, allowed = step.index.upload, 0

    def throttling(batch: bytes) -> Sequence[Refused]:
        nonlocal allowed
        if not allowed:
            raise SearchThrottled("HTTP 507: slow down")
        allowed -= 1
        return take(batch)

    monkeypatch.setattr(step.index, "upload", throttling)
    pending = [step.put(documents_of(16))]
    refused: list[BatchRef] = []
    for _ in range(100):
        if not pending:
            break
        allowed, step.clock.seconds = uploads_an_attempt, 120
        for letter in step.run(pending.pop()).dead_letters:
            assert letter.batch
            (pending if letter.error.error == "SearchThrottled" else refused).append(letter.batch)
    assert not pending
    ids = [document.id for batch in refused for document in FORMAT.split(step.stage.get_batch(batch))]
    assert sorted(ids) == ["e1", "e11", "e2"]
    assert len(step.index.documents) == 13


def test_access_that_is_denied_in_the_middle_fails_the_step(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    step.index.refuse = {"e1"}
    throttle_from(2, step, SearchAccessDenied, monkeypatch)
    with pytest.raises(SearchAccessDenied):
        step.run(step.put(documents_of(4)))


def test_a_batch_that_has_expired_is_named(step: Step) -> None:
    with pytest.raises(BatchNotFound, match=f"s3://{STAGING}/batches/gone.json: NoSuchKey"):
        step.run(BatchRef(STAGING, "batches/gone.json", documents=1, bytes=9))


@pytest.mark.parametrize(("status", "error"), [(503, StorageUnavailable), (403, StorageAccessDenied)])
def test_storage_that_fails_fails_the_step(
    step: Step, s3: "S3Client", status: int, error: type[Exception]
) -> None:
    batch = step.put(documents_of(1))
    with s3_answers(s3, "GetObject", status, "Code"), pytest.raises(error, match=batch.key):
        step.run(batch)


def test_the_time_reserved_is_longer_than_an_upload_and_leaves_time_to_halve() -> None:
    config: Any = clients.cloudsearch_domain("doc.example.com").meta.config
    assert config.connect_timeout + config.read_timeout < RESERVED_SECONDS
    http: Any = clients.opensearch_domain("search.example.com")._http
    assert http._timeout.connect_timeout + http._timeout.read_timeout < RESERVED_SECONDS
    variables = (REPOSITORY / "terraform" / "variables.tf").read_text()
    time_out = re.search(
        r'"function_timeout_seconds" \{.*?default = \{.*?index_batch += (\d+)', variables, re.DOTALL
    )
    assert time_out
    assert int(time_out[1]) >= RESERVED_SECONDS + 30


# ── Halving ────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(min_value=1, max_value=300), st.data())
def test_all_good_documents_are_indexed_and_exactly_the_bad_ones_reported(count: int, data: Any) -> None:
    bad = data.draw(st.sets(st.integers(min_value=0, max_value=count - 1), min_size=1, max_size=8))
    bad_ids = {f"e{n}" for n in bad}
    index = FakeIndex(refuse=bad_ids)
    refusals, left, stop = upload_halves(TINY[:count], "refused", FORMAT, index.upload)
    assert (left, stop) == ([], None)
    assert [[d.id for d in refusal.documents] for refusal in refusals] == [[f"e{n}"] for n in sorted(bad)]
    assert set(index.documents) == {f"e{n}" for n in range(count)} - bad_ids
    if count > 1:
        assert all(refusal.reason == f"document {refusal.documents[0].id} is bad" for refusal in refusals)


@settings(max_examples=examples(30))
@given(st.sets(st.integers(min_value=0, max_value=4999), min_size=1, max_size=8))
@example({0, 700, 1400, 2100, 2800, 3500, 4200, 4900})
def test_eight_bad_documents_among_five_thousand_are_isolated(bad: set[int]) -> None:
    # Splitting alone is at stake here: a fake that looks at ids only, as 5,000 documents are slow to decode.
    batches = _Batches({f"e{n}" for n in bad})
    refusals, *_ = upload_halves(TINY, "refused", batches, batches.upload)
    assert [d.id for refusal in refusals for d in refusal.documents] == [f"e{n}" for n in sorted(bad)]
    assert len(batches.indexed) == 5000 - len(bad)


@settings(max_examples=examples(30))
@given(st.integers(min_value=1, max_value=5000), st.data())
@example(5000, None)
def test_of_a_batch_that_is_bad_throughout_every_good_document_is_indexed_after_the_redrives_that_are_promised(
    count: int, data: Any
) -> None:
    """MAX_REFUSALS uploads isolate half as many, and each redrive has batches of half the size."""
    good = data.draw(st.sets(st.integers(min_value=0, max_value=count - 1), max_size=5)) if data else {4999}
    bad = {f"e{n}" for n in range(count) if n not in good}
    batches = _Batches(bad)
    pending: list[Sequence[EncodedDocument]] = [TINY[:count]]
    alone: list[str] = []
    largest = [count]
    while pending:
        left: list[Sequence[EncodedDocument]] = []
        for batch in pending:
            batches.uploads_refused = 0
            halved = upload_halves(batch, "refused", batches, batches.upload)
            assert batches.uploads_refused <= MAX_REFUSALS
            assert all(len(refusal.documents) == 1 for refusal in halved.refusals)
            alone += [refusal.documents[0].id for refusal in halved.refusals]
            assert bool(halved.left) == isinstance(halved.stop, TooManyRefused)
            assert all(bad & {document.id for document in part} for part in halved.left)
            some = in_two(halved.left) if halved.left else []
            assert all(len(each) <= (len(batch) + 1) // 2 for each in some)
            left += some
        pending = left
        largest += [max(map(len, left))] if left else []
    assert len(largest) - 1 <= max(0, math.ceil(math.log2(count / (MAX_REFUSALS / 2))))
    assert sorted(alone) == sorted(bad) if bad or count > 1 else alone == ["e0"]
    assert sorted(batches.indexed) == sorted(f"e{n}" for n in good) if count > 1 else not batches.indexed


def test_what_is_left_of_a_batch_that_is_bad_throughout_is_dead_lettered_beside_what_is_refused(
    step: Step,
) -> None:
    step.index.refuse = {f"e{n}" for n in range(119)}
    indexed = step.run(step.put(documents_of(120)))
    refused, *left = indexed.dead_letters
    assert [letter.error.error for letter in indexed.dead_letters] == [
        "DocumentRefused",
        "TooManyRefused",
        "TooManyRefused",
    ]
    assert step.ids_behind(refused)[:3] == ["e0", "e1", "e2"]
    assert left[0].error.cause.endswith(
        "Finding out which are bad was stopped: it has refused 100 uploads. Redrive them: it goes on from here"
    )
    ids = [each for letter in indexed.dead_letters for each in step.ids_behind(letter)]
    assert ids == [f"e{n}" for n in range(120)]
    assert len(step.ids_behind(left[1])) <= 60


@given(st.integers(min_value=2, max_value=200), st.data())
def test_wherever_halving_is_stopped_every_document_is_indexed_refused_or_left(count: int, data: Any) -> None:
    numbers = st.integers(min_value=0, max_value=count - 1)
    bad = data.draw(st.sets(numbers, min_size=1))
    odd = data.draw(st.sets(numbers))
    uploads = data.draw(st.integers(min_value=0, max_value=40))
    error = data.draw(st.sampled_from([SearchThrottled, SearchUnavailable, OutOfTime]))
    batches = _Batches({f"e{n}" for n in bad}, {f"e{n}" for n in odd})
    refusals, left, stop = upload_halves(
        TINY[:count], "refused", batches, stopped(batches.upload, uploads, error)
    )
    refused = [document for refusal in refusals for document in refusal.documents]
    everything = [*(document.id for part in (refused, *left) for document in part), *batches.indexed]
    assert sorted(everything) == sorted(document.id for document in TINY[:count])
    assert not {document.id for part in left for document in part} & {document.id for document in refused}
    assert [TINY.index(document) for document in refused] == sorted(map(TINY.index, refused))
    assert [TINY.index(document) for part in left for document in part] == sorted(
        TINY.index(document) for part in left for document in part
    )
    assert bool(left) == isinstance(stop, error)
    if left:
        batches_left = in_two(left)
        assert [document for part in batches_left for document in part] == [d for part in left for d in part]
        assert len(batches_left) <= 2
        assert all(0 < len(batch) < count for batch in batches_left)


def stopped(upload: Upload, after: int, error: type[Exception]) -> Upload:
    """An upload that raises an error each time after having been called so often."""
    left = after

    def stopping(batch: bytes) -> Sequence[Refused]:
        nonlocal left
        if not left:
            raise error("enough")
        left -= 1
        return upload(batch)

    return stopping


class _Batches(CloudSearchFormat):
    """A format and an index in one, which hand over ids instead of JSON."""

    def __init__(self, refuse: set[str], refuse_alone: Collection[str] = ()) -> None:
        self.refuse = refuse
        self.refuse_alone = refuse_alone
        self.indexed: list[str] = []
        self.uploads_refused = 0

    def join(self, documents: Any) -> bytes:
        return " ".join(document.id for document in documents).encode()

    def upload(self, batch: bytes) -> Sequence[Refused]:
        ids = batch.decode().split()
        if not self.refuse.isdisjoint(ids):
            self.uploads_refused += 1
            raise BatchRefused("bad")
        self.indexed += [each for each in ids if each not in self.refuse_alone]
        return [Refused(at, each, "odd") for at, each in enumerate(ids) if each in self.refuse_alone]


# ── The handler ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_handler_answers_how_many(step: Step, context: LambdaContext) -> None:
    batch = msgspec.to_builtins(step.put(documents_of(3)))
    assert invoke(handler, {"batch": batch, "execution": ARN}, context)["documents"] == 3


def test_the_handler_fails_with_the_dead_letters_of_what_was_refused(
    step: Step, context: LambdaContext
) -> None:
    step.index.refuse = {"e1"}
    batch = msgspec.to_builtins(step.put(documents_of(3)))
    with pytest.raises(DocumentsNotIndexed) as raised:
        invoke(handler, {"batch": batch, "execution": ARN}, context)
    assert set(step.index.documents) == {"e0", "e2"}
    (dead_letter,) = json.loads(str(raised.value))
    assert "document e1 is bad" in dead_letter["error"]["Cause"]
    assert dead_letter["batch"]["key"].startswith("batches/run-1/refused-")


def test_the_handler_passes_on_that_the_domain_throttles(step: Step, context: LambdaContext) -> None:
    step.index.throttle_upload = 1
    batch = msgspec.to_builtins(step.put(documents_of(3)))
    with pytest.raises(SearchThrottled, match="HTTP 507"):
        invoke(handler, {"batch": batch, "execution": ARN}, context)


@pytest.mark.parametrize("endpoint", [None, ""])
def test_without_an_endpoint_the_setting_is_named(
    step: Step, context: LambdaContext, monkeypatch: pytest.MonkeyPatch, endpoint: str | None
) -> None:
    monkeypatch.delenv("SEARCH_ENDPOINT")
    if endpoint is not None:
        monkeypatch.setenv("SEARCH_ENDPOINT", endpoint)
    with pytest.raises(SettingMissing, match="SEARCH_ENDPOINT"):
        handler({"batch": msgspec.to_builtins(step.put(documents_of(1))), "execution": ARN}, context)


class OpenSearchClient:
    """The client of an OpenSearch domain with our template, that refuses the second of three documents."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send(self, method: str, path: str, *_: Any, **_options: Any) -> HttpAnswer:
        self.sent.append((method, path))
        if path.startswith("/_index_template"):
            settings = {"index": {"number_of_shards": "1", "number_of_replicas": "0"}}
            template = {"version": VERSION, "template": {"settings": settings}}
            return HttpAnswer(200, json.dumps({"index_templates": [{"index_template": template}]}).encode())
        if path.endswith("_mapping"):
            return HttpAnswer(200, b'{"i":{"mappings":{"_meta":{"trailsearch":%d}}}}' % VERSION)
        refused = b'{"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"odd"}}}'
        taken = b'{"index":{"status":201}}'
        return HttpAnswer(200, b'{"items":[%s,%s,%s]}' % (taken, refused, taken))


def test_the_handler_indexes_by_the_backend_of_its_environment_and_remembers_what_it_has_seen(
    step: Step, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = OpenSearchClient()
    monkeypatch.setattr(clients, "opensearch_domain", lambda _endpoint: client)
    monkeypatch.setenv("SEARCH_BACKEND", "opensearch")
    monkeypatch.setenv("SEARCH_ENDPOINT", "search-of-this-test.example.com")
    body = bytearray()
    documents = [build_document(encode(event(f"e{n}")), "s3://logs/a") for n in range(3)]
    OpenSearchFormat("trailsearch-test", 5_000_000).append(documents, body)
    pointer = step.stage.put_batch("run-0", "00001", body, FORMAT.content_type)
    batch = BatchRef(pointer.bucket, pointer.key, documents=3, bytes=len(body))
    for _ in range(2):
        with pytest.raises(DocumentsNotIndexed) as raised:
            invoke(handler, {"batch": msgspec.to_builtins(batch), "execution": ARN}, context)
        (dead_letter,) = json.loads(str(raised.value))
        assert dead_letter["error"]["Cause"] == (
            "The search domain refuses 1 document(s). e1: HTTP 400 mapper_parsing_exception: odd"
        )
        parked = step.stage.get_batch(msgspec.convert(dead_letter["batch"], BatchRef))
        assert targets_in(parked) == [Target("trailsearch-test-events-2023.07", "e1")]
    assert client.sent == [
        ("GET", "/_index_template/trailsearch-test-events"),
        ("GET", "/trailsearch-test-events-2023.07/_mapping"),
        ("POST", "/_bulk"),
        ("POST", "/_bulk"),
    ]
