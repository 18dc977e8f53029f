"""How OpenSearch wants documents: the body of a bulk request.

https://docs.opensearch.org/latest/api-reference/document-apis/bulk/. The index of a document is that of the month in
which its event happened, and its ``_id`` is the event's: an event that is delivered again, whenever that is, replaces
itself.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec

from trailsearch.events.fields import change_values
from trailsearch.search.backend import FIRST_YEAR, LAST_YEAR, EncodedDocument
from trailsearch.search.decoded_strings import Escapes
from trailsearch.search.json_escapes import escape_stretch, stretches_of

if TYPE_CHECKING:
    from trailsearch.events.documents import Document

UNDATED: Final = "undated"
"""In place of the month: of events without a time, or with one that is a mistake (``FIRST_YEAR``). An index for every year
that somebody writes would fill the cluster with shards."""

# To the analyzer of ``raw``, an escape is white space. It hides the word that it is in, unless it stands for what is in none:
# control characters, punctuation and symbols of ASCII, or half a character.
_NOT_IN_WORDS = (
    r"00(?:[012].|3[a-fA-F]|40|5[b-fB-F]|60|7[b-fB-F])|[dD](?:[c-fC-F]..|[89abAB]..(?!\\u[dD][c-fC-F]))"
)
_ESCAPES = Escapes(rf"u(?!{_NOT_IN_WORDS})")
# What is decoded is analysed once more: a backslash is no escape there.
_NOT_DECODED = re.compile("[\\\\\ud800-\udfff]+")
_MONTH = re.compile(r"(\d{4})-(\d\d)", re.ASCII)
_LONE_SURROGATE = "[\ud800-\udfff]"
_encoder = msgspec.json.Encoder()


class Target(msgspec.Struct, frozen=True):
    """Where a document goes, as its action line says."""

    index: str = msgspec.field(name="_index")
    id: str = msgspec.field(name="_id")


class _Action(msgspec.Struct):
    index: Target


_action_decoder = msgspec.json.Decoder(_Action)


def index_name(prefix: str, month: str) -> str:
    """Name the index of a month: its number, ``2026.11``, or ``undated``."""
    return f"{prefix}-events-{month}"


def every_index(prefix: str) -> str:
    """Give the pattern that the names of all indices match, and no others."""
    return index_name(prefix, "*")


def month_of(event_time: str | None) -> str:
    """Give the month, ``2026.11``, of a time in ISO 8601 and UTC, or ``undated``."""
    if event_time and (month := _MONTH.match(event_time)) and FIRST_YEAR <= int(month[1]) <= LAST_YEAR:
        return f"{month[1]}.{month[2]}"
    return UNDATED


class OpenSearchFormat:
    """A batch has two lines for each document, each with its line feed: the action ``index``, and the document.

    It is at most ``max_batch_bytes`` long. A document has no limit of its own: one may fill a batch.
    """

    content_type: Final = "application/x-ndjson"

    def __init__(self, prefix: str, max_batch_bytes: int) -> None:
        self.max_batch_bytes = self.max_document_bytes = max_batch_bytes
        self._actions = _Actions(prefix)

    def append(self, documents: "Sequence[Document]", batch: bytearray, *, whole: bool = True) -> int:
        r"""Add documents to a batch, each with its action before it.

        They are what the record says, but for two things. A lone surrogate, which is no character, becomes the text
        of its JSON escape (``\ud800``), as in ``raw`` it is already. And without an eventID, ``event_id`` is that of
        the document, as events are brought into an order by it. Where an escape of JSON hides words of ``raw``,
        that is an array: the record, and its decoded strings.
        """
        before = len(batch)
        if not whole:
            documents = [_smaller(document) for document in documents]
        try:
            self._append(documents, batch, whole=whole)
        except UnicodeEncodeError:
            del batch[before:]
            self._append(
                (
                    msgspec.structs.replace(document, fields=change_values(document.fields, _escape))
                    for document in documents
                ),
                batch,
                whole=whole,
            )
        return len(batch) - before

    def _append(self, documents: "Iterable[Document]", batch: bytearray, *, whole: bool) -> None:
        actions, encode_into = self._actions, _encoder.encode_into
        for document in documents:
            fields = document.fields
            if not fields.event_id:
                fields = msgspec.structs.replace(fields, event_id=document.id)
            # Asked here, as most have none, and there are many.
            if (
                "\\" in fields.raw
                and whole
                and (strings := _ESCAPES.decoded(fields.raw, _without_backslashes))
            ):
                fields = msgspec.structs.replace(fields, raw=(fields.raw, strings))
            # An id needs no escaping: documents.build_document sees to that.
            batch += f'{actions[(fields.event_time or "")[:7]]}{document.id}"}}}}\n'.encode()
            encode_into(fields, batch, len(batch))
            batch += b"\n"

    def truncate(self, batch: bytearray, size: int) -> None:
        """Take away again what was appended after the batch had that size."""
        del batch[size:]

    def join(self, documents: Iterable[EncodedDocument]) -> bytes:
        """Make one batch: one after the other."""
        return b"".join([document.body for document in documents])

    def split(self, batch: bytes) -> Sequence[EncodedDocument]:
        """Give the documents of a batch that ``join`` made, each with its action."""
        lines = batch.splitlines(keepends=True)
        return [
            EncodedDocument(_action_decoder.decode(action).index.id, action + document)
            for action, document in zip(lines[::2], lines[1::2], strict=True)
        ]


def stored(text: str) -> str:
    """Give a value as it stands in the domain."""
    return _escape("", text)


def targets_in(batch: bytes) -> Sequence[Target]:
    """Say where each document of a batch goes."""
    return [_action_decoder.decode(line).index for line in batch.splitlines()[::2]]


class _Actions(dict[str, str]):
    """The action lines up to the id, by the month of an event: ``2026-11``, or anything else."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def __missing__(self, month: str) -> str:
        index = msgspec.json.encode(index_name(self._prefix, month_of(month))).decode()
        self[month] = action = f'{{"index":{{"_index":{index},"_id":"'
        return action


@cache
def _stretch() -> re.Pattern[str]:
    return re.compile(stretches_of(_LONE_SURROGATE))  # Which few functions ever need.


def _without_backslashes(text: str) -> str:
    return _NOT_DECODED.sub(" ", text)


def _smaller(document: "Document") -> "Document":
    fields = msgspec.structs.replace(document.fields, resource_names=())
    return msgspec.structs.replace(document, fields=fields)


def _escape(_name: str, text: str) -> str:
    return _stretch().sub(escape_stretch, text)
