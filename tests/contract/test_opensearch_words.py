"""OpenSearch: the words of real records, found by the engines as they are reckoned here."""

import gzip
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from tests.contract.conftest import MakeDomain, put_template
from tests.contract.domain import Domain

WORDS = 150
LONGEST = 255
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')


def words(raw: str) -> list[str]:
    """The words of a record: what stands between whitespace, punctuation and symbols, in lower case, in parts of 255."""
    text = _ESCAPE.sub(" ", raw)
    separated = "".join(" " if unicodedata.category(each)[0] in "ZPS" else each for each in text)
    return [
        word[start : start + LONGEST].lower()
        for word in separated.split()
        for start in range(0, len(word), LONGEST)
    ]


@pytest.fixture(scope="module")
def records(cloudtrail_data: Path) -> list[str]:
    found = [
        json.dumps(record, ensure_ascii=False)
        for path in sorted((cloudtrail_data / "logs").rglob("*.json.gz"))
        for record in json.loads(gzip.decompress(path.read_bytes())).get("Records", [])
    ]
    assert len(found) > 1000
    return found


@pytest.fixture(scope="module")
def recorded(make_domain: MakeDomain, records: list[str]) -> Domain:
    domain = make_domain("trailsearch-recorded")
    put_template(domain)
    for start in range(0, len(records), 500):
        chunk = enumerate(records[start : start + 500], start)
        items = domain.store(
            (f"{number:05}", {"event_id": f"{number:05}", "raw": raw}) for number, raw in chunk
        )
        assert {item["status"] for item in items} == {201}
    return domain


def count(domain: Domain, queries: dict[str, str]) -> dict[str, int]:
    filters = {
        name: {"query_string": {"query": query, "default_operator": "AND", "type": "phrase"}}
        for name, query in queries.items()
    }
    answer = domain.search({"size": 0, "aggs": {"found": {"filters": {"filters": filters}}}})
    assert answer.status == 200, answer
    buckets = answer.content["aggregations"]["found"]["buckets"]
    return {name: bucket["doc_count"] for name, bucket in buckets.items()}


def test_every_word_is_found_in_as_many_records_as_have_it(recorded: Domain, records: list[str]) -> None:
    counts = Counter(word for raw in records for word in set(words(raw)))
    by_frequency = sorted(counts, key=lambda word: (-counts[word], word))
    chosen = by_frequency[:: len(by_frequency) // WORDS]
    assert count(recorded, {word: f'"{word}"' for word in chosen}) == {word: counts[word] for word in chosen}


def test_every_name_is_found_as_a_phrase_of_its_words(recorded: Domain, records: list[str]) -> None:
    sources = sorted({json.loads(raw)["eventSource"] for raw in records})
    spaced = [f" {' '.join(words(raw))} " for raw in records]
    expected = {
        source: sum(f" {' '.join(words(source))} " in record for record in spaced) for source in sources
    }
    assert count(recorded, {source: f"raw:{source}" for source in sources}) == expected


def test_every_beginning_is_found(recorded: Domain, records: list[str]) -> None:
    sets = [set(words(raw)) for raw in records]
    for prefix in ("amaz", "describe", "10", "arn", "ak"):
        expected = sum(any(word.startswith(prefix) for word in found) for found in sets)
        assert count(recorded, {"found": f"raw:{prefix}*"}) == {"found": expected}
        inside = sum(any(prefix in word for word in found) for found in sets)
        assert count(recorded, {"found": f"raw:*{prefix}*"}) == {"found": inside}
