"""How CloudSearch wants documents: a batch of them, and what may be in it.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/preparing-data.html,
https://docs.aws.amazon.com/cloudsearch/latest/developerguide/limits.html.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from trailsearch.events.fields import SCHEMA, FieldKind, Fields, change_values
from trailsearch.search.backend import EncodedDocument
from trailsearch.search.decoded_strings import Escapes
from trailsearch.search.json_escapes import escape_stretch, stretches_of

if TYPE_CHECKING:
    from trailsearch.events.documents import Document

MAX_LITERAL_CHARACTERS = 4_096
MAX_VALUES = 1_000

# Not a character of XML 1.0 (https://www.w3.org/TR/xml/#charsets), or beyond the Basic Multilingual Plane:
# the pattern that the developer guide gives for characters that make a batch fail.
_FORBIDDEN = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd]"
# How JSON writes them, control characters always and the others perhaps. CloudTrail's own \u003d does not match.
_PERHAPS_FORBIDDEN = re.compile(r"\\(?:u(?!00[2-7])|[bf])")

# A word ends where Unicode says (https://www.unicode.org/reports/tr29/#Word_Boundary_Rules), and these characters of ASCII stand
# in none. The escape of one of them, or of a surrogate, hides a word that begins behind it; any other the word that it is in.
_NOT_IN_WORDS = r"\x20-&(-+\-/<-@\[-^`{-~"
_CODE_NOT_IN_WORDS = r"(?:00(?:[01].|2[0-689abdfABDF]|3[c-fC-F]|40|5[b-eB-E]|60|7[b-eB-E])|[dD][89a-fA-F]..)"
_ESCAPES = Escapes(rf"(?:[bfnrt]|u{_CODE_NOT_IN_WORDS})[^{_NOT_IN_WORDS}]|u(?!{_CODE_NOT_IN_WORDS})")
# Stands behind the record, and nowhere in JSON: no string has a line feed in it, and nothing else a slash.
_END_OF_RECORD: Final = "\n//\n"

# Texts may be longer than literals, but for those that CloudSearch copies into a literal itself (user_agent).
_COPIED = {field.of for field in SCHEMA.values()}
_NOT_CUT = frozenset(
    name for name, field in SCHEMA.items() if field.kind is FieldKind.TEXT and name not in _COPIED
)


class _Add(msgspec.Struct, frozen=True, gc=False):
    type: Literal["add"]
    id: str
    fields: Fields


class _Written(msgspec.Struct, frozen=True):
    id: str


_encoder = msgspec.json.Encoder()
_batch_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_written_decoder = msgspec.json.Decoder(_Written)


class CloudSearchFormat:
    """A batch is a JSON array of ``add`` operations, each of which replaces the whole document.

    Limits: 5 MB a batch, 1 MB a document. The developer guide does not say which megabyte; a batch, which
    Trailsearch can make any size, stays below the smaller one.
    """

    content_type: Final = "application/json"
    max_document_bytes: Final = 1_048_576
    max_batch_bytes: Final = 5_000_000

    def append(self, documents: "Sequence[Document]", batch: bytearray, *, whole: bool = True) -> int:
        r"""Add documents as ``add`` operations to a batch, which is a JSON array once it has one.

        Characters that CloudSearch forbids become their JSON escape (``\u0000``; ``\ud83d\ude00`` for an
        emoji), in every field. In ``raw``, which is JSON, that is the same record still. Literals are cut
        at 4,096 characters and arrays at 1,000 values; ``raw`` has the rest. A text is searched as it is stored:
        in ``raw``, the decoded strings stand below the record, which ``record_of`` gives.
        """
        if not documents:
            return 0
        # Encoded in its place: over the bracket at the end comes another array, whose first bracket becomes a comma.
        begin = max(0, len(batch) - 1)
        adds = [_add(document, whole=whole) for document in documents]
        _encoder.encode_into(adds, batch, begin)
        if begin:
            batch[begin] = ord(",")
        return len(batch) - begin - 2

    def truncate(self, batch: bytearray, size: int) -> None:
        """Take away again what was appended after the batch had that size."""
        del batch[size:]
        if size:
            batch[-1] = ord("]")

    def join(self, documents: Iterable[EncodedDocument]) -> bytes:
        """Make one batch: a JSON array."""
        return b"[" + b",".join([document.body for document in documents]) + b"]"

    def split(self, batch: bytes) -> Sequence[EncodedDocument]:
        """Give the documents of a batch that ``join`` made."""
        bodies = [bytes(body) for body in _batch_decoder.decode(batch)]
        return [EncodedDocument(_written_decoder.decode(body).id, body) for body in bodies]


def stored(name: str, text: str) -> str:
    """Give a value of a field as it stands in the domain."""
    return _cut(name, _escape(name, text))


def record_of(raw: str) -> str:
    """Give the record of a ``raw`` as it stands in the domain."""
    return raw.partition(_END_OF_RECORD)[0]


def _add(document: "Document", *, whole: bool) -> _Add:
    fields = document.fields
    if not whole and fields.resource_names:
        fields = msgspec.structs.replace(fields, resource_names=())
    raw = fields.raw
    # All fields but log_file are from the record: where its text is clean, so are they, and no longer than it is.
    if not _is_clean(raw) or _is_changed(fields.log_file):
        fields = change_values(fields, _escape, MAX_VALUES)
    if len(fields.raw) > MAX_LITERAL_CHARACTERS:  # After escaping, which makes a value longer.
        fields = change_values(fields, _cut, MAX_VALUES)
    if whole and (strings := _ESCAPES.decoded(fields.raw, _without_forbidden)):
        fields = msgspec.structs.replace(fields, raw=f"{fields.raw}{_END_OF_RECORD}{strings}")
    return _Add("add", document.id, fields)


@cache
def _forbidden() -> re.Pattern[str]:
    # To compile it takes longer than to import all of this, and few functions ever need it.
    return re.compile(_FORBIDDEN)


@cache
def _stretch() -> re.Pattern[str]:
    return re.compile(stretches_of(_FORBIDDEN))


def _is_clean(raw: str) -> bool:
    """Tell, by the JSON text of a record, that nothing in it is forbidden."""
    # Most have neither, which takes a twentieth of the time of a search.
    if not raw.isascii() and _forbidden().search(raw):
        return False
    return "\\" not in raw or not _PERHAPS_FORBIDDEN.search(raw)


@lru_cache(maxsize=16)
def _is_changed(log_file: str) -> bool:
    return not (log_file.isascii() and log_file.isprintable()) and bool(_forbidden().search(log_file))


def _without_forbidden(text: str) -> str:
    return re.sub(f"{_FORBIDDEN}+", " ", text)


def _cut(name: str, text: str) -> str:
    return text if name in _NOT_CUT else text[:MAX_LITERAL_CHARACTERS]


def _escape(_name: str, text: str) -> str:
    return _stretch().sub(escape_stretch, text)
