"""CloudTrail logs: gunzip, check, raw records.

A log is a gzip'd JSON object ``{"Records": [...]}``; the records stay the bytes that CloudTrail wrote
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html).
"""

import json
from codecs import utf_8_decode
from collections.abc import Sequence
from typing import NoReturn

import msgspec
from isal import igzip, isal_zlib
from isal.igzip_lib import IsalError

from trailsearch.errors import LogCorrupt, LogWithoutRecords

_GZIP_MAGIC = b"\x1f\x8b"
_ONE_GZIP_MEMBER = 31
_CACHED_BYTES = 16 * 1024
_WHITE_SPACE = " \t\n\r"


class _Log(msgspec.Struct):
    Records: list[msgspec.Raw]


_log_decoder = msgspec.json.Decoder(_Log)


def raw_records(log: bytes) -> Sequence[bytes | msgspec.Raw]:
    """Give the records of a log as it is in the bucket: ``find_records`` of what ``gunzip`` gives.

    Raises:
        LogCorrupt, LogWithoutRecords: as these two do.
    """
    return find_records(gunzip(log))


def gunzip(log: bytes) -> bytes:
    """Unpack a log: one or several gzip members.

    Raises:
        LogCorrupt: not gzip, cut short, or a wrong checksum.
    """
    if not log.startswith(_GZIP_MAGIC):
        raise LogCorrupt("Not gzip" if log else "Not gzip: the object is empty")
    # At once: the reader of igzip, which can do more, holds all pieces and the whole, which is twice the memory.
    member = isal_zlib.decompressobj(wbits=_ONE_GZIP_MEMBER)
    try:
        text = member.decompress(log)
        if not member.eof or member.unused_data:
            text = igzip.decompress(log)  # type: ignore[no-untyped-call]  # isal types this one not
    except (IsalError, OSError, EOFError) as error:  # type: ignore[misc]  # typed as an instance
        raise LogCorrupt(f"Not a whole gzip file: {error}") from error
    return text


def find_records(text: bytes) -> Sequence[bytes | msgspec.Raw]:
    """Give the records of an unpacked log, each as the UTF-8 encoded JSON text that CloudTrail wrote.

    Args:
        text: JSON, UTF-8 encoded.

    Returns:
        One buffer for each record. White space between tokens, if any, is kept, except that line breaks
        become spaces, so that a record is one line.

    Raises:
        LogCorrupt: not UTF-8 or not JSON.
        LogWithoutRecords: JSON without an array ``Records``.
    """
    _check_utf_8(text)
    try:
        records: Sequence[bytes | msgspec.Raw] = _log_decoder.decode(text).Records
    except msgspec.ValidationError as error:
        raise LogWithoutRecords(f"JSON, but no CloudTrail log: {error}") from error
    except RecursionError as error:
        raise LogCorrupt("JSON that is nested too deep to be read") from error
    except msgspec.DecodeError as error:
        # msgspec takes a lone surrogate (\ud800) for the end of the input; the json module does not.
        if b"\\ud" not in text and b"\\uD" not in text:
            raise LogCorrupt(f"Not JSON: {error}") from error
        records = _raw_records_with_surrogates(text)
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
