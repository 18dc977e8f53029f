from dataclasses import replace

import pytest

from tests.demo.executions import Executions
from tests.load.processes import ENGINE, SERVER, Usage
from tests.load.report import markdown, rows, usage_rows
from tests.load.run import Indexing, Result, seconds_until_indexed
from tests.load.sampler import Sample

GOOD = Result(
    logs=2000,
    records=510_000,
    events=500_000,
    json_bytes=650_000_000,
    delivery_seconds=100,
    seconds=250,
    executions=Executions(by_status={"SUCCEEDED": 200}),
    indexing=Indexing(documents=504_000, batches=360, bytes=1_310_400_000, median_lag=20, longest_lag=70),
    dead_letters=0,
    lost=frozenset(),
    unknown=frozenset(),
    samples=[],
)


def test_the_summary_has_rates_and_means() -> None:
    table = dict(rows(GOOD))
    assert table["Indexed per second"] == "2,000 events; 2.6 MB"
    assert table["Executions; batches"] == "200 SUCCEEDED; 360"
    assert table["On average: documents in a batch; bytes of a document"] == "1,400; 2,600"
    assert table["**Lost**"] == "**0**"


def test_processor_time_is_that_of_the_run() -> None:
    before = {SERVER: Usage(30, 1)}
    after = {SERVER: Usage(280, 900_000_000), "index_batch": Usage(5, 1), "fetch_logs": Usage(9, 1)}
    table = dict(usage_rows(before, after, own_cpu_seconds=40))
    assert table["Processor time: local cloud; functions; delivery and check"] == "250 s; 14 s; 40 s"
    assert table["Memory of the local cloud"] == "900 MB"


def test_an_engine_beside_the_local_cloud_has_a_row_of_its_own() -> None:
    before = {SERVER: Usage(0, 1), ENGINE: Usage(5, 1)}
    after = {SERVER: Usage(10, 1), ENGINE: Usage(45, 700_000_000)}
    table = dict(usage_rows(before, after, own_cpu_seconds=1))
    assert table["Processor time: local cloud; functions; delivery and check"] == "10 s; 0 s; 1 s"
    assert table["Processor time and memory of the search engine"] == "40 s; 700 MB"


def test_an_index_on_disk_is_reckoned_by_the_event() -> None:
    table = dict(rows(replace(GOOD, index_bytes=390_500_000, indexed_in_all=500_000)))
    assert table["Index on disk after a force merge; of an event"] == "390 MB; 781 bytes"
    assert not [name for name, _ in rows(GOOD) if name.startswith("Index on disk")]


def test_markdown_has_a_line_for_each_row() -> None:
    assert markdown([("Logs", "2"), ("Lost", "0")]) == "| | |\n|---|---:|\n| Logs | 2 |\n| Lost | 0 |\n"


def test_a_run_with_every_event_found_has_no_problem() -> None:
    assert GOOD.problems == []


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (replace(GOOD, lost=frozenset({"b", "a"})), "2 events are lost, for example a"),
        (replace(GOOD, unknown=frozenset({"x"})), "1 documents were never delivered"),
        (replace(GOOD, dead_letters=3), "3 dead letters wait"),
        (replace(GOOD, executions=Executions({"SUCCEEDED": 9, "FAILED": 1}, causes=["why"])), "why"),
    ],
)
def test_what_is_no_proof_says_why(bad: Result, problem: str) -> None:
    (said,) = bad.problems
    assert problem in said


def test_the_time_ends_when_the_last_event_was_indexed() -> None:
    samples = [Sample(second, 0, 0, 0, 10, indexed, 0) for second, indexed in enumerate([0, 4, 10, 10, 10])]
    assert seconds_until_indexed(samples) == 2
