"""CloudTrail logs: gunzip, check, raw records.

A log is a gzip'd JSON object ``{"Records": [...]}``; the records stay the bytes that CloudTrail wrote
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html).

It is read a piece at a time, which stays in the processor's cache: a log of any size takes the memory of some records.
"""

import json
from codecs import utf_8_decode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import NoReturn

import msgspec
from isal import igzip_lib

from trailsearch.errors import LogCorrupt, LogError, LogWithoutRecords

_GZIP_MAGIC = b"\x1f\x8b"
_SLICE_BYTES = 128 * 1024
_PIECE_BYTES = 256 * 1024
_CACHED_BYTES = 16 * 1024
_WHITE_SPACE = " \t\n\r"
_BEGIN, _BETWEEN_RECORDS, _END = b'{"Records":', b'},{"eventVersion":', b"}"

Records = Sequence[bytes | msgspec.Raw]


class _Log(msgspec.Struct):
    Records: list[msgspec.Raw]


_log_decoder = msgspec.json.Decoder(_Log)
_records_decoder = msgspec.json.Decoder(list[msgspec.Raw])


def raw_records(log: bytes) -> Iterator[Records]:
    """Give the records of a log as it is in the bucket, some at once, each as the JSON text that CloudTrail wrote.

    Each is one buffer, UTF-8 encoded. White space between tokens, if any, is kept, except that line breaks
    become spaces, so that a record is one line.

    Args:
        log: one or several gzip members. A log that is not written in the very form that CloudTrail uses is read all
            the same, but if it is large, that takes more time, and the memory of the whole.

    Raises:
        LogCorrupt: not gzip, cut short, a wrong checksum, not UTF-8 or not JSON, which may show after some records.
        LogWithoutRecords: JSON without an array ``Records``.
    """
    pieces = gunzip(log)
    begin = list(islice(pieces, 2))
    if len(begin) < 2:  # As most are: it takes less time to read it at once.
        yield _read(b"".join(begin))
        return
    given = 0
    last = b""
    with suppress(LogError):
        for records in find_records(chain(begin, pieces)):
            yield records
            given, last = given + len(records), bytes(records[-1])
        return
    # Whatever it is: the whole is read as any JSON is, or says what is wrong.
    records = _read(b"".join(gunzip(log)))
    if given and [bytes(record) for record in records[given - 1 : given]] != [last]:
        raise LogCorrupt("There is more than one array Records")
    yield records[given:]


def gunzip(log: bytes) -> Iterator[bytes]:
    """Unpack a log, one or several gzip members, in pieces of up to 256 KiB, none of which is empty.

    Raises:
        LogCorrupt: not gzip, cut short, or a wrong checksum.
    """
    if not log.startswith(_GZIP_MAGIC):
        raise LogCorrupt("Not gzip" if log else "Not gzip: the object is empty")
    member: igzip_lib.IgzipDecompressor | None = None
    # A slice at a time: the decompressor copies what it is given, and what is left of it after a member.
    for at in range(0, len(log), _SLICE_BYTES):
        rest = log[at : at + _SLICE_BYTES]
        while True:
            if member is None:
                rest = rest.lstrip(b"\0")  # A gzip file may be padded.
                if not rest:
                    break
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
        LogCorrupt: it is not written in this form, or contains what msgspec does not read; it may be a log still.
    """
    for text in _arrays(pieces):
        _check_utf_8(text)
        try:
            records = _records_decoder.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise LogCorrupt(f"Not the JSON that CloudTrail writes: {error}") from error
        if records:
            yield _lines(records, text)


def _arrays(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut the text of a log into JSON arrays of some records each.

    It is cut where a record seems to begin. That is between two records if what comes before, closed there, and what
    comes after, opened there, are JSON arrays; elsewhere something else would be open that is not closed.
    """
    begin = _BEGIN
    parts: list[bytes] = []
    for piece in pieces:
        cut = piece.rfind(_BETWEEN_RECORDS) + 1
        if cut:
            yield _array(b"".join([*parts, piece[:cut], b"]", _END]), begin)
            begin, parts = b"", [b"[", piece[cut + 1 :]]
        else:
            parts.append(piece)
    yield _array(b"".join(parts).rstrip(_WHITE_SPACE.encode()), begin)


def _array(text: bytes, begin: bytes) -> bytes:
    if not (text.startswith(begin) and text.endswith(_END)):
        raise LogCorrupt("It does not begin or end as CloudTrail's logs do")
    return text[len(begin) : -1]


def _read(text: bytes) -> Records:
    """Give the records of a log that is any JSON object with an array ``Records``, all at once."""
    _check_utf_8(text)
    try:
        records: Records = _log_decoder.decode(text).Records
    except msgspec.ValidationError as error:
        raise LogWithoutRecords(f"JSON, but no CloudTrail log: {error}") from error
    except RecursionError as error:
        raise LogCorrupt("JSON that is nested too deep to be read") from error
    except msgspec.DecodeError as error:
        # msgspec takes a lone surrogate (\ud800) for the end of the input; the json module does not.
        if b"\\ud" not in text and b"\\uD" not in text:
            raise LogCorrupt(f"Not JSON: {error}") from error
        records = _raw_records_with_surrogates(text)
    return _lines(records, text)


def _lines(records: Records, text: bytes) -> Records:
    return [one_line(record) for record in records] if b"\n" in text or b"\r" in text else records


def one_line(record: bytes | msgspec.Raw) -> bytes:
    """Replace line breaks, which JSON allows only between tokens, by spaces."""
    return bytes(record).replace(b"\n", b" ").replace(b"\r", b" ")


def _check_utf_8(text: bytes) -> None:
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


def _raw_records_with_surrogates(text: bytes) -> list[bytes]:
    """Find the records with the json module: three times slower, but it reads lone surrogates."""
    document = text.decode()
    try:
        if not isinstance(_json_decoder.decode(document), dict):
            raise LogWithoutRecords("JSON, but no CloudTrail log: no object at the top")
        return [document[start:end].encode() for start, end in _record_spans(document)]
    except (ValueError, RecursionError) as error:
        raise LogCorrupt(f"Not JSON: {error}") from error


def _record_spans(document: str) -> list[tuple[int, int]]:
    """Walk the members of a valid JSON object to ``Records`` and give where each record begins and ends."""
    position = _skip(document, document.index("{") + 1)
    spans: list[tuple[int, int]] | None = None
    while document[position] != "}":
        name, position = _json_decoder.raw_decode(document, position)
        position = _skip(document, position, ":")
        if name == "Records" and document[position] == "[":
            spans = []
            position = _skip(document, position + 1)
            while document[position] != "]":
                _, end = _json_decoder.raw_decode(document, position)
                spans.append((position, end))
                position = _skip(document, end, ",")
            position += 1
        else:
            _, position = _json_decoder.raw_decode(document, position)
        position = _skip(document, position, ",")
    if spans is None:
        raise LogWithoutRecords("JSON, but no CloudTrail log: no array Records")
    return spans


def _skip(document: str, position: int, separator: str = "") -> int:
    while document[position] in _WHITE_SPACE or document[position] == separator:
        position += 1
    return position
