"""The plain versions and Trailsearch make the same documents: else it would mean nothing to compare their speeds."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.benchmarks import data_path, plain
from tests.benchmarks.memory import PLAIN
from tests.log_generator import generate_logs
from tests.records import RECORD
from tests.steps import event, log_of

ODD_CHARACTERS = event(
    "odd-characters",
    userAgent="\x00 bell \x07",
    errorMessage="😀 ﾀ \ufffe",
    requestParameters={"key": "\x1b[0m", "script": "#!/bin/sh\ncurl \x07x"},
)
LONG_VALUES = event(
    "long-values",
    userAgent="x" * 5000,
    resources=[{"ARN": f"arn:aws:s3:::{number:04}", "accountId": f"{number:012}"} for number in range(1200)],
)


@pytest.fixture(scope="module")
def logs() -> list[tuple[str, bytes]]:
    generated = generate_logs(seed=3, logs=60, start=datetime(2026, 9, 1, tzinfo=UTC), duplicates=0.1)
    return [
        *((f"s3://logs/{log.key}", log.body) for log in generated),
        ("s3://logs/odd", log_of(RECORD, ODD_CHARACTERS, LONG_VALUES)),
    ]


def documents_in(batches: Iterable[bytes | bytearray]) -> list[dict[str, Any]]:
    """All documents, with the record in ``raw`` read: what matters are its values. Its decoded strings are apart."""
    documents = [document for batch in batches for document in json.loads(batch)]
    for document in documents:
        record, _, strings = document["fields"]["raw"].partition("\n//\n")
        document["fields"]["raw"] = json.loads(record)
        document["strings"] = strings
    return documents


@pytest.mark.parametrize("library", PLAIN)
def test_documents_are_the_same(logs: list[tuple[str, bytes]], library: str) -> None:
    expected = documents_in(data_path.batches_of(logs))
    assert len(expected) > 1000
    documents = documents_in(plain.batches_of(logs, PLAIN[library]))
    # JSON that is written anew has no escapes of = & < > and ', which CloudTrail writes: fewer strings are to be decoded.
    strings = [
        (each.pop("strings"), other.pop("strings")) for each, other in zip(documents, expected, strict=True)
    ]
    assert documents == expected
    assert "#!/bin/sh\ncurl  x" in strings[-2][0]
    assert all(set(some.splitlines()) <= set(ours.splitlines()) for some, ours in strings)


def actions_and_documents_in(bodies: Iterable[bytes | bytearray]) -> list[tuple[Any, Any]]:
    """All actions with their documents, with the record in ``raw`` read."""
    lines = [json.loads(line) for body in bodies for line in body.splitlines()]
    pairs = list(zip(lines[::2], lines[1::2], strict=True))
    for _, document in pairs:
        document["raw"] = json.loads(document["raw"])
    return pairs


@pytest.mark.parametrize("library", PLAIN)
def test_bulk_bodies_are_the_same(logs: list[tuple[str, bytes]], library: str) -> None:
    expected = actions_and_documents_in(data_path.batches_of(logs, data_path.OPENSEARCH))
    assert len(expected) > 1000
    assert actions_and_documents_in(plain.bulk_bodies_of(logs, PLAIN[library])) == expected


@pytest.mark.parametrize("batches_of", [plain.batches_of, plain.bulk_bodies_of])
@pytest.mark.parametrize("library", PLAIN)
def test_batches_keep_to_the_limit(library: str, batches_of: Any) -> None:
    log = log_of(*(event(f"e{number}", errorMessage="x" * 900_000) for number in range(12)))
    batches = list(batches_of([("s3://logs/large", log)], PLAIN[library]))
    assert len(batches) > 1
    assert all(len(batch) <= plain.MAX_BATCH_BYTES for batch in batches)
