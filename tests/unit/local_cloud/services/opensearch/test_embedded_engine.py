"""What is changed on the way to the embedded engine, and back."""

import gzip
import json
from typing import Any

import pytest

from tests.local_cloud.services.opensearch.embedded_engine import (
    Analysis,
    BodyTooLargeError,
    DamagedBodyError,
    unpacked,
)

TOKENIZER: dict[str, Any] = {
    "type": "char_group",
    "tokenize_on_chars": ["whitespace", "punctuation", "-", "\\n"],
}


def template(tokenizer: dict[str, Any]) -> bytes:
    return json.dumps(
        {"template": {"settings": {"analysis": {"tokenizer": {"record": tokenizer}}}}, "order": [1, None]}
    ).encode()


def test_a_tokenizer_is_rewritten_to_the_words_that_it_finds_and_back() -> None:
    analysis = Analysis()
    sent = json.loads(analysis.to_engine("/_index_template/events", template(TOKENIZER)))
    rewritten = sent["template"]["settings"]["analysis"]["tokenizer"]["record"]
    assert (rewritten["type"], rewritten["group"]) == ("pattern", 0)
    assert rewritten["pattern"].endswith(r"\p{P}\-\n]{1,255}")
    answer = analysis.from_engine("/_index_template/events", json.dumps(sent).encode())
    assert json.loads(answer) == json.loads(template(TOKENIZER))


def test_what_has_no_such_tokenizer_is_passed_as_it_is() -> None:
    analysis = Analysis()
    other = template({"type": "standard"})
    assert analysis.to_engine("/_index_template/events", other) is other
    bulk = b'{"index":{}}\n{"raw":"char_group"}\n'
    assert analysis.to_engine("/_bulk", bulk) is bulk
    broken = b'{"char_group":'
    assert analysis.to_engine("/events", broken) is broken
    assert analysis.from_engine("/events", broken) is broken


def test_a_gzip_body_is_unpacked_as_far_as_it_goes() -> None:
    packed = gzip.compress(b"line\n" * 1000)
    assert unpacked(packed, 5000) == b"line\n" * 1000
    assert unpacked(packed[:-8], 5000) == b"line\n" * 1000
    assert unpacked(packed[:20], 5000) != b"line\n" * 1000


def test_a_body_is_measured_unpacked() -> None:
    with pytest.raises(BodyTooLargeError):
        unpacked(gzip.compress(b"x" * 5001), 5000)


@pytest.mark.parametrize(
    "body", [b"no gzip", gzip.compress(b"x" * 100)[:-8] + bytes(8)], ids=["no gzip", "a wrong checksum"]
)
def test_a_damaged_body_is_known(body: bytes) -> None:
    with pytest.raises(DamagedBodyError):
        unpacked(body, 5000)
