"""Measure what the cost model cannot know from the configuration: `make cost-measure`.

Executions of a few sizes run one after the other in the local cloud, each several times. From the processes of the
functions comes the processor time that an invocation takes, from their REPORT lines how many there were, from CloudWatch
Logs and the histories what is logged, from Terraform's state the alarms and keys. The result is
``functions/trailsearch/cli/cost/tables/measured.toml``. Needs Linux, whose /proc has the processor time.

One core of this machine stands in for a Lambda vCPU, which a function has whole with 1,769 MB. Processor time, because
the REPORT lines' durations have the local cloud's answers in them: its search domain takes seconds for a batch, on the
same two cores. What S3 and the search domain take to answer is assumed instead (see ``assumptions.toml``).

The local deployment has one search backend. What differs with the other is how large documents are, which is reckoned from
the same logs for both, and how many alarms there are: those of the other stay as they were written.
"""

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import boto3
import click
import numpy as np

from tests.demo.command import LocalCommand, require_linux
from tests.demo.executions import read_history
from tests.local_cloud.process import LocalCloud
from tests.local_cloud.services.pipes.records import to_record
from tests.local_cloud.terraform.deployment import Deployment
from tests.log_generator import generate_logs
from trailsearch.cli.cost.model import FUNCTIONS, LOG_EVENT_OVERHEAD_BYTES
from trailsearch.cli.cost.settings import MEASURED_FILE, read_measured
from trailsearch.cli.package import build_package
from trailsearch.events.documents import build_documents
from trailsearch.logs.trail_log import raw_records
from trailsearch.search import Backend, SearchSettings, search_backend
from trailsearch.search.batching import pack

START = datetime(2026, 9, 1, tzinfo=UTC)
REPEATS = 12
# Logs of an execution, and records of each.
SHAPES = ((1, 12), (10, 12), (50, 12), (10, 200), (5, 2000))
POLL_SECONDS = 0.05
_CPU_FIELDS = slice(11, 13)  # utime and stime, counted from what follows the name in /proc/<pid>/stat


@dataclass
class Run:
    """One execution: what it got, and what it took."""

    logs: int
    records: int
    staged_bytes: int
    batches: int
    batch_bytes: int
    workflow_log_bytes: int
    cpu_ms: dict[str, float] = field(default_factory=dict)
    log_bytes: dict[str, int] = field(default_factory=dict)


class Measurement:
    """Runs executions in the local cloud, one at a time."""

    def __init__(self, session: boto3.Session, cloud: LocalCloud, outputs: Mapping[str, Any]) -> None:
        def client(service: Any) -> Any:
            return session.client(service, endpoint_url=cloud.endpoint_url)

        self._cloud_pid = cloud.pid

        self._s3, self._logs, self._stepfunctions = client("s3"), client("logs"), client("stepfunctions")
        self._bucket = outputs["log_bucket_names"][0]
        self._state_machine = outputs["state_machine_arn"]
        self._prefix = "/aws/lambda/trailsearch-local-"
        self._seen: dict[str, int] = dict.fromkeys(FUNCTIONS, 0)
        self.metrics: set[tuple[str, ...]] = set()

    def run(self, logs: Sequence[tuple[str, bytes]]) -> Run:
        """Run one execution for logs, whose keys and bodies are given."""
        for key, body in logs:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        before = {function: cpu_ms(self._cloud_pid, f"{function}.handler") for function in FUNCTIONS}
        arn = self._stepfunctions.start_execution(
            stateMachineArn=self._state_machine,
            input=json.dumps([_message(self._bucket, key, at) for at, (key, _) in enumerate(logs)]),
        )["executionArn"]
        while self._stepfunctions.describe_execution(executionArn=arn)["status"] == "RUNNING":
            time.sleep(POLL_SECONDS)
        assert self._stepfunctions.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"
        history = read_history(self._stepfunctions, arn)
        states = {
            event["stateExitedEventDetails"]["name"]: json.loads(event["stateExitedEventDetails"]["output"])
            for event in history
            if event["type"].endswith("StateExited")
        }
        split = states["Split Records"]["counts"]
        run = Run(
            logs=len(logs),
            records=split["records"],
            staged_bytes=states["Fetch Logs"]["records"]["bytes"],
            batches=split["batches"],
            batch_bytes=split["bytes"],
            workflow_log_bytes=sum(logged_bytes(event, arn) for event in history),
        )
        for function in FUNCTIONS:
            invocations = self._add_log(function, run)
            took = cpu_ms(self._cloud_pid, f"{function}.handler") - before[function]
            run.cpu_ms[function] = took / invocations
        return run

    def _add_log(self, function: str, run: Run) -> int:
        """Add what the function has logged since the last run; give how many invocations it was."""
        expected = run.batches if function == "index_batch" else 1
        lines: list[str] = []
        while sum(line.startswith("REPORT ") for line in lines) < expected:
            lines = list(self._lines(function))[self._seen[function] :]
        invocations = sum(line.startswith("REPORT ") for line in lines)
        self._seen[function] += len(lines)
        size = sum(len(line.encode()) + LOG_EVENT_OVERHEAD_BYTES for line in lines)
        run.log_bytes[function] = round(size / invocations)
        for line in lines:
            if line.startswith("{") and "_aws" in line:
                for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]:
                    for metric in directive["Metrics"]:
                        if metric["Name"] != "ColdStart":
                            self.metrics.add((function, metric["Name"]))
        return invocations

    def _lines(self, function: str) -> Iterator[str]:
        group = self._prefix + function.replace("_", "-")
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return (event["message"].rstrip("\n") for page in pages for event in page["events"])


def cpu_ms(parent: int, argument: str) -> float:
    """Give the processor time, user and system, of the children of a process that were started with an argument.

    The children of the local cloud that run a function live as long as it does, so that this only grows.
    """
    ticks = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # It has ended.
            continue
        if int(stat[1]) == parent and argument.encode() in arguments:
            ticks += sum(map(int, stat[_CPU_FIELDS]))
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def _message(bucket: str, key: str, number: int) -> dict[str, Any]:
    """A message as the Pipe passes it on; ids and receipt handles are as long as those of SQS."""
    body = json.dumps({"s3Bucket": bucket, "s3ObjectKey": [key]}, separators=(",", ":"))
    received = {
        "MessageId": f"{number:08}-0000-4000-8000-000000000000",
        "ReceiptHandle": "A" * 412,
        "Body": body,
        "MD5OfBody": "0" * 32,
        "Attributes": {
            "SenderId": "AIDAIT2UOQQY3AUEKVGXU",
            "ApproximateFirstReceiveTimestamp": "1767225600000",
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1767225600000",
        },
    }
    return to_record(received, "arn:aws:sqs:us-east-1:123456789012:trailsearch-local-ingest")


def logged_bytes(event: Mapping[str, Any], arn: str) -> int:
    """Size of a history event as Step Functions logs it with level ALL and execution data.

    https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    """
    details: Any = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    logged = {
        "id": str(event["id"]),
        "type": event["type"],
        "details": details,
        "previous_event_id": str(event.get("previousEventId", 0)),
        "event_timestamp": "1767225600000",
        "execution_arn": arn,
        "redrive_count": "0",
    }
    text = json.dumps(logged, separators=(",", ":"), default=str)
    return len(text.encode()) + LOG_EVENT_OVERHEAD_BYTES


def fit(rows: Sequence[Sequence[float]], values: Sequence[float]) -> list[float]:
    """Non-negative least squares: the factors of each column; a column that would count negative is left out."""
    matrix, target = np.array(rows, dtype=float), np.array(values, dtype=float)
    # Relative errors: a shape that takes long does not outweigh the others.
    matrix, target = matrix / target[:, None], np.ones_like(target)
    kept = list(range(matrix.shape[1]))
    while True:
        solved, *_ = np.linalg.lstsq(matrix[:, kept], target, rcond=None)
        if (solved >= 0).all():
            break
        kept.pop(int(np.argmin(solved)))
    factors = dict(zip(kept, solved.tolist(), strict=True))
    return [factors.get(column, 0.0) for column in range(matrix.shape[1])]


def summarize(runs: Mapping[tuple[int, int], Sequence[Run]]) -> dict[str, Any]:
    """Fit the factors of the model to the runs of each shape."""
    every = [run for of_shape in runs.values() for run in of_shape]
    first = [of_shape[0] for of_shape in runs.values()]
    took = {
        function: [fmean(run.cpu_ms[function] for run in of_shape) for of_shape in runs.values()]
        for function in FUNCTIONS
    }
    records = sum(run.records for run in first)
    fetch = fit([(1, run.logs, run.staged_bytes / 1e6) for run in first], took["fetch_logs"])
    split = fit([(1, run.staged_bytes / 1e6) for run in first], took["split_records"])
    index = fit([(1, run.batch_bytes / run.batches / 1e6) for run in first], took["index_batch"])
    workflow = fit([(1, run.logs, run.batches) for run in first], [run.workflow_log_bytes for run in first])
    log_bytes = {
        function: round(sum(run.log_bytes[function] for run in every) / len(every)) for function in FUNCTIONS
    }
    return {
        "events": {
            "staged_bytes": round(sum(run.staged_bytes for run in first) / records),
        },
        "functions": {
            "fetch_logs": _factors(fetch[0], fetch[2], fetch[1]),
            "split_records": _factors(*split),
            "index_batch": _factors(*index),
        },
        "log_bytes": log_bytes,
        "workflow_log_bytes": dict(
            zip(("per_execution", "per_message", "per_batch"), map(round, workflow), strict=True)
        ),
    }


def document_bytes(logs: Sequence[tuple[str, bytes]], bucket: str) -> dict[str, int]:
    """Give the bytes of an average document in a batch of each backend, of logs whose keys and bodies are given."""
    sizes = {}
    for backend in Backend:
        batch_format = search_backend(SearchSettings(backend, "trailsearch-local")).batch_format
        records = batches = 0
        for key, body in logs:
            raw = [record for some in raw_records(body) for record in some]
            documents = list(build_documents(b"\n".join(raw), f"s3://{bucket}/{key}"))
            records += len(raw)
            batches += sum(len(batch.body) for batch in pack([documents], batch_format, lambda _: None))
        sizes[backend.value] = round(batches / records)
    return sizes


def _factors(per_invocation: float, per_mb: float, per_log: float = 0.0) -> dict[str, float]:
    return {
        "ms_per_invocation": round(per_invocation, 2),
        "ms_per_log": round(per_log, 3),
        "ms_per_mb": round(per_mb, 2),
    }


def count_resources(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Count in Terraform's state what costs by the month. An alarm costs for each metric that it reads."""
    alarms = [values for address, values in resources.items() if "aws_cloudwatch_metric_alarm." in address]
    return {
        "alarm_metrics": sum(
            sum(1 for query in alarm["metric_query"] if query["metric"]) or 1 for alarm in alarms
        ),
        "dashboards": sum("aws_cloudwatch_dashboard." in address for address in resources),
        "kms_keys": sum(address.startswith("aws_kms_key.") for address in resources),
    }


def to_toml(tables: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """Write tables of numbers and texts."""
    values = {key: value for key, value in tables.items() if not isinstance(value, dict)}
    if name and values:
        yield f"\n[{name}]"
    for key, value in values.items():
        yield f"{key} = {json.dumps(value)}"
    for key, value in tables.items():
        if isinstance(value, dict):
            yield from to_toml(value, f"{name}.{key}" if name else key)


@click.command(cls=LocalCommand)
def measure() -> None:
    """Measure what the cost model cannot know from the configuration, and write it down for the model."""
    require_linux("whose /proc has the processor time of each function")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build_package(folder / "lambda.zip", local=True)
        with LocalCloud(log_file=folder / "cloud.log") as cloud:
            # All environments have a retention, and its alarm.
            settings: dict[str, Any] = {
                "log_level": "INFO",
                "search_retention_days": 365,
                # What it costs is in the model apart.
                "audit_hourly": False,
            }
            deployment = Deployment(folder, cloud.environment(), folder / "lambda.zip", settings)
            cloud.enter()
            deployment.initialize()
            deployment.apply(lambda *_: None)
            session = boto3.Session("local", "local", region_name=cloud.region)
            outputs = deployment.outputs()
            measurement = Measurement(session, cloud, outputs)
            runs: dict[tuple[int, int], list[Run]] = {}
            every_log: list[tuple[str, bytes]] = []
            for shape in SHAPES:
                logs, records = shape
                generated = [
                    (log.key, log.body)
                    for log in generate_logs(
                        seed=5, logs=logs, start=START, records_per_log=records, story=False
                    )
                ]
                every_log += generated
                runs[shape] = [measurement.run(generated) for _ in range(REPEATS + 1)][1:]
                sys.stderr.write(f"{shape}: {runs[shape][0]}\n")
            resources = count_resources(deployment.resources())
    summary = summarize(runs)
    summary["events"]["document_bytes"] = document_bytes(every_log, outputs["log_bucket_names"][0])
    alarm_metrics = read_measured().resources.alarm_metrics | {
        Backend(outputs["search_backend"]): resources.pop("alarm_metrics")
    }
    measured = {
        "command": "make cost-measure",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "repeats": REPEATS,
        **summary,
        "resources": {
            **resources,
            "custom_metrics": len(measurement.metrics),
            "alarm_metrics": {backend.value: number for backend, number in sorted(alarm_metrics.items())},
        },
    }
    head = (
        "# Written by make cost-measure (tests/cost/measure.py), which says what is measured and how.",
        "# Milliseconds are processor time, the mean of several runs.",
    )
    MEASURED_FILE.write_text("\n".join([*head, *to_toml(measured), ""]))


if __name__ == "__main__":
    measure()
