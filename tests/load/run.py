"""One load run: deliver logs while the pipeline works, wait until it is idle, account for every event."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.chaos.pipeline import Pipeline
from tests.demo.executions import Executions, read_executions
from tests.load.sampler import Sample, Sampler
from tests.local_cloud.pipeline.cloudtrail_delivery import Log, deliver
from tests.local_cloud.pipeline.idle import wait_until_idle
from tests.log_generator import GeneratedLog

IDLE_SECONDS = 3600
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Indexing:
    """What Index Batch says of itself in its metrics (functions/trailsearch/aws/telemetry.py).

    Bytes are those of the batches. Lags are from CloudTrail's delivery of a batch's oldest log, in seconds.
    """

    documents: int
    batches: int
    bytes: int
    median_lag: float
    longest_lag: float


@dataclass(frozen=True)
class Result:
    """What one run did.

    Attributes:
        json_bytes: size of the logs, uncompressed.
        events: distinct events in the logs.
        delivery_seconds: from the first log to the last.
        seconds: from the first log to when the last event was indexed.
        lost: ids of events that were delivered and are not in the search domain.
        unknown: ids in the search domain that were neither delivered nor there before.
        index_bytes: what the index takes on disk after a force merge, all that is in it; None where that is not known.
        indexed_in_all: how many events are in the index.
    """

    logs: int
    records: int
    events: int
    json_bytes: int
    delivery_seconds: float
    seconds: float
    executions: Executions
    indexing: Indexing
    dead_letters: int
    lost: frozenset[str]
    unknown: frozenset[str]
    samples: Sequence[Sample] = field(repr=False)
    indexed_in_all: int = 0
    index_bytes: int | None = None

    @property
    def problems(self) -> list[str]:
        """Why the run is no proof that everything was indexed; empty if it is one."""
        problems = []
        if self.lost:
            problems.append(f"{len(self.lost):,} events are lost, for example {min(self.lost)}")
        if self.unknown:
            problems.append(f"{len(self.unknown):,} documents were never delivered, as {min(self.unknown)}")
        if self.dead_letters:
            problems.append(f"{self.dead_letters:,} dead letters wait")
        if failed := {name: n for name, n in self.executions.by_status.items() if name != "SUCCEEDED"}:
            problems.append(f"Executions: {failed}; {'; '.join(self.executions.causes[:3])}")
        return problems


def run(
    pipeline: Pipeline,
    environment: str,
    logs: Iterable[GeneratedLog],
    on_delivered: Callable[[], None] = lambda: None,
) -> Result:
    """Deliver the logs one after the other, as fast as the local cloud takes them, and see what becomes of them.

    `environment` is the name of the deployed one; `on_delivered` is called after each log. The pipeline must be
    idle; what it has in its domain and its dead-letter queue is left out of the account.

    Raises:
        NotIdle: there was work left after an hour.
    """
    before = pipeline.document_ids()
    began = datetime.now(UTC)
    started = time.monotonic()
    measured = _Measured(logs)
    with Sampler(pipeline) as sampler:
        for delivered in deliver(  # the last count is the whole
            measured, pipeline.s3, pipeline.sns, pipeline.log_bucket, pipeline.outputs["topic_arn"]
        ):
            sampler.delivered = len(delivered.event_ids)
            on_delivered()
        delivery_seconds = time.monotonic() - started
        wait_until_idle(pipeline.sqs, pipeline.stepfunctions, pipeline.outputs, IDLE_SECONDS)
        pipeline.show_all()
    in_all = pipeline.document_ids()
    found = in_all - before
    return Result(
        logs=delivered.logs,
        records=delivered.records,
        events=len(delivered.event_ids),
        json_bytes=measured.json_bytes,
        delivery_seconds=delivery_seconds,
        seconds=seconds_until_indexed(sampler.samples),
        executions=read_executions(
            pipeline.stepfunctions, pipeline.outputs["state_machine_arn"], since=began
        ),
        indexing=read_indexing(pipeline, environment, began),
        dead_letters=sampler.samples[-1].dead_letters,
        lost=frozenset(delivered.event_ids - found - before),
        unknown=frozenset(found - delivered.event_ids),
        samples=sampler.samples,
        indexed_in_all=len(in_all),
        index_bytes=pipeline.merged_index_bytes(),
    )


def seconds_until_indexed(samples: Sequence[Sample]) -> float:
    """Return when the last document that was ever indexed was first seen."""
    last = samples[-1].indexed
    return next(sample.seconds for sample in samples if sample.indexed == last)


class _Measured(Iterable[Log]):
    """Hands on logs, and adds up their sizes."""

    def __init__(self, logs: Iterable[GeneratedLog]) -> None:
        self._logs = logs
        self.json_bytes = 0

    def __iter__(self) -> Iterator[Log]:
        for log in self._logs:
            # RFC 1952: the last four bytes are the size of the uncompressed data.
            self.json_bytes += int.from_bytes(log.body[-4:], "little")
            yield Log(log.key, log.body)


def read_indexing(pipeline: Pipeline, environment: str, since: datetime) -> Indexing:
    """Read what Index Batch has measured since then."""
    wanted = {
        "documents": ("EventsIndexed", "Sum"),
        "batches": ("BatchesIndexed", "Sum"),
        "bytes": ("BytesIndexed", "Sum"),
        "median_lag": ("IndexingLagFromDelivery", "p50"),
        "longest_lag": ("IndexingLagFromDelivery", "Maximum"),
    }
    dimensions = {"service": "index_batch", "environment": environment}
    answer = pipeline.cloudwatch.get_metric_data(
        MetricDataQueries=[
            {
                "Id": name,
                "MetricStat": {
                    "Metric": {
                        "Namespace": "Trailsearch",
                        "MetricName": metric,
                        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                    },
                    "Stat": stat,
                    "Period": int(_DAY.total_seconds()),
                },
            }
            for name, (metric, stat) in wanted.items()
        ],
        StartTime=since,
        EndTime=since + _DAY,
    )
    values = {result["Id"]: result["Values"][0] for result in answer["MetricDataResults"]}
    return Indexing(
        documents=int(values["documents"]),
        batches=int(values["batches"]),
        bytes=int(values["bytes"]),
        median_lag=values["median_lag"],
        longest_lag=values["longest_lag"],
    )
