"""The cost model's counts are what executions really do. It runs after the other end-to-end tests, by its name."""

import gzip
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import pytest

from tests.cost.measure import count_resources
from tests.demo.executions import read_history
from tests.end_to_end.conftest import Pipeline
from tests.local_cloud.faults import Delay, FaultControl, Match, Rule
from tests.local_cloud.pipeline.cloudtrail_delivery import Log, deliver
from tests.local_cloud.pipeline.idle import wait_until_idle
from tests.log_generator import generate_logs
from trailsearch.cli.cost.counts import Counts
from trailsearch.cli.cost.inputs import Model
from trailsearch.cli.cost.model import AUDIT_ALARM_METRICS, AUDIT_DASHBOARDS, Delivery, count, staging_puts
from trailsearch.cli.cost.settings import (
    read_assumptions,
    read_measured,
    read_prices,
    read_settings,
    read_states,
)
from trailsearch.contracts.messages import QueueMessage
from trailsearch.events.documents import build_documents
from trailsearch.logs.notifications import read_notification
from trailsearch.logs.trail_log import raw_records
from trailsearch.search import Backend, search_backend
from trailsearch.search.batching import pack
from trailsearch.workflow import staging

START = datetime(2026, 9, 1, tzinfo=UTC)
# Small logs, which go into one batch together, and large ones, each several batches. (tests/unit/workflow/test_staging.py has
# what is staged by a multipart upload, from 64 MiB on.)
SHAPES = ((20, 12), (2, 3000))
LOGS = [
    Log(log.key, log.body)
    for seed, (logs, records) in enumerate(SHAPES, start=500)
    for log in generate_logs(seed=seed, logs=logs, start=START, records_per_log=records, story=False)
]
BODIES = {log.key: log.body for log in LOGS}
COUNTED = ("s3_gets", "s3_puts", "search_batches", "invocations", "state_transitions", "executions")


class Ran(NamedTuple):
    """What the local cloud counted, and what each execution got."""

    counts: dict[str, int]
    inputs: list[list[QueueMessage]]


def counter(method: str, path: str) -> Rule:
    """A rule whose fault nothing meets; it counts the requests that match."""
    return Rule(Delay(0), Match(method=method, path=path), share=0.0)


@pytest.fixture(scope="module")
def ran(pipeline: Pipeline) -> Ran:
    """Deliver the logs, and count the requests of the functions; the test itself gets nothing, and puts logs only."""
    s3, sns, stepfunctions = (pipeline.client(service) for service in ("s3", "sns", "stepfunctions"))
    outputs = pipeline.outputs
    bucket, topic = outputs["log_bucket_names"][0], outputs["topic_arn"]
    wait_until_idle(pipeline.client("sqs"), stepfunctions, outputs)
    before = set(executions(pipeline))
    counters = {
        "s3_gets": counter("GET", rf"^/({bucket}|trailsearch-local-staging-[^/]+)/."),
        "s3_puts": counter("PUT|POST", r"^/trailsearch-local-staging-[^/]+/."),
        "search_batches": counter("POST", "/documents/batch"),
        "invocations": counter("POST", r"^/2015-03-31/functions/.*/invocations"),
    }
    control = FaultControl(pipeline.variables["AWS_ENDPOINT_URL"])
    with control.inject(list(counters.values())):
        for _ in deliver(LOGS, s3, sns, bucket, topic):
            pass
        wait_until_idle(pipeline.client("sqs"), stepfunctions, outputs)
        counted = [rule.matched for rule in control.counts()]
    arns = [arn for arn in executions(pipeline) if arn not in before]
    described = [stepfunctions.describe_execution(executionArn=arn) for arn in arns]
    assert {each["status"] for each in described} == {"SUCCEEDED"}
    histories = [read_history(stepfunctions, arn) for arn in arns]
    transitions = sum(event["type"].endswith("StateEntered") for history in histories for event in history)
    return Ran(
        dict(zip(counters, counted, strict=True))
        | {"state_transitions": transitions, "executions": len(arns)},
        [msgspec.json.decode(each["input"], type=list[QueueMessage]) for each in described],
    )


def executions(pipeline: Pipeline) -> list[str]:
    pages = (
        pipeline.client("stepfunctions")
        .get_paginator("list_executions")
        .paginate(stateMachineArn=pipeline.outputs["state_machine_arn"])
    )
    return [each["executionArn"] for page in pages for each in page["executions"]]


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(read_states(), read_measured(), read_assumptions(), read_prices())


def delivery_of(messages: Sequence[QueueMessage]) -> Delivery:
    """What the model needs to know of an execution, worked out from what was delivered."""
    keys = [log.key for message in messages for log in read_notification(message.body).logs]
    file = io.BytesIO()
    documents = []
    for key in keys:
        raw = list(raw_records(BODIES[key]))
        staging.write_records(staging.LogHeader("bucket", key, "2026-09-01T00:05:00Z"), raw, file)
        lines = b"\n".join(record for some in raw for record in some)
        documents.append(list(build_documents(lines, f"s3://bucket/{key}")))
    batches = [len(batch.body) for batch in pack(documents, search_backend().batch_format, lambda _: None)]
    size = file.tell()
    return Delivery(
        messages=len(messages),
        logs=len(keys),
        batches=len(batches),
        staging_puts=staging_puts(size),
        staged_bytes=size,
        batch_bytes=sum(batches),
    )


def test_the_model_counts_exactly_what_was_done(ran: Ran, model: Model) -> None:
    deliveries = [delivery_of(messages) for messages in ran.inputs]
    # Else this would show less than it says: a delivery of several messages, and several batches.
    assert max(each.messages for each in deliveries) > 1
    assert max(each.batches for each in deliveries) > 1
    assert sum(each.logs for each in deliveries) == len(LOGS)
    # As the local environment does, which keeps a ledger.
    settings = msgspec.structs.replace(
        read_settings("prod"), search_backend=Backend.CLOUDSEARCH, keep_ledger=True
    )
    modelled = sum((count(each, settings, model) for each in deliveries), start=Counts())
    assert {name: getattr(modelled, name) for name in COUNTED} == ran.counts


def test_terraform_made_as_many_alarms_and_keys_as_the_model_has(pipeline: Pipeline, model: Model) -> None:
    there = model.measured.resources
    # This deployment also takes logs of others. The alarms of their sources are not in the model, those of the audit apart.
    resources = {
        address: values
        for address, values in pipeline.deployment.resources().items()
        if "-on-" not in address and "-in-" not in address
    }
    audit = {address: resources.pop(address) for address in [*resources] if "audit" in address}
    counted = count_resources(audit)
    assert (counted["alarm_metrics"], counted["dashboards"]) == (AUDIT_ALARM_METRICS, AUDIT_DASHBOARDS)
    assert count_resources(resources) == {
        "alarm_metrics": there.alarm_metrics[Backend(pipeline.outputs["search_backend"])],
        "dashboards": there.dashboards,
        "kms_keys": there.kms_keys,
    }


def test_a_known_log_is_as_large_as_it_says() -> None:
    """The logs of this test are what their shapes say; else the counts above would be of something else."""
    records = [len(json.loads(gzip.decompress(log.body))["Records"]) for log in LOGS]
    assert records == [size for logs, size in SHAPES for _ in range(logs)]
