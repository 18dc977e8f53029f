r"""Whatever way JSON writes a string, its words are found: ``\ncurl``, ``\u003dgwendolyn``, ``jos\u00e9``."""

import json
import re
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.local_cloud.services.cloudsearch.analysis import ANALYZERS
from tests.unit.search.test_opensearch_template import words_of
from tests.unit.upload_rules import assert_obeys
from trailsearch.events.documents import Document
from trailsearch.events.fields import Fields
from trailsearch.search.batching import pack
from trailsearch.search.cloudsearch.batches import CloudSearchFormat, record_of
from trailsearch.search.opensearch.batches import OpenSearchFormat

CLOUDSEARCH = CloudSearchFormat()
OPENSEARCH = OpenSearchFormat("trailsearch-test", 3_000_000)
SHORT = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "/": "/", '"': '"', "\\": "\\"}


def document(raw: str, **fields: Any) -> Document:
    return Document("an-id", Fields(event_time="2026-11-01T00:00:00Z", raw=raw, **fields))


def in_cloudsearch(raw: str, **fields: Any) -> dict[str, Any]:
    batch = bytearray()
    CLOUDSEARCH.append([document(raw, **fields)], batch)
    (only,) = CLOUDSEARCH.split(bytes(batch))
    written: dict[str, Any] = assert_obeys(only.body)["fields"]
    return written


def in_opensearch(raw: str, **fields: Any) -> dict[str, Any]:
    batch = bytearray()
    OPENSEARCH.append([document(raw, **fields)], batch)
    written: dict[str, Any] = json.loads(batch.splitlines()[1])
    return written


def escaped(text: str, seed: int) -> str:
    """Write a string as JSON could: each character as it is, by its short escape, or by its code, in either case."""
    random = Random(seed)
    written = []
    for character in text:
        units = character.encode("utf-16-be", "surrogatepass").hex()
        code = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
        code = code if random.random() < 0.5 else re.sub("[a-f]", lambda match: match[0].upper(), code)
        choices = [code]
        if character in SHORT:
            choices.append(f"\\{SHORT[character]}")
        if character >= " " and character not in '"\\' and not "\ud800" <= character <= "\udfff":
            choices.append(character)
        written.append(random.choice(choices))
    return f'"{"".join(written)}"'


_texts = st.text(
    st.sampled_from("abné日\u0301\x00\n\t\\\"'.:;,_-=<>&/ 059u😀\U0001d4b3\ud800\ufffe\u2028")
    | st.characters(),
    max_size=30,
)


@given(_texts, st.integers(), _texts)
def test_the_words_of_any_string_are_found_on_cloudsearch(text: str, seed: int, key: str) -> None:
    raw = f'{{{escaped(key, seed)}:["x",{escaped(text, seed)}]}}'
    terms = ANALYZERS["_mul_default_"].terms
    written = in_cloudsearch(raw)["raw"]
    assert json.loads(record_of(written)) == json.loads(raw)
    for value in (key, text):
        storable = re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]", " ", json.loads(escaped(value, seed)))
        assert set(terms(storable)) <= set(terms(written))


@given(_texts, st.integers(), _texts)
def test_the_words_of_any_string_are_found_on_opensearch(text: str, seed: int, key: str) -> None:
    raw = f'{{{escaped(key, seed)}:["x",{escaped(text, seed)}]}}'
    written = in_opensearch(raw)["raw"]
    texts = [written] if isinstance(written, str) else written
    assert texts[0] == raw
    found = {word for each in texts for word in words_of(each)}
    for value in (key, text):
        # In a query, a backslash and a half of a character are white space.
        words = words_of(re.sub("[\\\\\ud800-\udfff]", " ", json.loads(escaped(value, seed))))
        assert set(words) <= found


@pytest.mark.parametrize(
    ("raw", "strings"),
    [
        (r'{"a":"#!/bin/bash\ncurl x","b":"c"}', "#!/bin/bash\ncurl x"),
        (r'{"a":"owner\u003dgwendolyn","b":"\u003cx\u003e"}', "owner=gwendolyn\n<x>"),
        (r'{"a":"jos\u00e9"}', "josé"),
        (r'{"k\u0065y":"x"}', "key"),
        (r'{"a":"it\u0027s"}', "it's"),
        (r'{"a":"x\ud83d\ude00y"}', "x y"),
        # Nothing is hidden here: what is before an escape, and between it and a space, a quote or another.
        (r'{"a":"token\u003d\u003d","b":"say \"hi\" \/etc","c":"C:\\new\\u003dx","d":"{\n  \t\"x\"}"}', None),
        ('{"a":"josé"}', None),
        ("{}", None),
    ],
)
def test_cloudsearch_gets_only_the_strings_of_which_words_are_hidden(raw: str, strings: str | None) -> None:
    assert in_cloudsearch(raw)["raw"] == (f"{raw}\n//\n{strings}" if strings else raw)


@pytest.mark.parametrize(
    ("raw", "strings"),
    [
        (r'{"a":"jos\u00e9 \\new"}', "josé  new"),
        (r'{"a":"\u0061lice","b":"\ud835\udcb3 \ud800"}', "alice\n\U0001d4b3  "),
        (r'{"a":"x\ncurl","b":"owner\u003dgwendolyn\u0020x","c":"\\u0061"}', None),
        ('{"a":"josé"}', None),
    ],
)
def test_opensearch_gets_only_the_strings_of_which_words_are_hidden(raw: str, strings: str | None) -> None:
    assert in_opensearch(raw)["raw"] == ([raw, strings] if strings else raw)


def test_a_record_of_several_lines_is_given_as_it_was() -> None:
    raw = '{\n\n"a":\r\n"/\\n//\\nx"\n}'
    written = in_cloudsearch(raw)["raw"]
    assert written != raw == record_of(written)
    assert record_of(raw) == raw


@pytest.mark.parametrize("batch_format", [CLOUDSEARCH, OPENSEARCH], ids=["cloudsearch", "opensearch"])
@pytest.mark.parametrize("room", [300, 10_000])
def test_a_record_near_the_limit_is_delivered_without_what_only_helps_to_find_it(
    batch_format: Any, room: int
) -> None:
    limit = batch_format.max_document_bytes
    names = tuple(f"name-{number:0250}" for number in range(50))
    raw = json.dumps({"a": "é", "x": "y" * (limit - room - 300)})
    (batch,) = pack([[document(raw, resource_names=names)]], batch_format, lambda each: pytest.fail(each.id))
    assert limit - room - 300 < len(batch.body) <= limit
    assert b"name-" not in batch.body
    assert raw.encode().replace(b'"', b'\\"').replace(b"\\u", b"\\\\u") in batch.body


@pytest.mark.parametrize("batch_format", [CLOUDSEARCH, OPENSEARCH], ids=["cloudsearch", "opensearch"])
def test_many_quotes_and_backslashes_take_no_more_time_than_their_number(batch_format: Any) -> None:
    raw = '{"a":"' + '\\"' * 50_000 + "\\\\n" * 50_000 + '","b":"' + "\\u0061" * 20_000 + '"}'
    (batch,) = pack([[document(raw)]], batch_format, lambda each: pytest.fail(each.id))
    assert b"a" * 20_000 in batch.body
