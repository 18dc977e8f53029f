"""What holds of the batches of every search backend."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.records import RECORD, encode, records
from trailsearch.events.documents import Document, build_document
from trailsearch.search.backend import BatchFormat
from trailsearch.search.cloudsearch.batches import CloudSearchFormat
from trailsearch.search.opensearch.batches import OpenSearchFormat

LOG = "s3://logs/AWSLogs/111122223333/CloudTrail/eu-central-1/x.json.gz"
CLOUDSEARCH = CloudSearchFormat()
OPENSEARCH = OpenSearchFormat("trailsearch-test", 3_000_000)

of_each_backend = pytest.mark.parametrize(
    "batch_format",
    [pytest.param(CLOUDSEARCH, id="cloudsearch"), pytest.param(OPENSEARCH, id="opensearch")],
)
some = st.lists(records.map(lambda record: build_document(encode(record), LOG)), min_size=1, max_size=5)


def batch_of(batch_format: BatchFormat, *runs: list[Document]) -> bytes:
    """Append documents, run by run."""
    batch = bytearray()
    for run in runs:
        batch_format.append(run, batch)
    return bytes(batch)


def one_by_one(batch_format: BatchFormat, documents: list[Document]) -> bytes:
    return batch_of(batch_format, *([document] for document in documents))


@of_each_backend
@given(documents=some, data=st.data())
def test_a_batch_is_the_same_whether_documents_come_at_once_or_one_after_the_other(
    batch_format: BatchFormat, documents: list[Document], data: Any
) -> None:
    cut = data.draw(st.integers(min_value=0, max_value=len(documents)))
    batch = batch_of(batch_format, documents[:cut], documents[cut:])
    assert batch == one_by_one(batch_format, documents)
    assert [each.id for each in batch_format.split(batch)] == [document.id for document in documents]


@of_each_backend
@given(documents=some, more=some)
def test_what_is_appended_has_the_size_of_its_documents_and_what_is_between_them(
    batch_format: BatchFormat, documents: list[Document], more: list[Document]
) -> None:
    batch = bytearray()
    sizes = [batch_format.append(run, batch) for run in (documents, more)]
    encoded = batch_format.split(bytes(batch))
    first = encoded[0]
    between = len(batch_format.join([first, first])) - len(batch_format.join([first])) - len(first.body)
    runs = encoded[: len(documents)], encoded[len(documents) :]
    assert sizes == [sum(len(each.body) for each in run) + between * (len(run) - 1) for run in runs]


@of_each_backend
@given(documents=some)
def test_split_gives_what_join_was_given(batch_format: BatchFormat, documents: list[Document]) -> None:
    encoded = [batch_format.split(batch_of(batch_format, [document]))[0] for document in documents]
    batch = batch_format.join(encoded)
    assert batch == one_by_one(batch_format, documents)
    assert batch_format.split(batch) == encoded


@of_each_backend
def test_what_was_appended_last_can_be_taken_away_again(batch_format: BatchFormat) -> None:
    document = build_document(encode(RECORD), LOG)
    batch = bytearray()
    batch_format.append([document], batch)
    before = bytes(batch)
    batch_format.append([document, document], batch)
    batch_format.truncate(batch, len(before))
    assert batch == before
    batch_format.truncate(batch, 0)
    assert batch == b""


@of_each_backend
def test_nothing_appended_is_nothing(batch_format: BatchFormat) -> None:
    batch = bytearray()
    assert batch_format.append([], batch) == 0
    assert batch == b""
    assert not batch_format.split(batch_format.join([]))


@pytest.mark.parametrize(
    ("batch_format", "text", "times_as_long"),
    [
        (CLOUDSEARCH, "😀" * 50_000, 40),
        (CLOUDSEARCH, "😀a" * 40_000, 40),
        (CLOUDSEARCH, "\x01\x02" * 40_000, 40),
        (OPENSEARCH, "\ud800" * 50_000, 140),
        (OPENSEARCH, "\udfffa" * 40_000, 140),
    ],
)
def test_text_that_is_dense_with_what_is_escaped_takes_little_more_time(
    batch_format: BatchFormat, text: str, times_as_long: int
) -> None:
    """Some ten times as much as any other text; with a call of Python for each character it is some hundred times.

    On OpenSearch it is some seventy times: each escape is looked at twice, for words behind it.
    """

    def seconds(agent: str) -> float:
        documents = [build_document(encode(RECORD | {"userAgent": agent}), LOG)]
        times = []
        for _ in range(5):
            begin = time.process_time()
            batch_format.append(documents, bytearray())
            times.append(time.process_time() - begin)
        return min(times)

    # As long in the batch, where each has its escape.
    assert seconds(text) < times_as_long * seconds("é" * len(text) * 3)
