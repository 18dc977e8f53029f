"""CloudTrail logs: gunzip, check, raw records.

A log is a gzip'd JSON object ``{"Records": [...]}``; the records stay the bytes that CloudTrail wrote
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html). A JSON array of objects is a
log, too: how files of aggregated events begin is not documented, and public code that reads them has met such an array.

It is read a piece at a time, which stays in the processor's cache: if it is written as CloudTrail writes it, a log of
any size takes the memory of some records.
"""

import hashlib
import json
from codecs import utf_8_decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice, zip_longest
from typing import NoReturn

import msgspec
from isal import igzip_lib

from trailsearch.contracts.errors import LogCorrupt, LogError, LogWithoutRecords

_GZIP_MAGIC = b"\x1f\x8b"
_SLICE_BYTES = 128 * 1024
_PIECE_BYTES = 256 * 1024
_CACHED_BYTES = 16 * 1024
_RECORDS_AT_ONCE = 256
# CloudTrail's largest records have some 100 KB; where none ends for so long, they do not begin as CloudTrail's do.
_LONGEST_BYTES = 16 * 1024 * 1024
# What is not written as CloudTrail's logs are is read as a whole, where a small object may unpack to any size. The function
# has to hold the text, and 56 bytes for each record; the json module makes some twenty times as much of a text.
MAX_WHOLE_BYTES = 512 * 1024 * 1024
_MAX_WHOLE_MEMORY = 1024 * 1024 * 1024
_MAX_MEMORY_OF_RECORD = 56
_MAX_BYTES_WITH_SURROGATES = 32 * 1024 * 1024
# Split Records takes four times the memory of a record.
MAX_RECORD_BYTES = 256 * 1024 * 1024
_WHITE_SPACE = " \t\n\r"
# A record that does not begin with its eventVersion, or white space, costs time and memory, and is read all the same.
_BEGIN, _BETWEEN_RECORDS, _END = b'{"Records":', b'},{"eventVersion":', b"}"

Records = Sequence[bytes | msgspec.Raw]


class _Log(msgspec.Struct):
    Records: list[msgspec.Raw]


_log_decoder = msgspec.json.Decoder(_Log | list[msgspec.Raw])
_records_decoder = msgspec.json.Decoder(list[msgspec.Raw])


class ContentHash:
    """The SHA-256 of the uncompressed content of a log, which CloudTrail's digests know it by; made while it is unpacked."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def over(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Pass pieces on, and begin anew with the first of them: it is that of all of them once the last one is passed on."""
        self._hash = hashlib.sha256()
        for piece in pieces:
            self._hash.update(piece)
            yield piece

    def hexdigest(self) -> str:
        """Give it in hexadecimal."""
        return self._hash.hexdigest()


def raw_records(log: bytes, content_hash: ContentHash | None = None) -> Iterator[Records]:
    """Give the records of a log as it is in the bucket, some at once, each as the JSON text that CloudTrail wrote.

    Each is one buffer, UTF-8 encoded. White space between tokens, if any, is kept, except that line breaks
    become spaces, so that a record is one line.

    Args:
        log: one or several gzip members. A large log that is not written in the very form that CloudTrail uses is read
            all the same, but takes more time, and the memory of the whole.
        content_hash: becomes that of the log, once all records are given.

    Raises:
        LogCorrupt: not gzip to its end, cut short, a wrong checksum, not UTF-8, not JSON, with two arrays ``Records``, with
            a record that is too large to be made a document, or too large itself to be read as a whole where that is needed.
        LogWithoutRecords: JSON without an array ``Records``, and no array of objects.

        Either may be raised after some records were given. These are to be thrown away then.
    """

    def unpacked() -> Iterator[bytes]:
        return content_hash.over(gunzip(log)) if content_hash else gunzip(log)

    pieces = unpacked()
    begin = list(islice(pieces, 2))
    given = 0
    if len(begin) > 1:  # Most logs are smaller: it takes less time to read them at once.
        with suppress(LogError):
            for records in find_records(chain(begin, pieces)):
                yield records
                given += len(records)
            return
    # Whatever it is: the whole is read as any JSON is, or says what is wrong.
    text = _join(unpacked()) if len(begin) > 1 else b"".join(begin)
    if _has_line_breaks(text):
        text = text.translate(_IN_ONE_LINE)
    records = _read(text)
    if len(text) > MAX_RECORD_BYTES and (largest := max(map(len, records), default=0)) > MAX_RECORD_BYTES:
        raise LogCorrupt(f"A record of {largest:,} bytes: no event of CloudTrail has as many")
    if given:
        # These were given already, unless a second array took their place.
        first = islice(chain.from_iterable(find_records(gunzip(log))), given)
        if any(
            one_line(one) != one_line(other)
            for one, other in zip_longest(first, records[:given], fillvalue=b"")
        ):
            raise LogCorrupt("There are two arrays Records")
    # Few where they are large: whoever takes them holds them once more.
    at_once = min(_RECORDS_AT_ONCE, max(1, _LONGEST_BYTES * len(records) // len(text)))
    for at in range(given, len(records), at_once):
        yield records[at : at + at_once]


def _join(pieces: Iterable[bytes]) -> bytearray:
    """Join pieces that are not in memory together, as they would be for ``bytes.join``.

    Raises:
        LogCorrupt: the function could not hold what is read of them. And what ``pieces`` raises.
    """
    text = bytearray()
    most_records = 1
    for piece in pieces:
        text += piece
        most_records += piece.count(b",")
        if (
            len(text) > MAX_WHOLE_BYTES
            or len(text) + _MAX_MEMORY_OF_RECORD * most_records > _MAX_WHOLE_MEMORY
        ):
            raise LogCorrupt(
                f"Not written as CloudTrail writes logs, and too large to be read otherwise: it unpacks to {len(text):,}"
                f" bytes and more, with perhaps {most_records:,} records"
            )
    return text


def gunzip(log: bytes) -> Iterator[bytes]:
    """Unpack a log, one or several gzip members, in pieces of up to 256 KiB, none of which is empty.

    Raises:
        LogCorrupt: not gzip, cut short, a wrong checksum, or something else behind the gzip file.
    """
    if not log.startswith(_GZIP_MAGIC):
        raise LogCorrupt("Not gzip" if log else "Not gzip: the object is empty")
    member: igzip_lib.IgzipDecompressor | None = None
    # A slice at a time: the decompressor copies what it is given, and what is left of it after a member.
    for at in range(0, len(log), _SLICE_BYTES):
        rest = log[at : at + _SLICE_BYTES]
        end = at + len(rest)
        while True:
            if member is None:
                rest = rest.lstrip(b"\0")  # A gzip file may be padded.
                if not rest:
                    break
                _check_that_a_member_begins(log, end - len(rest))
                member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
            if piece := _decompress(member, rest):
                yield piece
            rest = b""
            if member.eof:
                rest, member = member.unused_data, None
            elif member.needs_input:
                break
    if member is not None:
        raise LogCorrupt("Not a whole gzip file: it is cut short")


def _check_that_a_member_begins(log: bytes, at: int) -> None:
    if not log.startswith(_GZIP_MAGIC, at):
        count = len(log) - at
        raise LogCorrupt(
            f"Not gzip to its end: behind the whole gzip file there are {count:,} bytes of something else"
        )


def _decompress(member: igzip_lib.IgzipDecompressor, data: bytes) -> bytes:
    try:
        return member.decompress(data, _PIECE_BYTES)
    except igzip_lib.IsalError as error:  # type: ignore[misc]  # typed as an instance
        raise LogCorrupt(f"Not a whole gzip file: {error}") from error


def find_records(pieces: Iterable[bytes]) -> Iterator[Records]:
    """Give the records of an unpacked log that is written in the very form that CloudTrail uses, as ``raw_records`` does.

    Args:
        pieces: JSON, UTF-8 encoded, cut anywhere.

    Raises:
        LogCorrupt: it is not written in this form; it may be a log still. And what ``pieces`` raises.
    """
    for text in _arrays(pieces):
        _check_utf_8(text)
        records: Records
        try:
            records = _records_decoder.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            if not _may_have_lone_surrogates(text):
                raise LogCorrupt(f"Not the JSON that CloudTrail writes: {error}") from error
            records = _raw_records_with_surrogates(text, _spans_in_array)
        if records:
            yield _lines(records) if _has_line_breaks(text) else records


def _arrays(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut the text of a log into JSON arrays of some records each.

    Each piece is cut at the last place where a record seems to begin. That is between two records if what comes before,
    closed there, and what comes after, opened there, are JSON arrays, which is for the caller to check; elsewhere
    something else would be open that is not closed.
    """
    begin = _BEGIN
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        cut = piece.rfind(_BETWEEN_RECORDS) + 1
        if cut:
            yield _between(begin, b"".join([*parts, memoryview(piece)[:cut], b"]"]), b"")
            begin, parts, size = b"", [b"[", piece[cut + 1 :]], 0
            continue
        parts.append(piece)
        size += len(piece)
        if size > _LONGEST_BYTES:
            raise LogCorrupt("No record begins as CloudTrail's do")
    yield _between(begin, b"".join(parts).rstrip(_WHITE_SPACE.encode()), _END)


def _between(begin: bytes, text: bytes, end: bytes) -> bytes:
    """Take away how a log begins, and how it ends, each unless that has been taken away."""
    if not (text.startswith(begin) and text.endswith(end)):
        raise LogCorrupt("It does not begin or end as CloudTrail's logs do")
    return text[len(begin) : len(text) - len(end)]


def _read(text: bytes | bytearray) -> Records:
    """Give the records of a log, all at once: of a JSON object with an array ``Records``, or an array.

    A large one with lone surrogates is not read: the json module would take more memory than there is.
    """
    _check_utf_8(text)
    try:
        log: _Log | list[msgspec.Raw] = _log_decoder.decode(text)
    except msgspec.ValidationError as error:
        raise LogWithoutRecords(f"JSON, but no CloudTrail log: {error}") from error
    except RecursionError as error:
        raise LogCorrupt("JSON that is nested too deep to be read") from error
    except msgspec.DecodeError as error:
        if not _may_have_lone_surrogates(text):
            raise LogCorrupt(f"Not JSON: {error}") from error
        if len(text) > _MAX_BYTES_WITH_SURROGATES:
            raise LogCorrupt(
                f"Not JSON, or JSON with lone surrogates that is too large to be read: {error}"
            ) from error
        return _raw_records_with_surrogates(text, _spans_in_log)
    if isinstance(log, _Log):
        return log.Records
    _check_objects(memoryview(record)[0] == ord("{") for record in log)
    return log


def _check_objects(are_objects: Iterable[bool]) -> None:
    if not all(are_objects):
        raise LogWithoutRecords("JSON, but no CloudTrail log: an array of more than objects")


# JSON allows line breaks only between tokens, where spaces do as well.
_IN_ONE_LINE = bytes.maketrans(b"\n\r", b"  ")


def _has_line_breaks(text: bytes | bytearray) -> bool:
    return b"\n" in text or b"\r" in text


def _lines(records: Records) -> list[bytes]:
    return [one_line(record) for record in records]


def one_line(record: bytes | msgspec.Raw) -> bytes:
    """Replace line breaks by spaces."""
    return bytes(record).translate(_IN_ONE_LINE)


def _check_utf_8(text: bytes | bytearray) -> None:
    if text.isascii():
        return
    # Piece by piece, in the processor's cache: ten times as fast as one string of it all.
    view, at = memoryview(text), 0
    try:
        while at < len(text):
            piece = view[at : at + _CACHED_BYTES]
            at += utf_8_decode(piece, "strict", at + len(piece) == len(text))[1]
    except UnicodeDecodeError as error:
        raise LogCorrupt(f"Not UTF-8: {error}") from error


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_json_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=str, parse_float=str)


def _may_have_lone_surrogates(text: bytes | bytearray) -> bool:
    r"""Tell whether to try the json module: msgspec takes a lone surrogate (``\ud800``) for the end of the input."""
    return b"\\ud" in text or b"\\uD" in text


def _raw_records_with_surrogates(
    text: bytes | bytearray, find: Callable[[str], Sequence[slice]]
) -> list[bytes]:
    """Find the records in a JSON value with the json module: three times slower, but it reads lone surrogates."""
    document = text.decode()
    try:
        _json_decoder.decode(document)
        return [document[span].encode() for span in find(document)]
    except (ValueError, RecursionError) as error:
        raise LogCorrupt(f"Not JSON: {error}") from error


def _spans_in_log(document: str) -> Sequence[slice]:
    """Give where each record of a JSON array begins and ends, or of the array ``Records`` of a JSON object."""
    position = _skip(document, 0)
    spans: Sequence[slice] | None
    if document[position] == "[":
        spans = _spans_in_array(document, position)
        _check_objects(document[span.start] == "{" for span in spans)
        return spans
    if document[position] != "{":
        raise LogWithoutRecords("JSON, but no CloudTrail log: neither an object nor an array at the top")
    position = _skip(document, position + 1)
    spans = None
    while document[position] != "}":
        name, position = _json_decoder.raw_decode(document, position)
        position = _skip(document, position, ":")
        if name == "Records":
            spans = None
        if name == "Records" and document[position] == "[":
            spans = _spans_in_array(document, position)
            position = _skip(document, spans[-1].stop if spans else position + 1) + 1
        else:
            _, position = _json_decoder.raw_decode(document, position)
        position = _skip(document, position, ",")
    if spans is None:
        raise LogWithoutRecords("JSON, but no CloudTrail log: no array Records")
    return spans


def _spans_in_array(document: str, begin: int = 0) -> Sequence[slice]:
    """Give where each element of a JSON array begins and ends."""
    position = _skip(document, begin)
    if document[position] != "[":
        raise LogCorrupt("Records is no array")
    position = _skip(document, position + 1)
    spans = []
    while document[position] != "]":
        _, end = _json_decoder.raw_decode(document, position)
        spans.append(slice(position, end))
        position = _skip(document, end, ",")
    return spans


def _skip(document: str, position: int, separator: str = "") -> int:
    while document[position] in _WHITE_SPACE or document[position] == separator:
        position += 1
    return position
