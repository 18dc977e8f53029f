"""What the edge changes on the way to and from `osmem-server`, so that it does as a real node does.

- Its tokenizers that split at characters or at a pattern index what is between the words, not the words (0.1.6);
  `_analyze` shows the words. A `pattern` tokenizer whose matches are the words indexes those: a `char_group`
  tokenizer is rewritten to one, and back in answers.
- Its highlighter marks what stands beside a word, after a character filter has made a text shorter (`embedded_highlights`).
- It takes bodies of any size, and answers a damaged gzip body in its own way. It is sent unpacked bodies, of the
  length that a node would take; of a truncated one, what there is.
"""

import json
import re
import zlib
from typing import Any

import msgspec

from . import embedded_highlights

_GZIP = zlib.MAX_WBITS | 16

# The classes of the tokenizer, https://docs.opensearch.org/latest/analyzers/tokenizers/character-group/, as Lucene
# and Java's Character define them; \s of Go, in which osmem-server is written, is ASCII only.
_CLASSES = {
    "whitespace": r"\t-\r\x1c-\x20\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}",
    "punctuation": r"\p{P}",
    "symbol": r"\p{S}",
    "letter": r"\p{L}",
    "digit": r"\p{Nd}",
}
_MAX_TOKEN_LENGTH = 255
_WITH_ANALYSIS = re.compile(r"/_index_template/[^/]+|/[^/_][^/]*(/_settings)?|/_template/[^/]+")


class DamagedBodyError(Exception):
    """The body is not what its Content-Encoding says."""


class BodyTooLargeError(Exception):
    """The unpacked body is over the limit."""


def unpacked(body: bytes, max_bytes: int) -> bytes:
    """Unpack a gzip body as Netty does: of a truncated one, give what there is.

    Raises:
        DamagedBodyError: It is not gzip, or its checksum is wrong.
        BodyTooLargeError: It has more bytes than a node takes.
    """
    stream = zlib.decompressobj(_GZIP)
    try:
        content = stream.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise DamagedBodyError(str(error)) from None
    if len(content) > max_bytes:
        raise BodyTooLargeError
    return content


class Analysis:
    """Rewrites the analysis of templates and indices for the engine, and remembers what it was."""

    def __init__(self) -> None:
        self._originals: dict[str, dict[str, Any]] = {}
        self._filters: dict[str, str] = {}

    def to_engine(self, path: str, body: bytes) -> bytes:
        """Rewrite the body of a request that puts a template or makes an index."""
        if b"char_group" not in body or not _WITH_ANALYSIS.fullmatch(path):
            return body
        try:
            return json.dumps(self._rewritten(json.loads(body))).encode()
        except ValueError:  # The engine says what is wrong with it.
            return body

    def from_engine(self, path: str, body: bytes) -> bytes:
        """Put into an answer, where it shows settings, what was rewritten."""
        if not self._originals or not _WITH_ANALYSIS.fullmatch(path):
            return body
        try:
            return msgspec.json.encode(self._restored(msgspec.json.decode(body)))
        except msgspec.DecodeError:
            return body

    def mend_highlights(self, request: bytes, answer: bytes) -> bytes:
        """Move the matches in the answer to a search to where they are."""
        return embedded_highlights.mended(self._filters, request, answer)

    def _rewritten(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._rewritten(each) for each in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") == "pattern_replace":
            self._filters[value["pattern"]] = value.get("replacement", "")
        if value.get("type") == "char_group" and isinstance(value.get("tokenize_on_chars"), list):
            pattern = _words_between(
                value["tokenize_on_chars"], int(value.get("max_token_length", _MAX_TOKEN_LENGTH))
            )
            self._originals[pattern] = value
            return {"type": "pattern", "pattern": pattern, "group": 0}
        return {name: self._rewritten(each) for name, each in value.items()}

    def _restored(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._restored(each) for each in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") == "pattern" and value.get("pattern") in self._originals:
            return self._originals[value["pattern"]]
        return {name: self._restored(each) for name, each in value.items()}


def _words_between(characters: list[str], max_length: int) -> str:
    """Give the pattern of the words that a `char_group` tokenizer finds."""
    separators = "".join(_CLASSES.get(each) or _character(each) for each in characters)
    return f"[^{separators}]{{1,{max_length}}}"


def _character(text: str) -> str:
    """A single character, as itself or as an escape, for a class of a pattern."""
    return text if text.startswith("\\") else re.escape(text)
