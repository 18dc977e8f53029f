"""The events behind the page: the story of the demo, what attackers write into records, and a month of what else happens."""

import gzip
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import msgspec

from tests.log_generator import GeneratedLog, generate_logs
from trailsearch.events.documents import build_document
from trailsearch.search.queries import Event

SINCE = datetime(2026, 11, 25, tzinfo=UTC)
NOW = datetime(2026, 11, 26, tzinfo=UTC)
"""What the page's server takes for the present: the end of the story."""

EVENTS = 100_000
_BEFORE = timedelta(days=29)
_RECORDS_PER_LOG = 1_000

ATTACK = '<img src=x onerror="document.title=`owned`"><script>document.title="owned"</script>'
FORMULA = '=HYPERLINK("http://example.com/?"&A1)'
# 2**64 + 1, which a browser's numbers are not.
LARGE = 18446744073709551617
_ATTACKED = {
    "eventVersion": "1.11",
    "eventID": "0a7ac4ed-0000-4000-8000-000000000001",
    "eventTime": "2026-11-25T13:50:00Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "ListBuckets",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "192.0.2.66",
    "userAgent": ATTACK,
    "errorCode": "AccessDenied",
    "errorMessage": f"{ATTACK} is not authorized",
    "userIdentity": {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::111122223333:assumed-role/{ATTACK}/{ATTACK}",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLEATTACKED0",
    },
    "requestParameters": {
        "bucketName": FORMULA,
        ATTACK: ATTACK,
        "size": LARGE,
        "deep": {"acl": True, "none": None},
    },
}


class _Log(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


def _records() -> Iterator[tuple[str, bytes]]:
    yield from _records_of(generate_logs(1, 80, SINCE, duration=timedelta(days=1)))
    yield "s3://trail-logs/attack.json.gz", msgspec.json.encode(_ATTACKED)


def _records_before() -> Iterator[tuple[str, bytes]]:
    """Give what happened in the weeks before the story, without an end of it."""
    yield from _records_of(
        generate_logs(
            2,
            EVENTS // _RECORDS_PER_LOG,
            SINCE - _BEFORE,
            duration=_BEFORE,
            records_per_log=_RECORDS_PER_LOG,
            story=False,
        )
    )


def _records_of(logs: Iterable[GeneratedLog]) -> Iterator[tuple[str, bytes]]:
    for log in logs:
        for record in msgspec.json.decode(gzip.decompress(log.body), type=_Log).records:
            yield f"s3://trail-logs/{log.key}", bytes(record)


def _events(records: Iterable[tuple[str, bytes]]) -> Iterator[Event]:
    for log_file, record in records:
        document = build_document(record, log_file)
        yield {"id": document.id, **msgspec.to_builtins(document.fields)}


def story_events() -> list[Event]:
    """Give all events as a search domain does: those of the story's day, and as many before it as make ``EVENTS``."""
    found = {event["id"]: event for event in _events(_records())}
    return [*found.values(), *islice(_events(_records_before()), EVENTS - len(found))]
