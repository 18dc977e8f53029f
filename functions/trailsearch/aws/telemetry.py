"""Structured logs and metrics, by Powertools for AWS Lambda.

Metrics are CloudWatch embedded metric format in the function's log
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html),
in the namespace ``Trailsearch``, with the dimensions ``service`` (the function) and ``environment``; ``LogsFetched`` and
``ObjectsIgnored`` also have the dimension ``bucket``, ``ObjectsIgnored`` beside what all buckets have together.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar

import msgspec
from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from trailsearch.contracts.errors import DocumentsNotIndexed, TrailsearchError
from trailsearch.contracts.messages import (
    BatchRef,
    DeadLetter,
    Deletion,
    Indexed,
    Parts,
    Work,
    short_cause,
)

_Event = TypeVar("_Event", dict[str, Any], list[dict[str, Any]])
Handler = Callable[[_Event, Any], _Event]

logger = Logger()
metrics = Metrics()


def observed(handler: Handler[_Event]) -> Handler[_Event]:
    """Wrap a Lambda handler.

    Every log line says which execution it is for. Metrics are written when the handler is done; one of
    them counts each of Trailsearch's own errors under its name. An error that nobody foresaw is logged in
    the same form, with its traceback. The log has all that an error says; the workflow gets it in short.
    """

    @wraps(handler)
    def observing(event: _Event, context: Any) -> _Event:
        # An array is a batch of the Pipe's, of which there is no execution yet.
        if isinstance(event, dict):
            logger.append_keys(execution=event.get("execution"))
        try:
            return handler(event, context)
        except TrailsearchError as error:
            logger.warning("failed", error=type(error).__name__, cause=str(error))
            metrics.add_metric(type(error).__name__, MetricUnit.Count, 1)
            raise
        except Exception as error:
            logger.exception("crashed", error=type(error).__name__, cause=str(error))
            raise

    with_metrics: Handler[_Event] = metrics.log_metrics(observing, default_dimensions=_dimensions())
    with_logger: Handler[_Event] = logger.inject_lambda_context(with_metrics, clear_state=True)

    @wraps(handler)
    def answering(event: _Event, context: Any) -> _Event:
        try:
            with warnings.catch_warnings():
                # Of most batches of the Pipe there is nothing to measure.
                warnings.filterwarnings("ignore", "No application metrics to publish")
                return with_logger(event, context)
        except Exception as error:  # noqa: BLE001  # Whatever it is, it goes on under its name.
            raise _in_short(error) from None

    return answering


def _in_short(error: Exception) -> Exception:
    """Give an error of the same name that says no more than what failed can take along (``short_cause``).

    It is a new one: Lambda writes the traceback of an error beside what it says.
    """
    if isinstance(error, DocumentsNotIndexed):
        return DocumentsNotIndexed(str(error))  # Read by the state machine, and made to fit.
    if isinstance(error, TrailsearchError):
        return type(error)(short_cause(error))
    namesake: type[Exception] = type(type(error).__name__, (Exception,), {})
    return namesake(short_cause(error))


def _dimensions() -> dict[str, str]:
    return {"environment": os.environ.get("ENVIRONMENT", "unknown")}


def report_admitted(messages: int, set_aside: int) -> None:
    """Log a batch of the Pipe's, if some of its messages were large; nothing where nothing is unusual."""
    if set_aside:
        logger.info("set aside", messages=messages, set_aside=set_aside)


def report_work(message: str, work: Work, counted: Mapping[str, int]) -> None:
    """Log what Fetch Logs or Split Records did; ``counted`` become metrics of unit Count."""
    _log_dead_letters(work.dead_letters)
    logger.info(
        message,
        counts=msgspec.to_builtins(work.counts),
        records=work.records and work.records.uri,
        batches=len(work.batches),
    )
    for name, value in counted.items():
        metrics.add_metric(name, MetricUnit.Count, value)


def report_logs_fetched(by_bucket: Mapping[str, int]) -> None:
    """Measure how many logs of each bucket were fetched.

    A bucket that is never fetched from has no metric, and costs nothing for one: what is announced may name any.
    """
    for bucket, logs in by_bucket.items():
        with single_metric("LogsFetched", MetricUnit.Count, logs, default_dimensions=_dimensions()) as metric:
            metric.add_dimension("bucket", bucket)


def report_ignored(objects: Mapping[str, int], messages: int) -> None:
    """Measure how many objects of each bucket are no CloudTrail logs by their key, and how many messages were of others.

    Where nothing is ignored there is no metric, and nothing to pay for one. A bucket that has objects here has
    ``LogsFetched`` too, 0 if need be, so that an alarm can compare the two.
    """
    for bucket, count in objects.items():
        with single_metric(
            "ObjectsIgnored", MetricUnit.Count, count, default_dimensions=_dimensions()
        ) as metric:
            metric.add_dimension("bucket", bucket)
    if total := sum(objects.values()):
        metrics.add_metric("ObjectsIgnored", MetricUnit.Count, total)
    if messages:
        metrics.add_metric("MessagesIgnored", MetricUnit.Count, messages)


def report_parts(parts: Parts) -> None:
    """Log a message that was taken apart, because a step failed on it."""
    logger.info("taken apart", parts=len(parts.messages), announced=parts.announced)
    metrics.add_metric("MessagesTakenApart", MetricUnit.Count, 1)


def report_indexed(batch: BatchRef, indexed: Indexed) -> None:
    """Log one indexed batch, and measure it.

    The lag is that of the batch's oldest event: from when it happened, and from when CloudTrail delivered
    its log, to now.
    """
    _log_dead_letters(indexed.dead_letters)
    logger.info("indexed", batch=batch.uri, documents=indexed.documents, bytes=batch.bytes)
    metrics.add_metric("EventsIndexed", MetricUnit.Count, indexed.documents)
    metrics.add_metric("BatchesIndexed", MetricUnit.Count, 1)
    metrics.add_metric("BytesIndexed", MetricUnit.Bytes, batch.bytes)
    metrics.add_metric("DocumentsRefused", MetricUnit.Count, batch.documents - indexed.documents)
    for name, since in (
        ("IndexingLagFromEvent", batch.oldest_event_time),
        ("IndexingLagFromDelivery", batch.oldest_delivery_time),
    ):
        if since:
            lag = datetime.now(UTC) - datetime.fromisoformat(since)
            metrics.add_metric(name, MetricUnit.Seconds, max(0.0, lag.total_seconds()))


def report_deletion(deletion: Deletion, earlier: Deletion) -> None:
    """Log one round of deleting expired events, and measure what it has found gone since the ``earlier`` one."""
    logger.info("deleted", deletion=msgspec.to_builtins(deletion))
    metrics.add_metric("EventsDeleted", MetricUnit.Count, deletion.documents - earlier.documents)


def report_planned(step: str, found: Mapping[str, Any], logs: int = 0) -> None:
    """Log what a step of planning a backfill has found, and measure how many logs of these are new."""
    logger.info("planned", step=step, found=found)
    metrics.add_metric("LogsPlanned", MetricUnit.Count, logs)


def report_share(share: int, found: Mapping[str, Any], problems: Iterable[str]) -> None:
    """Log what was found of a share of an audit, what is not well line by line."""
    for problem in problems:
        logger.warning("not well", share=share, problem=problem)
    logger.info("audited", share=share, found=found)


def report_audit(summary: Mapping[str, Any], counted: Mapping[str, int]) -> None:
    """Log what an audit has found in all; ``counted`` become metrics of unit Count.

    Each execution looks at several hours, of which the one before it has seen most: its figures are those of these hours,
    and no sum of several executions.
    """
    logger.info("audit", summary=summary)
    for name, value in counted.items():
        metrics.add_metric(name, MetricUnit.Count, value)


def _log_dead_letters(dead_letters: Iterable[DeadLetter]) -> None:
    for dead_letter in dead_letters:
        logger.warning("dead-lettered", kind=dead_letter.kind, reason=msgspec.to_builtins(dead_letter.error))
