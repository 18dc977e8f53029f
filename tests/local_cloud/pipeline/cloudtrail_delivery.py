"""Deliver logs as CloudTrail does: an object in the log bucket, then a notification on the topic.

Which events are in them is read here apart from Trailsearch's own code, to compare with what is found.
"""

import gzip
import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

# What functions/README.md promises: the eventID, if it is one that the search domain takes for the id of a document.
_TAKEN_FOR_AN_ID = re.compile(r"[A-Za-z0-9_\-=#;:/?@&]{1,128}")
_SPACE = re.compile(r"[ \t\n\r]*")


class Log(NamedTuple):
    """A log object: its key in the bucket, and its gzip'd body."""

    key: str
    body: bytes


class UnreadableLog(ValueError):
    """It is no gzip'd JSON object with an array ``Records``."""


@dataclass
class Delivered:
    """What was delivered. ``logs`` are those that can be read, ``unreadable`` counts the others."""

    logs: int = 0
    unreadable: int = 0
    records: int = 0
    event_ids: set[str] = field(default_factory=set)

    def add(self, log: Log) -> None:
        """Count a log; a digest file is none."""
        if "CloudTrail-Digest/" in log.key:
            return
        try:
            ids = event_ids(log.body)
        except UnreadableLog:
            self.unreadable += 1
            return
        self.logs += 1
        self.records += len(ids)
        self.event_ids.update(ids)


def deliver(
    logs: Iterable[Log], s3: "S3Client", sns: "SNSClient", bucket: str, topic_arn: str
) -> Iterator[Delivered]:
    """Deliver one log after the other, and give the running count after each."""
    delivered = Delivered()
    for log in logs:
        s3.put_object(
            Bucket=bucket, Key=log.key, Body=log.body, ContentType="application/json", ContentEncoding="gzip"
        )
        sns.publish(
            TopicArn=topic_arn,
            Message=json.dumps({"s3Bucket": bucket, "s3ObjectKey": [log.key]}, separators=(",", ":")),
        )
        delivered.add(log)
        yield delivered


def logs_in_folder(folder: Path) -> dict[str, Path]:
    """Find every ``.json.gz`` below a folder, by the key to deliver it under.

    The key is the path from the folder on, so that two exports in it stay apart; from ``AWSLogs`` on, if the
    folder is within one.
    """
    within = folder.resolve().parts
    prefix = Path(*within[within.index("AWSLogs") :]) if "AWSLogs" in within else Path()
    return {
        os.fsencode(prefix / path.relative_to(folder)).decode(errors="backslashreplace"): path
        for path in sorted(folder.rglob("*.json.gz"))
        if path.is_file()
    }


def event_ids(log: bytes) -> list[str]:
    """Give the id that each record of a log is found under.

    Raises:
        UnreadableLog: it is none.
    """
    try:
        return list(_ids(_Json(gzip.decompress(log).decode())))
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise UnreadableLog(str(error)) from error


def _ids(log: "_Json") -> list[str]:
    ids: list[str] | None = None
    if log.takes("["):
        records = [log.value() for _ in log.separated("]")]
        log.take("")
        if not all(isinstance(record, dict) for _, record in records):
            raise ValueError("It is an array of more than objects")
        return [_event_id(*record) for record in records]
    log.take("{")
    for _ in log.separated("}"):
        _, name = log.value()
        log.take(":")
        if name == "Records":
            log.take("[")
            ids = [_event_id(*log.value()) for _ in log.separated("]")]
        else:
            log.value()
    log.take("")
    if ids is None:
        raise ValueError("It has no Records")
    return ids


def _event_id(text: str, record: Any) -> str:
    """Give the eventID, or else the SHA-256 of the record as it is in the log, but on one line."""
    event_id = record.get("eventID") if isinstance(record, dict) else None
    if isinstance(record, dict) and record.get("eventCategory") == "Aggregated":
        event_id = event_id or record.get("eventId")
    if isinstance(event_id, bool):
        event_id = json.dumps(event_id)
    if isinstance(event_id, str) and _TAKEN_FOR_AN_ID.fullmatch(event_id):
        return event_id
    line = text.replace("\n", " ").replace("\r", " ")
    return hashlib.sha256(line.encode()).hexdigest()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


class _Json:
    """JSON, read from left to right: the text of each value beside the value. Numbers stay text.

    Every method raises ValueError where the text is no JSON.
    """

    _decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def value(self) -> tuple[str, Any]:
        """Read a value of any kind."""
        self._next()
        start = self._at
        value, self._at = self._decoder.raw_decode(self._text, start)
        return self._text[start : self._at], value

    def take(self, character: str) -> None:
        """Read one character between values; an empty one is the end of the text."""
        if self._next() != character:
            raise ValueError(f"{self._next()!r} in place of {character!r} at {self._at}")
        self._at += 1

    def takes(self, character: str) -> bool:
        """Read that character, if it is the next one, and say whether it was."""
        if here := self._next() == character:
            self.take(character)
        return here

    def separated(self, closing: str) -> Iterator[None]:
        """Come to each item of an array or object, which the caller reads, and past its end."""
        more = self._next() != closing
        while more:
            yield
            if more := self._next() == ",":
                self.take(",")
        self.take(closing)

    def _next(self) -> str:
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._text[self._at : self._at + 1]
