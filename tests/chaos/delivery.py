"""The logs of one run: what is delivered, and which events a dead letter points to.

It reads the forms in which work waits in the dead-letter queue apart from Trailsearch's own code.
"""

import gzip
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.chaos.pipeline import Pipeline
from tests.log_generator import generate_logs

AS_IT_CAME = "message as it came"
LOGS = 4
RECORDS_PER_LOG = 5
START = datetime(2023, 7, 10, 12, tzinfo=UTC)

StagedDocuments = Callable[[str, str], Iterable[str]]
"""Gives the ids in a staged batch, by bucket and key."""
InputOf = Callable[[str], str]
"""Gives the input of an execution, by its ARN."""


class Delivery:
    """A few generated logs under a prefix of their own, so that one deployment serves many runs."""

    def __init__(self, seed: int, start: datetime = START, duration: timedelta = timedelta(days=1)) -> None:
        """Generate the logs of a time; equal seeds give equal logs."""
        self.prefix = f"chaos-{seed}/"
        logs = generate_logs(
            seed, LOGS, start, duration=duration, records_per_log=RECORDS_PER_LOG, story=False
        )
        self.bodies = {self.prefix + log.key: log.body for log in logs}
        self.events_of_log = {key: frozenset(_event_ids(body)) for key, body in self.bodies.items()}
        self.events = frozenset().union(*self.events_of_log.values())
        self._random = Random(seed)

    def deliver(
        self, pipeline: Pipeline, *, times: int = 1, shuffled: bool = False, beside: Iterable[int] = ()
    ) -> None:
        """Put the logs into the bucket and announce each of them as often as asked, in order or not.

        Shuffled announcements may come before their object is there as little as CloudTrail's own may. ``beside`` are the
        sizes of AWS Config's messages on the same topic, each of which is sent before one of the announcements, or at last.
        """
        for key, body in self.bodies.items():
            pipeline.s3.put_object(Bucket=pipeline.log_bucket, Key=key, Body=body)
        announced = list(self.bodies) * times
        if shuffled:
            self._random.shuffle(announced)
        foreign = deque(map(_foreign, beside))
        for key in announced:
            if foreign:
                pipeline.announce(foreign.popleft())
            pipeline.announce(json.dumps({"s3Bucket": pipeline.log_bucket, "s3ObjectKey": [key]}))
        for message in foreign:
            pipeline.announce(message)

    def events_behind(self, body: str, staged: StagedDocuments, input_of: InputOf) -> set[str]:
        """Give the events that a message in the dead-letter queue points to.

        Large messages are those of others: they point to none.

        Raises:
            ValueError: it is none of the known kinds.
        """
        match json.loads(body):
            case {"dead_letter": 1, "kind": "log", "log": {"key": key}}:
                return set(self.events_of_log.get(key, ()))
            case {"dead_letter": 1, "kind": "batch" | "documents", "batch": {"bucket": bucket, "key": key}}:
                return set(staged(bucket, key))
            case {"dead_letter": 1, "kind": "message", "message": {"body": inner}}:
                return self.events_behind(inner, staged, input_of)
            case {"dead_letter": 1, "kind": "execution", "execution": str(arn)}:
                bodies = [record["body"] for record in json.loads(input_of(arn))]
                return set().union(*(self.events_behind(each, staged, input_of) for each in bodies))
            case {"messageType": str()} | {"large_message": 1}:
                return set()
            case {"s3ObjectKey": [*keys]}:
                return set().union(*(self.events_of_log.get(key, ()) for key in keys))
        raise ValueError(f"A message of no known kind in the dead-letter queue: {body[:500]}")


def label(body: str) -> str:
    """Tell a message in the dead-letter queue by what it is about and why: `batch: SearchThrottled`, or `AS_IT_CAME`."""
    match json.loads(body):
        case {"dead_letter": 1, "kind": str(kind), "error": {"Error": str(error)}}:
            return f"{kind}: {error}"
    return AS_IT_CAME


def _foreign(size: int) -> str:
    return json.dumps({"messageType": "ConfigurationItemChangeNotification", "configurationItem": "x" * size})


def event_id(record: Mapping[str, Any]) -> str:
    """The id of an event, which generated records all have."""
    return str(record["eventID"])


def _event_ids(body: bytes) -> Iterator[str]:
    yield from map(event_id, json.loads(gzip.decompress(body))["Records"])
