import itertools
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from tests.unit.upload_rules import MAX_BATCH_BYTES, MAX_DOCUMENT_BYTES, assert_obeys
from trailsearch.events.documents import Document
from trailsearch.events.fields import Fields
from trailsearch.search.batching import Batch, pack
from trailsearch.search.cloudsearch.batches import CloudSearchFormat


class SmallFormat(CloudSearchFormat):
    """CloudSearch with limits that small examples reach."""

    max_document_bytes = 100  # type: ignore[misc]
    max_batch_bytes = 300  # type: ignore[misc]


SMALL = SmallFormat()
LEAST = SMALL.append([Document("00000", Fields(raw="x"))], bytearray())


def refuse(document: Document) -> None:
    raise AssertionError(f"{document} is not too large")


def document(number: int, size: int, event_time: str | None = None) -> Document:
    """A document whose body has that many bytes, and those of the time if it has one."""
    return Document(f"{number:05}", Fields(event_time, raw="x" * (size - LEAST + 1)))


def documents_of(runs: list[list[int]]) -> list[list[Document]]:
    numbers = itertools.count()
    return [[document(next(numbers), size) for size in run] for run in runs]


def ids_in(batch: Batch) -> list[str]:
    return [add["id"] for add in json.loads(batch.body)]


def batches_of(runs: list[list[Document]]) -> list[Batch]:
    return list(pack(runs, SMALL, refuse))


fitting = st.lists(st.lists(st.integers(min_value=LEAST, max_value=100), max_size=8), max_size=12)
any_size = st.lists(st.lists(st.integers(min_value=LEAST, max_value=120), max_size=8), max_size=12)


@given(any_size)
def test_batches_keep_to_the_limit_and_lose_no_document(sizes: list[list[int]]) -> None:
    runs = documents_of(sizes)
    too_large: list[Document] = []
    batches = list(pack(runs, SMALL, too_large.append))
    all_of = list(zip(itertools.chain(*runs), itertools.chain(*sizes), strict=True))
    assert too_large == [document for document, size in all_of if size > SMALL.max_document_bytes]
    assert [found for batch in batches for found in ids_in(batch)] == [
        document.id for document, size in all_of if size <= SMALL.max_document_bytes
    ]
    assert all(len(batch.body) <= SMALL.max_batch_bytes for batch in batches)
    assert all(batch.documents == len(ids_in(batch)) > 0 for batch in batches)


@given(fitting)
def test_batches_are_as_full_as_the_order_allows(sizes: list[list[int]]) -> None:
    batches = batches_of(documents_of(sizes))
    for batch, following in itertools.pairwise(batches):
        (first, *_) = SMALL.split(bytes(following.body))
        assert len(batch.body) + len(",") + len(first.body) > SMALL.max_batch_bytes


@given(fitting)
def test_how_documents_come_together_makes_no_difference(sizes: list[list[int]]) -> None:
    runs = documents_of(sizes)
    one_by_one = batches_of([[document] for document in itertools.chain(*runs)])
    assert [batch.body for batch in batches_of(runs)] == [batch.body for batch in one_by_one]


def test_a_batch_knows_its_oldest_event() -> None:
    times = ["2026-01-02T00:00:00Z", None, "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", None]
    documents = [document(number, LEAST, time) for number, time in enumerate(times)]
    assert [batch.oldest_event_time for batch in batches_of([documents[:3]])] == ["2026-01-01T00:00:00Z"]
    (batch,) = batches_of([documents[:1], documents[2:3], documents[4:]])
    assert batch.oldest_event_time == "2026-01-01T00:00:00Z"
    (batch,) = batches_of([documents[1:2]])
    assert batch.oldest_event_time is None


# Around the limits, and what fills a batch up to its last bytes.
large = st.one_of(
    st.integers(min_value=MAX_DOCUMENT_BYTES - 2, max_value=MAX_DOCUMENT_BYTES + 2),
    st.sampled_from([LEAST, 400_000, 800_000, 1_000_000]).flatmap(lambda size: st.integers(size, size + 20)),
)


@settings(max_examples=examples(30))
@given(st.lists(st.lists(large, max_size=4), max_size=5))
def test_the_real_limits_are_kept_and_no_document_is_lost(sizes: list[list[int]]) -> None:
    real = CloudSearchFormat()
    runs = documents_of(sizes)
    too_large: list[Document] = []
    batches = list(pack(runs, real, too_large.append))
    all_of = list(zip(itertools.chain(*runs), itertools.chain(*sizes), strict=True))
    assert too_large == [document for document, size in all_of if size > MAX_DOCUMENT_BYTES]
    packed = [operation for batch in batches for operation in real.split(bytes(batch.body))]
    assert [operation.id for operation in packed] == [
        document.id for document, size in all_of if size <= MAX_DOCUMENT_BYTES
    ]
    assert [assert_obeys(operation.body)["id"] for operation in packed] == [each.id for each in packed]
    assert all(len(batch.body) <= MAX_BATCH_BYTES for batch in batches)


def test_real_batches_are_full() -> None:
    runs = [[Document(f"d{number}", Fields(raw="x" * 1_000_000))] for number in range(11)]
    batches = list(pack(runs, CloudSearchFormat(), refuse))
    assert [batch.documents for batch in batches] == [4, 4, 3]


def test_a_document_at_the_limit_passes_and_one_above_is_handed_over() -> None:
    too_large: list[Document] = []
    at_limit, above = document(1, 100), document(2, 101)
    (batch,) = pack([[at_limit, above]], SMALL, too_large.append)
    assert ids_in(batch) == [at_limit.id]
    assert too_large == [above]
