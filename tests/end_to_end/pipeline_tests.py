"""What holds of a pipeline on every search backend: logs that are delivered become searchable, through everything that Terraform made."""

import gzip
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx2
import pytest

from tests.chaos.backends import BACKENDS
from tests.demo.backends import DEMOS
from tests.end_to_end.conftest import Pipeline
from tests.local_cloud.pipeline.cloudtrail_delivery import Delivered, Log, deliver
from tests.local_cloud.pipeline.idle import wait_until_idle
from tests.local_cloud.process import ACCOUNT_ID
from tests.log_generator import generate_logs
from trailsearch.cli.dead_letters.dead_letter_queue import peek
from trailsearch.cli.environment import Environment, Queue
from trailsearch.cli.status.observe import metric_queries
from trailsearch.contracts.errors import SearchAccessDenied, SearchThrottled, SearchUnavailable
from trailsearch.contracts.messages import DeadLetter, Kind
from trailsearch.logs.notifications import Ignored
from trailsearch.search import Backend
from trailsearch.search.queries import EVERYTHING, MAX_PAGE, Answer, Query

PREFIX = "AWSLogs/111122223333/CloudTrail/us-east-1/2014/09/01"
GOOD = [
    Log(log.key, log.body) for log in generate_logs(seed=1, logs=12, start=datetime(2014, 9, 1, tzinfo=UTC))
]
STRANGE_RECORDS: list[Any] = [
    {"eventID": "strange-1", "eventName": "Emoji", "userAgent": "😀 \x07 \ufffe"},
    {"eventID": "strange-2", "eventName": "Deep", "requestParameters": json.loads("[" * 60 + "]" * 60)},
    {"eventID": "strange-3", "eventName": "Number", "requestParameters": {"n": 10**40}},
    {"eventID": "strange-4", "eventName": "NoTime"},
    {"eventID": "strange-5", "eventName": "LoneSurrogate", "userAgent": "\ud800"},
    {"eventName": "NoId", "eventTime": "2014-09-01T00:00:00Z"},
    {"eventName": "NeitherIdNorTime"},
    {"eventID": "too-large", "eventName": "TooLarge", "requestParameters": {"text": "x" * 11_000_000}},
]
STRANGE_BODY = json.dumps(
    {"Records": STRANGE_RECORDS}, separators=(",", ":")
).encode()  # As CloudTrail writes it.
STRANGE = Log(f"{PREFIX}/strange.json.gz", gzip.compress(STRANGE_BODY))
CORRUPT = Log(f"{PREFIX}/corrupt.json.gz", GOOD[0].body[:-50])
NO_RECORDS = Log(f"{PREFIX}/no-records.json.gz", gzip.compress(b'{"events":[]}'))
MISSING = f"{PREFIX}/missing.json.gz"


def json_lines(pipeline: Pipeline, log_group: str) -> list[dict[str, Any]]:
    events = pipeline.client("logs").filter_log_events(logGroupName=log_group)["events"]
    return [json.loads(event["message"]) for event in events if event["message"].startswith("{")]


FUNCTION_LOG_GROUPS = [
    f"/aws/lambda/trailsearch-local-{function}" for function in ("fetch-logs", "split-records", "index-batch")
]


def leaves(value: Any, name: str) -> Iterator[str]:
    """The fields that Logs Insights finds in an object."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{name}.{key}" if name else key)
    else:
        yield name


QUERY_WORDS = {
    "fields",
    "filter",
    "stats",
    "sort",
    "limit",
    "display",
    "parse",
    "by",
    "as",
    "in",
    "or",
    "and",
} | {*("like", "asc", "desc")}


def fields_of(query: str) -> set[str]:
    """The fields that a query of Logs Insights reads, but for those that begin with @, which are Insights' own."""
    code = re.sub(r"""#.*|/[^/\n]+/|"[^"]*\"""", " ", query)
    own_names = {*re.findall(r"\bas (\w+)", code), *re.findall(r"\(\?<(\w+)>", query)}
    words = re.findall(r"(?<![\w@.])[A-Za-z_][\w.]*+(?!\()", code)
    return set(words) - QUERY_WORDS - own_names


@contextmanager
def serving_page(pipeline: Pipeline) -> Iterator[httpx2.Client]:
    """Run ``make ui``, and open its link."""
    with subprocess.Popen(
        [sys.executable, "-m", "trailsearch.page.ui", "--env", "local", "--port", "0", "--no-open"],
        env=pipeline.variables,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout
        link = httpx2.URL(process.stdout.readline().split()[-1])
        with httpx2.Client(
            base_url=link.copy_with(path="/", query=None), timeout=60, trust_env=False
        ) as page:
            page.get(f"/?{link.query.decode()}")
            yield page
        process.send_signal(signal.SIGINT)


class PipelineTests:
    """A class of tests for each backend is a subclass of this one, with its own queries; `pipeline` is the deployment beside it."""

    backend: ClassVar[Backend]
    emoji: ClassVar[str]
    """The query that finds the event with an emoji."""
    bad_query: ClassVar[tuple[str, str]]
    """A query that the domain does not take, and what it says then."""

    @pytest.fixture(scope="class")
    @classmethod
    def delivered(cls, pipeline: Pipeline) -> Delivered:
        """Good logs, one of strange records, a corrupt one, one without records, a missing one, and a message that is no notification."""
        s3, sns, outputs = pipeline.client("s3"), pipeline.client("sns"), pipeline.outputs
        bucket, topic = outputs["log_bucket_names"][0], outputs["topic_arn"]
        *_, counted = deliver([*GOOD, STRANGE], s3, sns, bucket, topic)
        for bad in (CORRUPT, NO_RECORDS):
            s3.put_object(Bucket=bucket, Key=bad.key, Body=bad.body)
        for message in (
            json.dumps({"s3Bucket": bucket, "s3ObjectKey": [CORRUPT.key, NO_RECORDS.key, MISSING]}),
            "CloudTrail validation message.",
            "hello",
        ):
            sns.publish(TopicArn=topic, Message=message)
        wait_until_idle(pipeline.client("sqs"), pipeline.client("stepfunctions"), outputs)
        return counted

    @pytest.fixture(scope="class")
    @classmethod
    def dead_letters(cls, pipeline: Pipeline, delivered: Delivered) -> dict[Kind, list[DeadLetter]]:
        """What waits in the dead-letter queue, and goes on waiting."""
        found: dict[Kind, list[DeadLetter]] = {}
        with peek(Queue(pipeline.client("sqs"), pipeline.outputs["dead_letter_queue_url"], "")) as received:
            for message, _ in received:
                dead_letter = DeadLetter.from_body(message["Body"])
                assert dead_letter is not None
                found.setdefault(dead_letter.kind, []).append(dead_letter)
        return found

    def search(self, pipeline: Pipeline, query: str, size: int = 10, facets: Sequence[str] = ()) -> Answer:
        tested = pipeline.under_test()
        tested.show_all()
        return tested.domain.search(Query(query, size=size, facets=facets))

    def test_every_good_event_is_found(self, pipeline: Pipeline, delivered: Delivered) -> None:
        events = self.search(pipeline, EVERYTHING, size=MAX_PAGE).events
        assert {event["id"] for event in events} == delivered.event_ids - {"too-large"}
        assert len(events) == len(delivered.event_ids) - 1

    def test_every_record_is_kept_as_it_was_delivered(self, pipeline: Pipeline, delivered: Delivered) -> None:
        found = {
            event["id"]: json.loads(event["raw"])
            for event in self.search(pipeline, EVERYTHING, size=MAX_PAGE).events
        }
        records = {
            record["eventID"]: record
            for log in (*GOOD, STRANGE)
            for record in json.loads(gzip.decompress(log.body))["Records"]
            if record.get("eventID", "too-large") != "too-large"
        }
        assert len(records) > 100
        assert {event: found.get(event) for event in records} == records

    def test_what_is_found_is_the_record_that_was_delivered(
        self, pipeline: Pipeline, delivered: Delivered
    ) -> None:
        (event,) = self.search(pipeline, self.emoji).events
        assert json.loads(event["raw"]) == STRANGE_RECORDS[0]
        assert event["log_file"] == f"s3://{pipeline.outputs['log_bucket_names'][0]}/{STRANGE.key}"

    def test_what_is_bad_is_dead_lettered_with_its_reason(
        self, dead_letters: dict[Kind, list[DeadLetter]]
    ) -> None:
        logs = {letter.log.key: letter.error for letter in dead_letters[Kind.LOG] if letter.log}
        assert {key: error.error for key, error in logs.items()} == {
            CORRUPT.key: "LogCorrupt",
            NO_RECORDS.key: "LogWithoutRecords",
            MISSING: "LogNotFound",
        }
        assert CORRUPT.key in logs[CORRUPT.key].cause
        (message,) = dead_letters[Kind.MESSAGE]
        assert message.message
        assert message.message.body == "hello"
        (documents,) = dead_letters[Kind.DOCUMENTS]
        assert documents.error.error == "DocumentTooLarge"
        assert "too-large" in documents.error.cause

    def test_the_dead_lettered_document_is_staged_as_a_batch(
        self, pipeline: Pipeline, dead_letters: dict[Kind, list[DeadLetter]]
    ) -> None:
        (documents,) = dead_letters[Kind.DOCUMENTS]
        assert documents.batch
        staged = (
            pipeline.client("s3")
            .get_object(Bucket=documents.batch.bucket, Key=documents.batch.key)["Body"]
            .read()
        )
        ((document_id, fields),) = BACKENDS[self.backend].documents_in(staged)
        assert document_id == "too-large"
        assert json.loads(fields["raw"]) == STRANGE_RECORDS[-1]

    def test_executions_end_green_or_say_what_failed(self, pipeline: Pipeline, delivered: Delivered) -> None:
        client = pipeline.client("stepfunctions")
        executions = client.list_executions(stateMachineArn=pipeline.outputs["state_machine_arn"])[
            "executions"
        ]
        failed = [
            client.describe_execution(executionArn=e["executionArn"])
            for e in executions
            if e["status"] != "SUCCEEDED"
        ]
        assert {execution["status"] for execution in executions} == {"SUCCEEDED", "FAILED"}
        assert {execution["error"] for execution in failed} == {"SomeWorkDeadLettered"}
        assert any(CORRUPT.key in execution["cause"] for execution in failed)

    def test_the_queries_of_the_original_solution_answer(
        self, pipeline: Pipeline, delivered: Delivered
    ) -> None:
        for query in DEMOS[self.backend].queries:
            answer = self.search(pipeline, query, facets=["event_source", "event_name"])
            assert answer.found > 0
            assert 0 < sum(answer.facets["event_source"].values()) <= answer.found

    def test_metrics_and_structured_logs_reach_cloudwatch(
        self, pipeline: Pipeline, delivered: Delivered
    ) -> None:
        lines = json_lines(pipeline, "/aws/lambda/trailsearch-local-index-batch")
        indexed = [line for line in lines if "_aws" in line]
        assert sum(sum(line["EventsIndexed"]) for line in indexed) == len(delivered.event_ids) - 1
        assert all(
            {"IndexingLagFromDelivery", "BytesIndexed", "BatchesIndexed"} <= line.keys() for line in indexed
        )
        assert any(
            line.get("message") == "indexed" and line["execution"].startswith("arn:") for line in lines
        )

    def test_dashboard_and_alarms_show_what_the_functions_measure(
        self, pipeline: Pipeline, delivered: Delivered
    ) -> None:
        cloudwatch = pipeline.client("cloudwatch")
        dashboard = json.loads(cloudwatch.get_dashboard(DashboardName="trailsearch-local")["DashboardBody"])
        on_dashboard = {
            (name, *dimensions)
            for widget in dashboard["widgets"]
            for namespace, name, *dimensions, _ in (
                metric for metric in widget["properties"].get("metrics", []) if len(metric) > 1
            )
            if namespace == "Trailsearch"
        }
        in_alarms = {
            (metric["MetricName"], *(value for each in dimensions for value in (each["Name"], each["Value"])))
            for alarm in cloudwatch.describe_alarms()["MetricAlarms"]
            for query in alarm.get("Metrics", [])
            if (metric := query.get("MetricStat", {}).get("Metric")) and metric["Namespace"] == "Trailsearch"
            if (dimensions := sorted(metric["Dimensions"], key=lambda each: str(each["Name"])))
            # The audit has a dashboard of its own (terraform/tests/audit.tftest.hcl).
            if {"Name": "service", "Value": "audit_logs"} not in dimensions
        }
        measured = {
            (metric["Name"], *(value for name in sorted(set_of) for value in (name, line[name])))
            for group in FUNCTION_LOG_GROUPS
            for line in json_lines(pipeline, group)
            for measurement in line.get("_aws", {}).get("CloudWatchMetrics", [])
            for set_of in measurement["Dimensions"]
            for metric in measurement["Metrics"]
        }
        # Those that did not happen here are errors, which are measured under their names.
        of_errors = {
            (error.__name__, "environment", "local", "service", "index_batch")
            for error in (SearchThrottled, SearchUnavailable, SearchAccessDenied)
        }
        # Nothing is deleted before its time has come: test_retention.py measures that.
        of_retention = {("EventsDeleted", "environment", "local", "service", "delete_expired")}
        # Nothing comes from the buckets of others here.
        logs_fetched = {
            bucket: ("LogsFetched", "bucket", bucket, "environment", "local", "service", "fetch_logs")
            for bucket in pipeline.outputs["log_bucket_names"]
        }
        own_bucket, *others_buckets = logs_fetched
        own = logs_fetched[own_bucket]
        others = {logs_fetched[bucket] for bucket in others_buckets} | {
            ("ObjectsIgnored", "bucket", bucket, "environment", "local", "service", "fetch_logs")
            for bucket in others_buckets
        }
        # Nobody else publishes here, and all objects are logs.
        ignored = {
            (name, "environment", "local", "service", "fetch_logs")
            for name in ("ObjectsIgnored", "MessagesIgnored")
        }
        assert on_dashboard - of_errors - of_retention - others - ignored <= measured
        assert {*of_errors, *others} <= on_dashboard
        assert own in measured
        assert ("IndexingLagFromDelivery", "environment", "local", "service", "index_batch") in in_alarms
        assert {own, *others} <= in_alarms
        assert in_alarms <= on_dashboard

    def test_saved_queries_ask_for_fields_that_the_logs_have(
        self, pipeline: Pipeline, delivered: Delivered
    ) -> None:
        saved = pipeline.client("logs").describe_query_definitions(
            queryDefinitionNamePrefix="trailsearch-local/"
        )
        asked = {each["name"]: fields_of(each["queryString"]) for each in saved["queryDefinitions"]}
        written = {
            field
            for group in FUNCTION_LOG_GROUPS
            for line in json_lines(pipeline, group)
            for field in leaves(line, "")
        }
        ignored = {f"counts.ignored.{reason}" for reason in Ignored}
        assert ignored < asked["trailsearch-local/ignored-messages"]
        assert "counts.ignored.validation_message" in written
        # No function failed here; what it logs then is in the unit tests of telemetry.
        of_errors = {"error", "cause"}
        assert of_errors < asked["trailsearch-local/errors"]
        assert set().union(*asked.values()) - ignored - of_errors <= written

    def test_make_search_prints_tables_and_excerpts_and_what_the_domain_says_of_a_bad_query(
        self, pipeline: Pipeline, delivered: Delivered
    ) -> None:
        found = pipeline.run(
            "trailsearch.cli.search.search",
            "--env",
            "local",
            "--query",
            self.emoji,
            "--facets",
            "event_name",
        )
        assert found.returncode == 0
        assert "1 event found" in found.stdout
        assert "Emoji" in found.stdout
        marked = pipeline.run(
            "trailsearch.cli.search.search",
            *("--env", "local", "--query", "emoji", "--parser", "simple", "--highlight"),
        )
        assert marked.returncode == 0, marked.stderr
        assert re.search(r"^  raw: .*\*emoji\*", marked.stdout, re.MULTILINE | re.IGNORECASE)
        query, said = self.bad_query
        refused = pipeline.run("trailsearch.cli.search.search", "--env", "local", "--query", query)
        assert refused.returncode == 1
        assert said in refused.stderr
        unknown = pipeline.run("trailsearch.cli.search.search", "--env", "nowhere")
        assert unknown.returncode == 1
        assert "trailsearch-nowhere does not exist" in unknown.stderr

    def test_make_status_shows_what_waits_and_why(
        self, pipeline: Pipeline, delivered: Delivered, dead_letters: dict[Kind, list[DeadLetter]]
    ) -> None:
        run = pipeline.run("trailsearch.cli.status.status", "--env", "local", "--json")
        assert run.returncode == 0, run.stderr
        status = json.loads(run.stdout)
        assert status["well"] is False
        assert status["problems"][0].startswith("5 dead letters wait")
        assert "cannot_be_read" not in run.stdout
        assert status["ingest_queue"] == {"waiting": 0, "in_flight": 0, "delayed": 0}
        assert status["pipe"]["current_state"] == "RUNNING"
        assert status["search_domain"]["documents"] == len(delivered.event_ids) - 1
        assert status["metrics"]["events_indexed"] == len(delivered.event_ids) - 1
        assert (
            0
            <= status["metrics"]["lag_from_delivery"]["p50"]
            <= status["metrics"]["lag_from_delivery"]["p99"]
        )
        assert status["executions"]["statuses"].keys() == {"SUCCEEDED", "FAILED"}
        assert {each["error"] for each in status["executions"]["last"]} == {None, "SomeWorkDeadLettered"}
        succeeded = [each for each in status["executions"]["last"] if each["status"] == "SUCCEEDED"]
        assert max(each["events"] for each in succeeded) > 0
        printed = pipeline.run("trailsearch.cli.status.status", "--env", "local").stdout
        assert printed.startswith("✗ 5 dead letters wait")
        assert status["executions"]["last"][0]["name"] in printed

    def test_the_search_page_says_what_the_terminal_says(
        self, pipeline: Pipeline, delivered: Delivered
    ) -> None:
        with serving_page(pipeline) as page:
            found = page.get("/api/search", params={"q": "emoji"}).json()
            assert (found["found"], found["events"][0]["event_name"]) == (1, "Emoji")
            assert any(match for _, match in found["highlights"][0]["raw"][0])
            everything = self.search(pipeline, EVERYTHING, size=0).found
            assert page.get("/api/search").json()["found"] == everything
            hits = page.get("/api/export", params={"format": "json"}).text.splitlines()
            assert len(hits) == everything
            status = page.get("/api/status").json()
            waiting = page.get("/api/dead-letters").json()
            assert waiting["waiting"] == status["dead_letter_queue"]["waiting"] == len(waiting["letters"]) > 0
            assert all(letter["reason"] for letter in waiting["letters"])

    def test_make_status_asks_for_metrics_that_the_dashboard_shows(self, pipeline: Pipeline) -> None:
        dashboard = pipeline.client("cloudwatch").get_dashboard(DashboardName="trailsearch-local")
        shown = {
            (*names, *sorted(zip(dimensions[::2], dimensions[1::2], strict=True)), options["stat"])
            for widget in json.loads(dashboard["DashboardBody"])["widgets"]
            for *metric, options in widget["properties"].get("metrics", [])
            if metric  # Expressions have no names.
            for names, dimensions in [(metric[:2], metric[2:])]
        }
        asked_for = {
            query["Id"]: (
                query["MetricStat"]["Metric"]["Namespace"],
                query["MetricStat"]["Metric"]["MetricName"],
                *sorted(
                    (each["Name"], each["Value"]) for each in query["MetricStat"]["Metric"]["Dimensions"]
                ),
                query["MetricStat"]["Stat"],
            )
            for query in metric_queries(Environment("local"), ACCOUNT_ID)
        }
        # It asks for those of every backend, as it does not know yet which one the environment has.
        others = tuple(f"{backend}_" for backend in Backend if backend is not self.backend)
        not_shown = {name for name, metric in asked_for.items() if metric not in shown}
        assert {name for name in not_shown if not name.startswith(others)} == {"dead_letter_age"}
        assert any(name.startswith(f"{self.backend}_") for name in asked_for)

    def test_what_waits_is_listed_and_redriven_and_what_is_still_bad_comes_back(
        self, pipeline: Pipeline, dead_letters: dict[Kind, list[DeadLetter]]
    ) -> None:
        listed = json.loads(
            pipeline.run("trailsearch.cli.dead_letters.dlq", "--env", "local", "--json").stdout
        )
        assert sorted(letter["kind"] for letter in listed) == ["documents", "log", "log", "log", "message"]
        # What was missing is there now.
        bucket = pipeline.outputs["log_bucket_names"][0]
        pipeline.client("s3").put_object(Bucket=bucket, Key=MISSING, Body=GOOD[0].body)
        mended = pipeline.run(
            "trailsearch.cli.dead_letters.redrive", "--env", "local", "--reason", "missing.json.gz"
        )
        assert mended.returncode == 0, mended.stdout + mended.stderr
        assert "1 sent back" in mended.stdout
        assert "Nothing came back" in mended.stdout
        again = pipeline.run("trailsearch.cli.dead_letters.redrive", "--env", "local")
        assert again.returncode == 1, again.stdout + again.stderr
        assert "4 sent back" in again.stdout
        assert "Came back" in again.stdout
        listed = json.loads(
            pipeline.run("trailsearch.cli.dead_letters.dlq", "--env", "local", "--json").stdout
        )
        assert sorted((letter["kind"], letter["attempts"]) for letter in listed) == [
            ("documents", 2),
            ("log", 2),
            ("log", 2),
            ("message", 2),
        ]

    def test_large_messages_hold_up_none_of_those_beside_them_and_come_back_alone(
        self, pipeline: Pipeline, dead_letters: dict[Kind, list[DeadLetter]]
    ) -> None:
        """Within one window of the Pipe, with logs that were delivered before, under other keys."""
        s3, sqs, outputs = pipeline.client("s3"), pipeline.client("sqs"), pipeline.outputs
        bucket = outputs["log_bucket_names"][0]
        foreign = {"messageType": "ConfigurationItemChangeNotification", "configurationItem": '"' * 60_000}
        large = "large " + "é😀\\" * 28_000
        bodies = [json.dumps(foreign | {"more": "x" * size}) for size in (90_000, *[30_000] * 5)]
        keys = [f"{PREFIX}/beside-{at}.json.gz" for at in (0, 1)]
        for key, log in zip(keys, GOOD, strict=False):
            s3.put_object(Bucket=bucket, Key=key, Body=log.body)
        notifications = [json.dumps({"s3Bucket": bucket, "s3ObjectKey": [key]}) for key in keys]
        for body in (notifications[0], *bodies, large, notifications[1]):
            sqs.send_message(QueueUrl=outputs["ingest_queue_url"], MessageBody=body)
        wait_until_idle(sqs, pipeline.client("stepfunctions"), outputs)
        found = {
            event["id"]
            for event in self.search(pipeline, EVERYTHING, size=MAX_PAGE).events
            if event["log_file"] in {f"s3://{bucket}/{key}" for key in keys}
        }
        logs = [json.loads(gzip.decompress(log.body))["Records"] for log in GOOD[:2]]
        assert found == {record["eventID"] for records in logs for record in records}
        for attempts in (1, 2):
            listed = json.loads(
                pipeline.run("trailsearch.cli.dead_letters.dlq", "--env", "local", "--json").stdout
            )
            (waiting,) = [letter for letter in listed if letter["subject"].startswith("large ")]
            assert (waiting["error"], waiting["attempts"]) == ("MessageNotRecognized", attempts)
            assert len(listed) == 5
            redriven = pipeline.run(
                "trailsearch.cli.dead_letters.redrive", "--env", "local", "--reason", "large é"
            )
            assert "1 sent back" in redriven.stdout
            assert "Came back" in redriven.stdout

    def test_a_second_plan_is_empty(self, pipeline: Pipeline) -> None:
        assert pipeline.deployment.planned_changes() == []
