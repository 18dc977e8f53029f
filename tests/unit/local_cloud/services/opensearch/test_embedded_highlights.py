"""Highlights of the embedded engine, as the edge puts them right. Its answers here are of osmem-server 0.1.6."""

import json
from typing import Any

import pytest

from tests.local_cloud.services.opensearch.embedded_highlights import mended

FILTERS = {r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})': " "}
WHOLE = {"number_of_fragments": 0, "pre_tags": ["<"], "post_tags": [">"]}


def mend(marked: str, **asked: Any) -> str:
    request = {"query": {"match_all": {}}, "highlight": {**WHOLE, **asked}}
    answer = {"hits": {"hits": [{"_id": "a", "highlight": {"raw": [marked]}}]}}
    result = mended(FILTERS, json.dumps(request).encode(), json.dumps(answer).encode())
    text: str = json.loads(result)["hits"]["hits"][0]["highlight"]["raw"][0]
    return text


@pytest.mark.parametrize(
    ("marked", "right"),
    [
        (r"ls\<ncur>l x", r"ls\n<curl> x"),
        ("é\\<n日>本 curl", "é\\n<日本> curl"),
        ("é\\n日本 curl 😀<\\tb>ob", "é\\n日本 curl 😀\\t<bob>"),
        (r"a\u003d<b>", r"a\u003d<b>"),
        ("<no> escape <here>", "<no> escape <here>"),
    ],
)
def test_a_match_is_moved_to_its_word(marked: str, right: str) -> None:
    assert mend(marked) == right


def test_a_part_of_a_field_is_left_as_it_is_because_nobody_knows_what_stood_before_it() -> None:
    assert mend(r"ls\<ncur>l x", number_of_fragments=1) == r"ls\<ncur>l x"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b'{"query":{}}', b'{"hits":{"hits":[]}}'),
        (b'{"highlight":', b'{"error":"no JSON"}'),
        (b'["highlight"]', b"{}"),
        (b'{"highlight":{"number_of_fragments":0}}', b"no JSON"),
        (b'{"highlight":{"number_of_fragments":0}}', b'{"error":{"type":"x"},"status":400}'),
    ],
)
def test_whatever_else_is_answered_stays(request_: bytes, answer: bytes) -> None:
    assert mended(FILTERS, request_, answer) == answer
