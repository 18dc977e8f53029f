import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import boto3
import msgspec
import pytest
from click.testing import CliRunner, Result

import audit_logs
from tests.conftest import REPOSITORY
from tests.local_cloud.faults import ErrorAnswer, FaultControl, Match, Rule
from tests.local_cloud.process import LocalCloud
from trailsearch.cli.console import Console
from trailsearch.cli.environment import Environment
from trailsearch.cli.status import status as showing
from trailsearch.cli.status.observe import (
    ALARM_NAMES,
    ALARM_NAMES_OF_SOURCES,
    AUDIT_METRICS,
    audit_of,
    execution,
    growth_of,
    growth_queries,
    metric_queries,
    metrics_of,
    read_alarms,
    read_executions,
)
from trailsearch.cli.status.pipeline_status import (
    HIGH_LAG_SECONDS,
    OLD_MESSAGE_SECONDS,
    Alarms,
    Audit,
    Execution,
    Executions,
    Metrics,
    Percentiles,
    Pipe,
    PipelineStatus,
    Queue,
    SearchDomain,
    Unreadable,
    duration,
    problems,
)
from trailsearch.cli.status.room import Growth
from trailsearch.cli.status.search_metrics import NAMESPACES, SEARCH_METRICS
from trailsearch.cli.status.status import print_status, status
from trailsearch.search import Backend

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EMPTY, BUSY = Queue(0, 0, 0), Queue(1_200, 30, 0)
DOMAIN = SearchDomain(
    documents=2_502,
    instance_type="search.small",
    instance_count=1,
    partition_count=1,
    processing=False,
    requires_index_documents=False,
)
CLUSTER = SearchDomain(
    documents=2_502,
    instance_type="or2.medium.search",
    instance_count=3,
    partition_count=None,
    processing=False,
    requires_index_documents=False,
    volume_gib=100,
)
SUCCEEDED = Execution(name="name-1", status="SUCCEEDED", started_at="2026-01-02T03:04:05.678Z", seconds=3.4)
LAG = Percentiles(3.0, 62.0)
WELL = PipelineStatus(
    environment="test",
    ingest_queue=EMPTY,
    dead_letter_queue=EMPTY,
    pipe=Pipe("RUNNING", "RUNNING"),
    executions=Executions({"SUCCEEDED": 8, "RUNNING": 1}, (SUCCEEDED,)),
    metrics=Metrics(events_indexed=2_502.0, lag_from_delivery=LAG, lag_from_event=LAG),
    search_domain=DOMAIN,
    growth=Growth(),
    alarms=Alarms(2, ()),
)


def changed(**changes: Any) -> PipelineStatus:
    return msgspec.structs.replace(WELL, **changes)


def printed(observed: PipelineStatus, width: int = 120) -> str:
    file = StringIO()
    print_status(observed, Console(file=file, width=width))
    return file.getvalue()


def test_all_is_well() -> None:
    assert problems(WELL) == []
    lines = [line.rstrip() for line in printed(WELL).splitlines()]
    assert lines[0] == "All is well."
    assert "Ingest queue        0 waiting, 0 in flight, 0 delayed" in lines
    assert "Executions          1 RUNNING, 8 SUCCEEDED in the last hour" in lines
    assert "Lag from delivery   p50 3.0 s, p99 62 s in the last hour" in lines
    assert "Search domain       2,502 documents, 1 search.small instance, 1 partition" in lines
    assert "Room                no data" in lines
    assert "  2026-01-02T03:04:05Z   SUCCEEDED   3.4 s                       name-1" in lines


def labels(lines: list[str]) -> list[str]:
    return [found[1] for line in lines if (found := re.match(r"([A-Z][A-Za-z -]+?) {3,}\S", line))]


def test_the_readme_shows_the_rows_that_are_printed() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (example,) = (block for block in readme.split("```") if "\nLag from delivery " in block)
    assert labels(example.splitlines()) == labels(printed(WELL).splitlines())


def aged(**metrics: Any) -> Metrics:
    assert isinstance(WELL.metrics, Metrics)
    return msgspec.structs.replace(WELL.metrics, **metrics)


FILLING = tuple((ago, 20_480.0 + 2_048 * ago) for ago in range(5))
FULL = {"free_storage_mib": 19.5 * 1024}
PROBLEMS = [
    (
        {"metrics": aged(key_inaccessible=1.0)},
        (
            "The search domain cannot use its key, and is lost without it. Enable the key alias/trailsearch-test, or cancel "
            "its deletion, at once"
        ),
    ),
    (
        {"metrics": aged(cluster_red=1.0)},
        (
            "The search domain is red: a part of an index is on no data node, so searches are incomplete. Wait for a node "
            "that is replaced; if it stays so, follow the alarm trailsearch-test-domain-red"
        ),
    ),
    (
        {"metrics": aged(writes_blocked=1.0, **FULL), "search_domain": CLUSTER},
        (
            "The search domain takes no writes, and nothing more becomes searchable: its disk is full. Raise "
            "opensearch_volume_gib, or delete the indices of old months"
        ),
    ),
    (
        {"metrics": aged(writes_blocked=1.0, memory_pressure=95.0), "search_domain": CLUSTER},
        (
            "The search domain takes no writes, and nothing more becomes searchable: its memory is short. Raise "
            "opensearch_instance_type"
        ),
    ),
    (
        {"metrics": aged(writes_blocked=1.0)},
        (
            "The search domain takes no writes, and nothing more becomes searchable: follow the alarm "
            "trailsearch-test-domain-writes-blocked"
        ),
    ),
    (
        {"metrics": aged(**FULL), "search_domain": CLUSTER},
        (
            "A disk of the search domain is nearly full, 19.5 of 100 GiB are free. Raise opensearch_volume_gib, or delete "
            "the indices of old months"
        ),
    ),
    (
        {"metrics": aged(memory_pressure=92.6)},
        (
            "The memory of a data node is 93 % full, and after half an hour the search domain takes no more writes. Raise "
            "opensearch_instance_type"
        ),
    ),
    (
        {"metrics": aged(active_shards=2_700.0), "search_domain": CLUSTER},
        (
            "The search domain has 2,700 shards, and takes no new index beyond 3,000. Delete the indices of old months, "
            "lower opensearch_shards, or raise opensearch_instance_count"
        ),
    ),
    (
        {"metrics": aged(cluster_yellow=1.0)},
        (
            "The search domain is yellow: a copy of a part of an index is on no data node, and one more failure may lose it. "
            "A node that is down is replaced; if it stays so, raise opensearch_instance_count"
        ),
    ),
    (
        {"metrics": aged(writes_rejected=12.0)},
        (
            "Data nodes have rejected 12 writes in the last 15 min, which are retried. If it goes on, lower map_concurrency, "
            "or raise opensearch_instance_type"
        ),
    ),
    (
        {"metrics": aged(domain_requests=100.0, domain_errors=11.0)},
        "The search domain failed to answer 11 of 100 requests of the last hour. Its own log says why",
    ),
    (
        {"dead_letter_queue": Queue(2, 1, 0), "metrics": aged(oldest_in_dead_letter_queue=7_500.0)},
        "3 dead letters wait, the oldest for 2 h 5 min. See why: make dlq ENV=test",
    ),
    (
        {"pipe": Pipe("STOPPED", "RUNNING", "The role cannot be assumed")},
        "The Pipe is STOPPED and should be RUNNING, so messages wait in the ingest queue: The role cannot be assumed",
    ),
    (
        {"ingest_queue": BUSY, "metrics": aged(oldest_in_ingest_queue=OLD_MESSAGE_SECONDS + 1.0)},
        "The oldest message has been in the ingest queue for 15 min",
    ),
    (
        {"executions": Executions({"SUCCEEDED": 7, "FAILED": 1, "TIMED_OUT": 1, "RUNNING": 5}, ())},
        "2 of 9 executions of the last hour failed",
    ),
    (
        {"search_domain": msgspec.structs.replace(DOMAIN, documents=Unreadable("No answer"))},
        "The search domain cannot be searched: No answer",
    ),
    (
        {"search_domain": msgspec.structs.replace(DOMAIN, requires_index_documents=True)},
        "The search domain's index fields have changed, and it has not been told to index its documents again",
    ),
    (
        {"search_domain": msgspec.structs.replace(DOMAIN, processing=True)},
        "The search domain is processing changes of its configuration",
    ),
    (
        {"growth": Growth(free_storage_mib=FILLING), "search_domain": CLUSTER},
        (
            "The search domain will be full in about 10 days, at 2.0 GiB of the fullest disk on a usual day of the last 4. "
            "Raise opensearch_volume_gib, or lower search_retention_days"
        ),
    ),
    (
        {
            "growth": Growth(documents=tuple((ago, 9e6 - 1e6 * ago) for ago in range(5))),
            "metrics": aged(index_utilization=45.0),
            "search_domain": msgspec.structs.replace(
                DOMAIN, instance_type="search.2xlarge", partition_count=9
            ),
        },
        (
            "The search domain will be full in about 13 days, at 1,000,000 documents more on a usual day of the last 4, and "
            "about 22,222,222 in 10 partitions. Ask AWS for more partitions, or lower search_retention_days"
        ),
    ),
    (
        {"metrics": aged(lag_from_delivery=Percentiles(HIGH_LAG_SECONDS + 1.0, 7_200.0))},
        "Half of the batches are indexed later than 30 min after CloudTrail delivered their logs",
    ),
    ({"alarms": Alarms(2, ("trailsearch-test-x",))}, "In state ALARM: trailsearch-test-x"),
    (
        {"pipe": Unreadable("Denied"), "alarms": Unreadable("Denied")},
        "Cannot be read, and may be well or not: pipe, alarms",
    ),
]


@pytest.mark.parametrize(("changes", "problem"), PROBLEMS)
def test_what_is_not_well_is_said(changes: dict[str, Any], problem: str) -> None:
    assert problems(changed(**changes)) == [problem]
    # Problems wrap; what comes before is printed as it is.
    assert "✗ " + " ".join(problem.split()[:3]) in printed(changed(**changes))


def test_the_worst_comes_first() -> None:
    changes = {
        "dead_letter_queue": Queue(3, 0, 0),
        "pipe": Pipe("STOPPED", "STOPPED"),
        "ingest_queue": BUSY,
        "executions": Executions({"ABORTED": 1}, ()),
        "search_domain": msgspec.structs.replace(DOMAIN, processing=True),
        "metrics": Metrics(
            oldest_in_ingest_queue=9e9,
            lag_from_delivery=Percentiles(9e9, 9e9),
            cluster_red=1.0,
            writes_blocked=1.0,
            writes_rejected=1.0,
        ),
        "alarms": Alarms(1, ("a",)),
    }
    beginnings = [" ".join(problem.split()[:5]) for problem in problems(changed(**changes))]
    assert beginnings == [
        "The search domain is red:",
        "The search domain takes no",
        "3 dead letters wait. See",
        "The Pipe is STOPPED, so",
        "The oldest message has been",
        "1 of 1 execution of",
        "The search domain is processing",
        "Data nodes have rejected 1",
        "Half of the batches are",
        "In state ALARM: a",
    ]


@pytest.mark.parametrize(
    ("alarms", "found"),
    [
        (Alarms(2, ()), 0),
        (Unreadable("Denied"), 1),  # Which alone is a problem.
        (Alarms(2, (), oldest_message_seconds=60.0, lag_seconds=120.0), 2),
        (Alarms(2, (), oldest_message_seconds=600.0, lag_seconds=120.0), 1),
        (Alarms(2, (), oldest_message_seconds=60.0, lag_seconds=1_200.0), 1),
    ],
)
def test_what_rings_an_alarm_is_what_is_not_well(alarms: Alarms | Unreadable, found: int) -> None:
    metrics = aged(oldest_in_ingest_queue=500.0, lag_from_delivery=Percentiles(500.0, 500.0))
    assert len(problems(changed(ingest_queue=BUSY, metrics=metrics, alarms=alarms))) == found


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"metrics": aged(oldest_in_ingest_queue=9e9)}, id="the queue is empty since"),
        pytest.param({"ingest_queue": BUSY}, id="busy, and no age known"),
        pytest.param({"metrics": aged(lag_from_event=Percentiles(9e9, 9e9))}, id="old events delivered now"),
        pytest.param({"metrics": aged(lag_from_delivery=Percentiles(1.0, 9e9))}, id="something was redriven"),
        pytest.param({"metrics": Metrics()}, id="no data"),
        pytest.param(
            {
                "metrics": aged(
                    cluster_red=0.0,
                    cluster_yellow=0.0,
                    writes_blocked=0.0,
                    free_storage_mib=25.0 * 1024,
                    memory_pressure=92.0,
                    active_shards=2_699.0,
                    writes_rejected=0.0,
                    domain_requests=100.0,
                    domain_errors=10.0,
                    key_errors=0.0,
                ),
                "search_domain": CLUSTER,
            },
            id="a cluster that is well",
        ),
        pytest.param(
            {
                "growth": Growth(free_storage_mib=tuple((ago, 31_000.0 + 2_048 * ago) for ago in range(5))),
                "search_domain": CLUSTER,
            },
            id="full in more than two weeks",
        ),
        pytest.param(
            {
                "growth": Growth(free_storage_mib=tuple((ago, 20_480.0 - ago) for ago in range(5))),
                "search_domain": CLUSTER,
            },
            id="a disk that is emptied",
        ),
        pytest.param({"metrics": aged(free_storage_mib=1.0)}, id="of how much is not known"),
        pytest.param({"search_domain": msgspec.structs.replace(DOMAIN, documents=None)}, id="may not search"),
    ],
)
def test_what_is_no_problem(changes: dict[str, Any]) -> None:
    assert problems(changed(**changes)) == []


def test_where_there_is_no_data_it_says_so() -> None:
    domain = msgspec.structs.replace(DOMAIN, documents=None)
    output = printed(changed(metrics=Metrics(), ingest_queue=BUSY, search_domain=domain))
    assert "1,200 waiting, 30 in flight, 0 delayed; age of the oldest: no data" in output
    assert "Events indexed      no data" in output
    assert "Ignored             nothing in the last hour" in output
    assert "Lag from delivery   no data" in output
    assert "documents: no data, and you may not search" in output


def test_what_was_ignored_is_shown() -> None:
    several = printed(changed(metrics=Metrics(objects_ignored=1_200.0, messages_ignored=44.0)))
    said = "1,200 objects that are no CloudTrail logs, 44 messages that announce none in the last hour"
    assert f"Ignored             {said}" in several
    one = printed(changed(metrics=Metrics(objects_ignored=1.0)))
    assert "Ignored             1 object that is no CloudTrail log in the last hour" in one


def test_cloudwatch_counts_documents_for_who_may_not_search() -> None:
    domain = msgspec.structs.replace(DOMAIN, documents=None)
    metrics = Metrics(searchable_documents=12_345.0, index_utilization=40.4)
    output = " ".join(printed(changed(search_domain=domain, metrics=metrics)).split())
    assert "12,345 documents (by CloudWatch: you may not search)" in output
    assert "index 40 % full" in output


def test_a_cluster_says_how_it_is() -> None:
    metrics = aged(cluster_red=0.0, cluster_yellow=0.0, free_storage_mib=51_200.0, memory_pressure=61.2)
    lines = [line.rstrip() for line in printed(changed(search_domain=CLUSTER, metrics=metrics)).splitlines()]
    said = "2,502 documents, 3 or2.medium.search instances, green, 50.0 of 100 GiB free, memory 61 % full"
    assert f"Search domain       {said}" in lines
    for name, colour in (("cluster_yellow", "yellow"), ("cluster_red", "red")):
        worse = changed(search_domain=CLUSTER, metrics=msgspec.structs.replace(metrics, **{name: 1.0}))
        assert f"3 or2.medium.search instances, {colour}, 50.0 of 100" in printed(worse)
    blocked = changed(search_domain=CLUSTER, metrics=msgspec.structs.replace(metrics, writes_blocked=1.0))
    assert "green, takes no writes, 50.0 of 100" in printed(blocked)


def test_a_domain_of_a_backend_without_partitions_has_none() -> None:
    domain = msgspec.structs.replace(DOMAIN, partition_count=None)
    lines = printed(changed(search_domain=domain)).splitlines()
    assert "Search domain       2,502 documents, 1 search.small instance" in [line.rstrip() for line in lines]


def test_what_cannot_be_read_hides_nothing_else() -> None:
    output = printed(changed(pipe=Unreadable("[red]no[/x]"), metrics=Unreadable("Denied")))
    assert "Pipe                cannot be read: [red]no[/x]" in output
    assert "Events indexed      cannot be read: Denied" in output
    assert "2,502 documents" in output


def test_a_failed_execution_says_why_in_a_line_and_can_be_pasted() -> None:
    name = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    failed = Execution(
        name=name,
        status="FAILED",
        started_at="2026-01-02T03:04:05Z",
        messages=10,
        error="Boom",
        cause="[/red] It broke\nline 2",
    )
    observed = changed(executions=Executions({"FAILED": 1}, (failed,)))
    output = printed(observed)
    assert name in output
    assert name in printed(observed, width=80)
    assert "Boom: [/red] It broke" in output
    assert "line 2" not in output


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (59.6, "60 s"),
        (120, "2 min"),
        (3_600, "1 h 0 min"),
        (187_201, "2 d 4 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def described(**changes: Any) -> Any:
    return {
        "executionArn": "arn:aws:states:us-east-1:123456789012:execution:machine:name",
        "status": "SUCCEEDED",
        "startDate": NOW,
        "stopDate": NOW + timedelta(seconds=90),
        "input": '[{"messageId":"1","body":"a"},{"messageId":"2","body":"b"}]',
        "output": '{"batches":{"documents":[5,2],"dead_lettered":[]},"dead_letters":[],"counts":{}}',
    } | changes


def test_an_execution_is_told_from_its_description() -> None:
    assert execution(described()) == Execution(
        name="name",
        status="SUCCEEDED",
        started_at="2026-01-02T03:04:05.000Z",
        seconds=90.0,
        messages=2,
        events=7,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"input": '{"by": "hand"}', "output": "[]"},
        {"input": "", "output": ""},
        {"input": None, "output": None},
        {"input": "no JSON", "output": '{"batches": 1}'},
    ],
)
def test_an_execution_that_is_not_the_pipes_is_told_too(changes: dict[str, Any]) -> None:
    changes = {key: value for key, value in changes.items() if value is not None}
    without: Any = {key: value for key, value in described().items() if "put" not in key}
    told = execution(without | changes)
    assert (told.messages, told.events) == (None, None)


def test_an_execution_that_timed_out_says_so() -> None:
    told = execution(described(status="TIMED_OUT", output=""))
    assert (told.error, told.cause) == ("TIMED_OUT", "It did not end in time")


class StepFunctions:
    """Step Functions with executions of which a test says the status and the minutes since start and end."""

    def __init__(self, *executions: tuple[str, int, int]) -> None:
        self.executions = [
            described(
                executionArn=f"machine:{at}",
                status=status,
                startDate=NOW - timedelta(minutes=started),
                stopDate=NOW - timedelta(minutes=stopped),
            )
            for at, (status, started, stopped) in enumerate(executions)
        ]

    def list_executions(self, **request: Any) -> Any:
        return {"executions": [each for each in self.executions if each["status"] == request["statusFilter"]]}

    def describe_execution(self, *, executionArn: str) -> Any:  # noqa: N803, the name is boto3's
        (found,) = (each for each in self.executions if each["executionArn"] == executionArn)
        return found


def test_failures_are_shown_among_however_many_that_succeeded() -> None:
    succeeded = [("SUCCEEDED", minutes, minutes) for minutes in range(20)]
    failed = [("FAILED", 30, 29), ("TIMED_OUT", 90, 40), ("ABORTED", 50, 45), ("FAILED", 55, 52)]
    earlier = [("FAILED", 70, 61), ("SUCCEEDED", 70, 61)]
    client: Any = StepFunctions(*succeeded, *failed, *earlier)
    executions = read_executions(client, "machine", NOW)
    assert executions.statuses == {"SUCCEEDED": 20, "FAILED": 2, "TIMED_OUT": 1, "ABORTED": 1}
    assert [each.name for each in executions.last] == [*map(str, range(10)), "20", "22", "23"]


def series(name: str, *values: tuple[int, float]) -> Any:
    """One metric's answer, the newest first: minutes ago, value."""
    return {
        "Id": name,
        "Timestamps": [NOW - timedelta(minutes=minutes) for minutes, _ in values],
        "Values": [value for _, value in values],
    }


def test_of_a_metric_the_newest_value_counts_unless_it_is_stale() -> None:
    answer = [
        series("ingest_age", (2, 40.0), (3, 9_000.0)),
        series("dead_letter_age", (20, 9_000.0)),
        series("events", (59, 12.0)),
        series("objects_ignored", (59, 3.0)),
        series("messages_ignored", (59, 4.0)),
        series("delivery_p50", (59, 1.0)),
        series("delivery_p99", (59, 2.0)),
        series("event_p50", (59, 1.0)),
        series("event_p99"),
        series("cloudsearch_searchable_documents", (30, 5.0)),
    ]
    assert metrics_of(answer, NOW) == Metrics(
        oldest_in_ingest_queue=40.0,
        events_indexed=12.0,
        objects_ignored=3.0,
        messages_ignored=4.0,
        lag_from_delivery=Percentiles(1.0, 2.0),
        searchable_documents=5.0,
    )


def test_a_cluster_is_as_it_is_now() -> None:
    answer = [
        series("opensearch_searchable_documents", (30, 7.0)),
        series("opensearch_cluster_red", (16, 1.0)),
        series("opensearch_cluster_yellow", (1, 0.0), (2, 1.0)),
        series("opensearch_free_storage_mib", (1, 2_048.0)),
        series("opensearch_writes_rejected", (1, 40.0), (14, 31.0), (16, 0.0)),
        series("opensearch_domain_requests", (59, 600.0)),
    ]
    assert metrics_of(answer, NOW) == Metrics(
        searchable_documents=7.0,
        cluster_yellow=0.0,
        free_storage_mib=2_048.0,
        writes_rejected=9.0,
        domain_requests=600.0,
    )


def test_a_counter_that_began_anew_has_rejected_nothing() -> None:
    answer = [series("opensearch_writes_rejected", (1, 0.0), (2, 31.0))]
    assert metrics_of(answer, NOW).writes_rejected == 0


def test_every_metric_of_a_domain_is_asked_for_and_told() -> None:
    queries = metric_queries(Environment("seen"), "123456789012")
    told = [series(query["Id"], (1, 1.0)) for query in queries if query["Id"].startswith("opensearch_")]
    found = msgspec.structs.asdict(metrics_of(told, NOW))
    assert {name for name, value in found.items() if value is not None} == set(
        SEARCH_METRICS[Backend.OPENSEARCH]
    )
    asked = {query["Id"]: query["MetricStat"] for query in queries}
    assert asked["opensearch_cluster_red"] == {
        "Metric": {
            "Namespace": "AWS/ES",
            "MetricName": "ClusterStatus.red",
            "Dimensions": [
                {"Name": "ClientId", "Value": "123456789012"},
                {"Name": "DomainName", "Value": "trailsearch-seen"},
            ],
        },
        "Stat": "Maximum",
        "Period": 60,
    }
    assert asked["opensearch_domain_errors"]["Period"] == 3600


def test_growth_is_of_whole_days_back_from_the_newest_value() -> None:
    """Hour by hour; what is missing, or in between, is left out."""
    hours = [(60 * ago, float(ago)) for ago in (1, 2, 25, 48, 73, 14 * 24 + 1, 15 * 24 + 1)]
    answer = [
        series("free_storage_mib", *hours),
        series("documents"),
        series("events_deleted", (60, 5.0), (120, 2.0)),
    ]
    found = growth_of(answer)
    assert found.free_storage_mib == ((0, 1.0), (1, 25.0), (3, 73.0), (14, 337.0))
    assert found.documents == ()
    assert found.events_deleted == 7.0
    assert growth_of([]).events_deleted is None


def test_growth_is_asked_for_by_the_hour_of_both_backends() -> None:
    asked = {
        query["Id"]: query["MetricStat"] for query in growth_queries(Environment("seen"), "123456789012")
    }
    assert {
        name: (each["Metric"]["Namespace"], each["Metric"]["MetricName"], each["Stat"], each["Period"])
        for name, each in asked.items()
    } == {
        "free_storage_mib": ("AWS/ES", "FreeStorageSpace", "Minimum", 3600),
        "documents": ("AWS/CloudSearch", "SearchableDocuments", "Maximum", 3600),
        "events_deleted": ("Trailsearch", "EventsDeleted", "Sum", 3600),
    }


@pytest.mark.parametrize("backend", Backend)
def test_metrics_of_a_domain_are_named_as_in_terraform(backend: Backend) -> None:
    text = (REPOSITORY / "terraform" / "metrics.tf").read_text()
    block = re.search(
        rf'"{backend}_domain" => \{{.*?namespace += "([^"]+)"(.*?)\n        \}}', text, re.DOTALL
    )
    assert block
    assert block[1] == NAMESPACES[backend]
    in_terraform = {
        name: (metric, stat)
        for name, metric, stat in re.findall(r'^ +(\w+) += \["([^"]+)", "(\w+)"\]', block[2], re.MULTILINE)
    }
    here = {name: (each.metric, each.stat) for name, each in SEARCH_METRICS[backend].items()}
    assert here.items() <= in_terraform.items()


PREFIX = "trailsearch-seen"
ROLE = "arn:aws:iam::123456789012:role/r"


class Seen:
    """An environment ``seen`` in the local cloud: everything that a status is about."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.faults = FaultControl(cloud.endpoint_url)
        self.sqs, self.pipes = boto3.client("sqs"), boto3.client("pipes")
        self.stepfunctions, self.cloudwatch = boto3.client("stepfunctions"), boto3.client("cloudwatch")
        self.cloudsearch = boto3.client("cloudsearch")
        ingest = self.sqs.create_queue(QueueName=f"{PREFIX}-ingest")["QueueUrl"]
        self.dead_letters = self.sqs.create_queue(QueueName=f"{PREFIX}-dead-letter")["QueueUrl"]
        definition = {
            "StartAt": "Fails?",
            "States": {
                "Fails?": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$[0].body", "StringEquals": "bad", "Next": "Fail"}],
                    "Default": "Done",
                },
                "Fail": {"Type": "Fail", "Error": "Boom", "Cause": "It broke"},
                "Done": {"Type": "Succeed"},
            },
        }
        self.machine = self.stepfunctions.create_state_machine(
            name=f"{PREFIX}-index-logs", definition=json.dumps(definition), roleArn=ROLE
        )["stateMachineArn"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=ingest, AttributeNames=["QueueArn"])
        self.pipes.create_pipe(
            Name=f"{PREFIX}-ingest",
            RoleArn=ROLE,
            Source=attributes["Attributes"]["QueueArn"],
            Target=self.machine,
            TargetParameters={"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}},
        )
        self.cloudsearch.create_domain(DomainName=PREFIX)
        self.alarms: list[str] = []
        self.put_alarm("dead-letters")

    def run(self, body: str) -> str:
        """Let an execution run to its end, and give its name."""
        given = json.dumps([{"messageId": "1", "body": body}])
        arn = self.stepfunctions.start_execution(stateMachineArn=self.machine, input=given)["executionArn"]
        while self.stepfunctions.describe_execution(executionArn=arn)["status"] == "RUNNING":
            pass
        return arn.rpartition(":")[2]

    def put_alarm(self, name: str, *, threshold: float = 0) -> None:
        """Make an alarm; ``name`` comes after the prefix."""
        self.alarms.append(f"{PREFIX}-{name}")
        self.cloudwatch.put_metric_alarm(
            AlarmName=f"{PREFIX}-{name}",
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=threshold,
        )

    def remove(self) -> None:
        """Take everything away, for the next test."""
        self.faults.clear()
        for name in ("ingest", "dead-letter"):
            self.sqs.delete_queue(QueueUrl=self.sqs.get_queue_url(QueueName=f"{PREFIX}-{name}")["QueueUrl"])
        self.pipes.delete_pipe(Name=f"{PREFIX}-ingest")
        self.stepfunctions.delete_state_machine(stateMachineArn=self.machine)
        self.cloudsearch.delete_domain(DomainName=PREFIX)
        self.cloudwatch.delete_alarms(AlarmNames=self.alarms)


@pytest.fixture
def seen(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    for name, value in cloud.environment().items():
        if name.startswith(("AWS_", "NO_PROXY", "no_proxy")):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    environment = Seen(cloud)
    yield environment
    environment.remove()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(status, ["--env", "seen", *arguments])


def told() -> Any:
    return json.loads(run("--json").output)


def test_an_environment_that_is_well(seen: Seen) -> None:
    name = seen.run("good")
    seen.cloudwatch.put_metric_data(
        Namespace="Trailsearch",
        MetricData=[
            {
                "MetricName": "EventsIndexed",
                "Dimensions": [
                    {"Name": "environment", "Value": "seen"},
                    {"Name": "service", "Value": "index_batch"},
                ],
                "Value": value,
            }
            for value in (30, 12)
        ],
    )
    result = run()
    assert result.exit_code == 0, result.output
    assert result.output.startswith("All is well.\n")
    assert name in result.output
    observed = told()
    assert (observed["well"], observed["problems"]) == (True, [])
    assert observed["pipe"] == {"current_state": "RUNNING", "desired_state": "RUNNING", "reason": None}
    assert observed["executions"]["statuses"] == {"SUCCEEDED": 1}
    assert observed["metrics"]["events_indexed"] == 42
    assert observed["search_domain"]["documents"] == 0
    assert observed["alarms"] == {
        "count": 1,
        "ringing": [],
        "oldest_message_seconds": None,
        "lag_seconds": None,
    }


@pytest.fixture
def clustered(seen: Seen) -> Iterator[str]:
    """An environment of which there is a domain of OpenSearch, which has little room left and a red index."""
    name = "trailsearch-clustered"
    opensearch, account = boto3.client("opensearch"), boto3.client("sts").get_caller_identity()["Account"]
    opensearch.create_domain(
        DomainName=name,
        ClusterConfig={"InstanceType": "or2.medium.search", "InstanceCount": 3},
        EBSOptions={"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": 100},
    )
    dimensions: Any = [{"Name": "ClientId", "Value": account}, {"Name": "DomainName", "Value": name}]
    measured = {"ClusterStatus.red": 1.0, "FreeStorageSpace": 2_048.0, "SearchableDocuments": 77.0}
    seen.cloudwatch.put_metric_data(
        Namespace="AWS/ES",
        MetricData=[
            {"MetricName": metric, "Dimensions": dimensions, "Value": value}
            for metric, value in measured.items()
        ],
    )
    yield "clustered"
    opensearch.delete_domain(DomainName=name)


def test_a_cluster_that_is_not_well(clustered: str) -> None:
    observed = json.loads(CliRunner().invoke(status, ["--env", clustered, "--json"]).output)
    assert observed["search_domain"]["instance_type"] == "or2.medium.search"
    assert observed["search_domain"]["volume_gib"] == 100
    metrics = observed["metrics"]
    assert (metrics["cluster_red"], metrics["free_storage_mib"]) == (1.0, 2_048.0)
    assert metrics["searchable_documents"] == 77.0
    beginnings = [" ".join(problem.split()[:6]) for problem in observed["problems"]]
    assert beginnings[0] == "The search domain is red: a"
    assert "A disk of the search domain" in beginnings
    shown = CliRunner().invoke(status, ["--env", clustered]).output
    assert "red, 2.0 of 100 GiB free" in " ".join(shown.split())


def test_a_cluster_that_fills_up_says_when_it_will_be_full(clustered: str, seen: Seen) -> None:
    account = boto3.client("sts").get_caller_identity()["Account"]
    now = datetime.now(UTC)
    seen.cloudwatch.put_metric_data(
        Namespace="AWS/ES",
        MetricData=[
            {
                "MetricName": "FreeStorageSpace",
                "Dimensions": [
                    {"Name": "ClientId", "Value": account},
                    {"Name": "DomainName", "Value": f"trailsearch-{clustered}"},
                ],
                "Timestamp": now - timedelta(days=ago),
                "Value": 2_048.0 + 1_024 * ago,
            }
            for ago in range(5)
        ],
    )
    observed = json.loads(CliRunner().invoke(status, ["--env", clustered, "--json"]).output)
    assert observed["room"]["days"] == pytest.approx(2)
    assert [problem for problem in observed["problems"] if "will be full in about 48 hours" in problem]
    shown = CliRunner().invoke(status, ["--env", clustered]).output
    assert "Room full in about 48 hours, at 1.0 GiB of the fullest disk" in " ".join(shown.split())


def test_alarms_of_an_environment_with_a_longer_name_are_not_this_ones(seen: Seen) -> None:
    seen.put_alarm("oldest-message", threshold=600)
    seen.put_alarm("lag", threshold=1_200)
    for name in ("eu-dead-letters", "eu-lag", "eu-no-logs"):
        seen.put_alarm(name, threshold=1)
        seen.cloudwatch.set_alarm_state(
            AlarmName=f"{PREFIX}-{name}", StateValue="ALARM", StateReason="a test"
        )
    assert told()["alarms"] == {
        "count": 3,
        "ringing": [],
        "oldest_message_seconds": 600,
        "lag_seconds": 1_200,
    }


class Alarming:
    """CloudWatch, which gives alarms page by page, as many as a request asks for or else 50."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def get_paginator(self, operation: str) -> "Alarming":
        assert operation == "describe_alarms"
        return self

    def paginate(self, **request: Any) -> Iterator[Any]:
        found = [name for name in self.names if name.startswith(request["AlarmNamePrefix"])]
        for at in range(0, len(found), 50):
            page = [{"AlarmName": name, "StateValue": "ALARM"} for name in found[at : at + 50]]
            yield {"MetricAlarms": page, "CompositeAlarms": []}


def test_every_page_of_alarms_is_read() -> None:
    others = [f"{PREFIX}-a{number}-lag" for number in range(200)]
    client: Any = Alarming(*others, f"{PREFIX}-lag")
    assert read_alarms(client, PREFIX) == Alarms(1, (f"{PREFIX}-lag",))


AUDIT = Audit(measured_at="2026-11-27T02:00Z", logs_signed=5_102, logs_indexed=5_102)


def test_what_the_latest_audit_found_is_a_line_where_there_was_one() -> None:
    assert "Audit " not in printed(WELL)
    assert "5,102 of 5,102 signed logs indexed unaltered; at 2026-11-27T02:00Z" in printed(
        changed(audit=AUDIT)
    )
    healed = msgspec.structs.replace(AUDIT, logs_indexed=5_099, logs_missing=3, logs_healed=1)
    assert problems(changed(audit=healed)) == [], "it is healed by itself"
    assert "5,099 of 5,102 signed logs indexed unaltered, 3 missing, 1 healed;" in printed(
        changed(audit=healed)
    )


@pytest.mark.parametrize("field", ["logs_altered", "digests_altered", "digest_gaps", "logs_not_healed"])
def test_what_an_audit_finds_and_nobody_heals_is_a_problem(field: str) -> None:
    (problem,) = problems(changed(audit=msgspec.structs.replace(AUDIT, **{field: 7})))
    assert problem.startswith("The audit of 2026-11-27T02:00Z has found 7 ")


def test_the_newest_hour_of_the_audit_counts_as_a_whole() -> None:
    def result(name: str, **values: float) -> Any:
        times = [datetime(2026, 11, 27, int(hour[1:]), tzinfo=UTC) for hour in values]
        return {"Id": name, "Timestamps": times, "Values": list(values.values())}

    found = audit_of([result("logs_signed", h2=5, h1=9), result("logs_missing", h1=4), result("digest_gaps")])
    assert found == Audit(measured_at="2026-11-27T02:00Z", logs_signed=5)
    assert audit_of([result("logs_signed")]) is None


def test_the_audit_is_asked_for_by_the_names_that_its_function_measures() -> None:
    assert set(AUDIT_METRICS.values()) <= audit_logs.METRICS.keys()
    assert AUDIT_METRICS.keys() == set(Audit.__struct_fields__) - {"measured_at"}


def test_the_alarms_are_those_that_terraform_makes() -> None:
    alarms = (REPOSITORY / "terraform" / "alarms.tf").read_text()
    functions = (REPOSITORY / "terraform" / "functions.tf").read_text()
    (of_workflow,) = re.findall(r"^  functions = \{$(.*?)^  \}$", functions, re.MULTILINE | re.DOTALL)
    steps = [key.replace("_", "-") for key in re.findall(r"^    (\w+) = \{$", of_workflow, re.MULTILINE)]
    of_steps = re.findall(
        r'for key, function in local.functions : "\$\{replace\(key, "_", "-"\)\}-([a-z-]+)" =>', alarms
    )
    made = {
        *re.findall(r"^      ([a-z-]+) = \{$", alarms, re.MULTILINE),
        *re.findall(r"^    (audit-[a-z-]+) = \{$", alarms, re.MULTILINE),
        *re.findall(r'\$\{local.prefix\}-(audit-silent)"$', alarms, re.MULTILINE),
        *re.findall(r'\? \["([a-z-]+)"\] : \[\] : key =>', alarms),
        *(f"{step}-{what}" for step in steps for what in of_steps),
    }
    assert made == ALARM_NAMES
    of_sources = re.findall(r'local.measured_(?:buckets|topics) : "([a-z-]+)\$\{suffix\}" =>', alarms)
    assert sorted(of_sources) == sorted(ALARM_NAMES_OF_SOURCES)


def test_the_alarms_of_each_source_are_read_too() -> None:
    names = [
        "no-logs",
        "no-logs-in-organization-trail",
        "undelivered-notifications-on-a",
    ]
    client: Any = Alarming(*(f"{PREFIX}-{name}" for name in names), f"{PREFIX}-eu-no-logs-on-a")
    assert read_alarms(client, PREFIX).count == len(names)


def test_an_environment_that_is_not_well(seen: Seen) -> None:
    seen.run("good")
    name = seen.run("bad")
    for body in ("a", "b"):
        seen.sqs.send_message(QueueUrl=seen.dead_letters, MessageBody=body)
    seen.pipes.stop_pipe(Name=f"{PREFIX}-ingest")
    seen.cloudsearch.define_index_field(
        DomainName=PREFIX, IndexField={"IndexFieldName": "new", "IndexFieldType": "int"}
    )
    seen.cloudwatch.set_alarm_state(
        AlarmName=f"{PREFIX}-dead-letters", StateValue="ALARM", StateReason="a test"
    )
    observed = told()
    assert observed["well"] is False
    assert [problem[:14] for problem in observed["problems"]] == [
        "2 dead letters",
        "The Pipe is ST",
        "1 of 2 executi",
        "The search dom",
        "In state ALARM",
    ]
    last = observed["executions"]["last"][0]
    assert (last["name"], last["status"], last["error"], last["cause"]) == (
        name,
        "FAILED",
        "Boom",
        "It broke",
    )
    assert last["messages"] == 1
    result = run()
    assert result.exit_code == 0
    assert re.search(
        r"2 dead letters wait, the oldest for \d+\.\d s\. See why: make dlq ENV=seen", result.output
    )
    assert "Boom: It broke" in result.output


@pytest.mark.parametrize(
    ("match", "part"),
    [
        (Match(target="GetQueueAttributes"), "ingest_queue"),
        (Match(path="/v1/pipes/"), "pipe"),
        (Match(target="ListExecutions"), "executions"),
        (Match(body="DescribeDomains"), "search_domain"),
        (Match(target="DescribeAlarms"), "alarms"),
        (Match(target="GetMetricData"), "metrics"),
    ],
)
def test_what_is_denied_is_said_and_the_rest_is_shown(seen: Seen, match: Match, part: str) -> None:
    with seen.faults.inject([Rule(ErrorAnswer(403, "AccessDenied"), match)]):
        observed = told()
        result = run()
    assert observed[part]["cannot_be_read"].startswith("An error occurred")
    unreadable = {name for name, value in observed.items() if "cannot_be_read" in (value or {})}
    also = {"metrics": {"growth", "audit"}, "ingest_queue": {"dead_letter_queue"}}.get(part, set())
    assert unreadable == {part, *also}
    assert observed["problems"][-1].startswith("Cannot be read")
    assert result.exit_code == 0
    assert "cannot be read: An error occurred" in result.output


def test_who_may_not_search_is_told_so_and_a_domain_that_fails_is_a_problem(seen: Seen) -> None:
    search = Match(path="/search$")
    with seen.faults.inject([Rule(ErrorAnswer(403, "AccessDenied"), search)]):
        assert told()["search_domain"]["documents"] is None
        assert "you may not search" in run().output
    with seen.faults.inject([Rule(ErrorAnswer(503, "Busy"), search)]):
        observed = told()
    assert observed["search_domain"]["instance_type"] == "search.small"
    assert observed["problems"][0].startswith("The search domain cannot be searched: ")


@pytest.mark.parametrize("not_there", [True, False])
def test_only_where_there_is_no_queue_it_is_told_how_to_deploy(
    monkeypatch: pytest.MonkeyPatch, not_there: bool
) -> None:
    gone = Unreadable("Failed to connect to proxy URL")
    observed = changed(
        ingest_queue=Unreadable(gone.cannot_be_read, not_there),
        pipe=gone,
        executions=gone,
        search_domain=gone,
    )
    monkeypatch.setattr(showing, "make_clients", lambda: None)
    monkeypatch.setattr(showing, "observe", lambda *_arguments: observed)
    result = run()
    assert result.exit_code == 1
    assert gone.cannot_be_read in result.output
    assert ("make apply" in result.output) is not_there


def test_an_unknown_environment_is_named(seen: Seen) -> None:
    result = CliRunner().invoke(status, ["--env", "nowhere"])
    assert result.exit_code == 1
    assert "Nothing of trailsearch-nowhere can be read" in result.output
    assert "make apply ENV=nowhere" in result.output


def test_without_credentials_it_says_that_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    result = run()
    assert result.exit_code == 1
    assert result.output == "Error: AWS cannot be asked. No credentials: Unable to locate credentials\n"
