"""Logs of a year that nobody announces are indexed by `make backfill`, with live logs beside them: what becomes of both."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.pipeline import Pipeline
from tests.load.report import Row
from tests.load.run import IDLE_SECONDS, Indexing, read_indexing
from tests.local_cloud.pipeline.cloudtrail_delivery import Log, deliver
from tests.local_cloud.pipeline.idle import wait_until_idle
from tests.log_generator import GeneratedLog, generate_logs

START, YEAR = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=365)
RECORDS_PER_LOG = 10
# So long live logs come alone, to compare.
ALONE_SECONDS = 90
LIVE_EVERY_SECONDS = 1.0
_OTHER_SEED = 5_000_000
_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Backfilled:
    """What one run did: the plan as the command gives it, and live logs alone and beside the backfill."""

    plan: Mapping[str, Any]
    events: int
    plan_seconds: float
    seconds: float
    live_logs: int
    alone: Indexing
    beside: Indexing
    dead_letters: int
    lost: frozenset[str]

    @property
    def problems(self) -> list[str]:
        """Why the run is no proof that everything was indexed; empty if it is one."""
        problems = []
        if self.lost:
            problems.append(f"{len(self.lost):,} events are lost, for example {min(self.lost)}")
        if self.dead_letters:
            problems.append(f"{self.dead_letters:,} dead letters wait")
        return problems


def run_backfill(
    pipeline: Pipeline, variables: Mapping[str, str], environment: str, seed: int, count: int
) -> Backfilled:
    """Put the logs of a year into the bucket, plan and index them while live ones come, and account for every event.

    Raises:
        NotIdle: there was work left after an hour.
    """
    history = list(
        generate_logs(seed, count, START, duration=YEAR, records_per_log=RECORDS_PER_LOG, story=False)
    )
    for log in history:
        pipeline.s3.put_object(Bucket=pipeline.log_bucket, Key=log.key, Body=log.body)
    with _live_logs(pipeline, seed + _OTHER_SEED) as live:
        began = datetime.now(UTC)
        time.sleep(ALONE_SECONDS)
        alone = read_indexing(pipeline, environment, began)
        beside_since = datetime.now(UTC)
        started = time.monotonic()
        plan = _command(
            variables, environment, "backfill", "--yes", "--from", "2024-01-01", "--to", "2024-12-31"
        )
        planned = time.monotonic()
        while not _command(variables, environment, "status")["complete"]:
            time.sleep(_POLL_SECONDS)
        ended = time.monotonic()
    wait_until_idle(pipeline.sqs, pipeline.stepfunctions, pipeline.outputs, IDLE_SECONDS)
    events = _ids(history)
    return Backfilled(
        plan=plan,
        events=len(events),
        plan_seconds=planned - started,
        seconds=ended - planned,
        live_logs=len(live),
        alone=alone,
        beside=read_indexing(pipeline, environment, beside_since),
        dead_letters=len(pipeline.dead_letters()),
        lost=(events | _ids(live)) - pipeline.document_ids(),
    )


def rows(result: Backfilled) -> list[Row]:
    """Return what the run did: names and values."""
    counted, estimated = result.plan["counted"], result.plan["estimated"]
    alone, beside = result.alone, result.beside
    return [
        ("Logs of a year; parts", f"{counted['logs']:,}; {counted['parts']:,}"),
        ("Events in them: estimated; in fact", f"{estimated['events']:,.0f}; {result.events:,}"),
        ("Planned in; indexed in", f"{result.plan_seconds:,.0f} s; {result.seconds:,.0f} s"),
        ("Live logs, one a second", f"{result.live_logs:,}"),
        ("Live lag alone: median; longest", f"{alone.median_lag:,.0f} s; {alone.longest_lag:,.0f} s"),
        ("Live lag beside it: median; longest", f"{beside.median_lag:,.0f} s; {beside.longest_lag:,.0f} s"),
        ("Dead letters", f"{result.dead_letters:,}"),
        ("**Lost**", f"**{len(result.lost):,}**"),
    ]


def _ids(logs: list[GeneratedLog]) -> frozenset[str]:
    return frozenset(event for log in logs for event in log.event_ids)


@contextmanager
def _live_logs(pipeline: Pipeline, seed: int) -> Iterator[list[GeneratedLog]]:
    """Deliver a log a second in the with block; gives those that were delivered."""
    delivered: list[GeneratedLog] = []
    stop = threading.Event()

    def deliver_some() -> None:
        number = 0
        while not stop.wait(LIVE_EVERY_SECONDS):
            (log,) = generate_logs(
                seed + number, 1, datetime.now(UTC), records_per_log=RECORDS_PER_LOG, story=False
            )
            topic = pipeline.outputs["topic_arn"]
            list(deliver([Log(log.key, log.body)], pipeline.s3, pipeline.sns, pipeline.log_bucket, topic))
            delivered.append(log)
            number += 1

    thread = threading.Thread(target=deliver_some)
    thread.start()
    try:
        yield delivered
    finally:
        stop.set()
        thread.join()


def _command(variables: Mapping[str, str], environment: str, name: str, *options: str) -> dict[str, Any]:
    """Run a command of the backfill as an operator does, and give its JSON.

    Raises:
        RuntimeError: it fails; says what it printed.
    """
    command = [
        sys.executable,
        "-m",
        f"trailsearch.cli.backfill.{name}",
        "--env",
        environment,
        "--json",
        *options,
    ]
    done = subprocess.run(command, env=dict(variables), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} ends with {done.returncode}: {done.stdout}{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
