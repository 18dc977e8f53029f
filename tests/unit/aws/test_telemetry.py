import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.steps import ARN, LambdaContext, execution
from trailsearch.aws import telemetry
from trailsearch.aws.telemetry import (
    observed,
    report_ignored,
    report_indexed,
    report_logs_fetched,
    report_work,
)
from trailsearch.contracts.errors import DocumentRefused, DocumentsNotIndexed, SearchThrottled
from trailsearch.contracts.messages import BatchRef, Counts, Indexed, Kind, RecordsRef, Work

Observe = Callable[..., tuple[list[dict[str, Any]], list[dict[str, Any]]]]

BATCH = BatchRef("staging", "batches/run-1/00001.json", documents=5, bytes=5000)
REFUSED = execution("Index Batch").dead_letter(Kind.DOCUMENTS, DocumentRefused("e1: bad"), batch=BATCH)


@pytest.fixture
def dimensions() -> Iterator[None]:
    """Other dimensions than those with which the handlers were imported."""
    imported_with = dict(telemetry.metrics.default_dimensions)
    telemetry.metrics.clear_default_dimensions()
    telemetry.metrics.clear_metrics()
    yield
    telemetry.metrics.clear_default_dimensions()
    telemetry.metrics.clear_metrics()
    telemetry.metrics.set_default_dimensions(**imported_with)


@pytest.fixture
def observe(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    context: LambdaContext,
    dimensions: None,
) -> Observe:
    """Run something as a handler, and give its log lines and its metrics."""

    def run(
        body: Callable[[], None], arn: str = ARN, error: type[Exception] | None = None
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
            body()
            return {}

        log = io.StringIO()
        monkeypatch.setattr(telemetry.logger.registered_handler, "stream", log)
        capsys.readouterr()
        if error:
            with pytest.raises(error):
                observed(handler)({"execution": arn}, context)
        else:
            assert observed(handler)({"execution": arn}, context) == {}
        metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [json.loads(line) for line in log.getvalue().splitlines()], metrics

    return run


def units_of(metrics: dict[str, Any]) -> dict[str, str]:
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}


def test_metrics_are_in_the_namespace_with_function_and_environment(observe: Observe) -> None:
    _, (metrics,) = observe(lambda: report_work("fetched", Work(), {"RecordsFetched": 3, "Duplicates": 0}))
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Trailsearch"
    assert [sorted(dimensions) for dimensions in directive["Dimensions"]] == [["environment", "service"]]
    assert (metrics["environment"], metrics["service"]) == ("test", "test")
    assert units_of(metrics) == {"RecordsFetched": "Count", "Duplicates": "Count"}
    assert (metrics["RecordsFetched"], metrics["Duplicates"]) == ([3.0], [0.0])


def test_ignored_objects_are_measured_by_their_bucket_and_together(observe: Observe) -> None:
    _, measured = observe(lambda: report_ignored({"own-logs": 2, "central-logs": 1}, 4))
    assert {each.get("bucket"): each["ObjectsIgnored"] for each in measured} == {
        "own-logs": [2.0],
        "central-logs": [1.0],
        None: [3.0],
    }
    (together,) = [each for each in measured if "bucket" not in each]
    assert together["MessagesIgnored"] == [4.0]


def test_where_nothing_is_ignored_nothing_is_measured(observe: Observe) -> None:
    def report() -> None:
        report_work("fetched", Work(), {"RecordsFetched": 5})
        report_ignored({}, 0)

    _, (metrics,) = observe(report)
    assert not {"ObjectsIgnored", "MessagesIgnored"} & metrics.keys()


def test_fetched_logs_are_measured_by_their_bucket(observe: Observe) -> None:
    def report() -> None:
        report_work("fetched", Work(), {"RecordsFetched": 5})
        report_logs_fetched({"own-logs": 2, "central-logs": 1})

    _, measured = observe(report)
    by_bucket = {each["bucket"]: each for each in measured if "LogsFetched" in each}
    assert len(measured) == 1 + len(by_bucket)
    assert {bucket: each["LogsFetched"] for bucket, each in by_bucket.items()} == {
        "own-logs": [2.0],
        "central-logs": [1.0],
    }
    for each in by_bucket.values():
        (directive,) = each["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Trailsearch"
        (dimensions,) = directive["Dimensions"]
        assert {name: each[name] for name in dimensions if name != "bucket"} == {
            "environment": "test",
            "service": "test",
        }
        assert "bucket" in dimensions


def test_log_lines_are_json_and_say_the_execution(observe: Observe) -> None:
    work = Work(
        records=RecordsRef("staging", "records/run-1.ndjson", records=3, bytes=300),
        batches=(BATCH,),
        dead_letters=(REFUSED,),
        counts=Counts(messages=2, ignored={"digest_file": 1}),
    )
    (dead_lettered, fetched), _ = observe(lambda: report_work("fetched", work, {"RecordsFetched": 1}))
    assert (dead_lettered["level"], dead_lettered["message"]) == ("WARNING", "dead-lettered")
    assert dead_lettered["kind"] == "documents"
    assert dead_lettered["reason"] == {"Error": "DocumentRefused", "Cause": "e1: bad"}
    assert (fetched["level"], fetched["message"]) == ("INFO", "fetched")
    assert fetched["counts"] == {"messages": 2, "ignored": {"digest_file": 1}}
    assert fetched["records"] == "s3://staging/records/run-1.ndjson"
    assert fetched["batches"] == 1
    assert fetched["execution"] == dead_lettered["execution"] == ARN


def test_an_execution_is_not_carried_over_to_the_next_invocation(observe: Observe) -> None:
    report = lambda: report_work("fetched", Work(), {"RecordsFetched": 1})  # noqa: E731  # as short as it gets
    for arn in (ARN, ARN + "-next"):
        (line,), (metrics,) = observe(report, arn)
        assert line["execution"] == arn
        assert metrics["RecordsFetched"] == [1.0]


def test_an_indexed_batch_is_measured(observe: Observe) -> None:
    now = datetime.now(UTC)
    batch = BatchRef(
        *("staging", "batches/run-1/00001.json"),
        documents=5,
        bytes=5000,
        oldest_event_time=(now - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        oldest_delivery_time=(now - timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    (dead_lettered, line), (metrics,) = observe(
        lambda: report_indexed(batch, Indexed(documents=4, dead_letters=(REFUSED,)))
    )
    assert units_of(metrics) == {
        "EventsIndexed": "Count",
        "BatchesIndexed": "Count",
        "BytesIndexed": "Bytes",
        "DocumentsRefused": "Count",
        "IndexingLagFromEvent": "Seconds",
        "IndexingLagFromDelivery": "Seconds",
    }
    assert metrics["EventsIndexed"] == [4.0]
    assert metrics["BatchesIndexed"] == [1.0]
    assert metrics["BytesIndexed"] == [5000.0]
    assert metrics["DocumentsRefused"] == [1.0]
    assert metrics["IndexingLagFromEvent"] == [pytest.approx(600, abs=30)]
    assert metrics["IndexingLagFromDelivery"] == [pytest.approx(120, abs=30)]
    assert dead_lettered["reason"]["Cause"] == "e1: bad"
    assert (line["batch"], line["documents"], line["bytes"]) == (batch.uri, 4, 5000)


def test_no_lag_without_times_and_none_below_zero(observe: Observe) -> None:
    batch = BatchRef("s", "k", documents=1, bytes=1, oldest_event_time="2999-01-01T00:00:00.5Z")
    _, (metrics,) = observe(lambda: report_indexed(batch, Indexed(documents=1)))
    assert metrics["IndexingLagFromEvent"] == [0.0]
    assert "IndexingLagFromDelivery" not in metrics


def test_an_error_is_counted_under_its_name_and_logged_with_its_cause(observe: Observe) -> None:
    def throttled() -> None:
        raise SearchThrottled("HTTP 507: slow down")

    (line,), (metrics,) = observe(throttled, error=SearchThrottled)
    assert units_of(metrics) == {"SearchThrottled": "Count"}
    assert metrics["SearchThrottled"] == [1.0]
    assert (line["level"], line["message"], line["execution"]) == ("WARNING", "failed", ARN)
    assert (line["error"], line["cause"]) == ("SearchThrottled", "HTTP 507: slow down")


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_an_error_that_nobody_foresaw_is_logged_with_its_execution_and_traceback(observe: Observe) -> None:
    def crash() -> None:
        raise ZeroDivisionError("by nothing")

    (line,), metrics = observe(crash, error=Exception)
    assert (line["level"], line["message"], line["execution"]) == ("ERROR", "crashed", ARN)
    assert (line["error"], line["cause"]) == ("ZeroDivisionError", "by nothing")
    assert "Traceback" in line["exception"]
    assert metrics == []


def answer_of(error: Exception) -> dict[str, Any]:
    """What Lambda's runtime answers where a handler raises this error, deep within."""

    def fail(depth: int) -> dict[str, Any]:
        if depth:
            return fail(depth - 1)
        raise error

    answers: list[str] = []
    bootstrap = pytest.importorskip("awslambdaric.bootstrap")
    marshaller = pytest.importorskip("awslambdaric.lambda_runtime_marshaller").LambdaMarshaller()
    client = SimpleNamespace(
        marshaller=marshaller, post_invocation_error=lambda _id, answer, *_: answers.append(answer)
    )
    bootstrap.handle_event_request(
        lambda_runtime_client=client,
        request_handler=observed(lambda _event, _context: fail(20)),
        invoke_id="3eab6845-0000-0000-0000-000000000000",
        event_body=b"{}",
        content_type="application/json",
        client_context_json=None,
        cognito_identity_json=None,
        invoked_function_arn="arn:aws:lambda:us-east-1:111122223333:function:step",
        epoch_deadline_time_in_ms=0,
        tenant_id=None,
        log_sink=SimpleNamespace(log_error=lambda _lines: None),
    )
    (answer,) = answers
    read: dict[str, Any] = json.loads(answer)
    return read | {"characters": len(answer)}


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
@pytest.mark.parametrize(
    "error",
    [
        SearchThrottled("x" * 5_000),
        ZeroDivisionError("x" * 5_000),
        KeyError("x" * 5_000),
        UnicodeDecodeError("utf-8", b"x" * 5_000, 0, 1, "x" * 5_000),
        json.JSONDecodeError("x" * 5_000, "doc", 0),
    ],
)
def test_the_workflow_gets_the_name_of_an_error_and_the_beginning_of_what_it_says(
    error: Exception, dimensions: None, context: LambdaContext
) -> None:
    answer = answer_of(error)
    assert answer["errorType"] == type(error).__name__
    assert answer["errorMessage"] == str(error)[:500]
    assert answer["characters"] < 900, "without the traceback, which the log has"


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_dead_letters_that_come_as_an_error_come_whole(dimensions: None, context: LambdaContext) -> None:
    letters = json.dumps([{"cause": "x" * 500}] * 5)
    answer = answer_of(DocumentsNotIndexed(letters))
    assert (answer["errorType"], answer["errorMessage"]) == ("DocumentsNotIndexed", letters)
