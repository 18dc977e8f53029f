"""`make bench` measures what it says, on an input that takes no time."""

from collections import defaultdict
from pathlib import Path

import pytest

from tests.benchmarks import memory
from tests.benchmarks.__main__ import README
from tests.benchmarks.cold_start import ColdStart
from tests.benchmarks.data_path import CLOUDSEARCH, OPENSEARCH, PACK_BULK, Steps, results_of
from tests.benchmarks.inputs import INPUTS, LARGEST_MEGABYTES, TYPICAL, generate, of_size
from tests.benchmarks.report import Rows, cold_start_table, memory_tables, put_into, read_speeds, speed_tables
from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from tests.steps import event, log_of
from trailsearch.search.backend import BatchFormat

LOGS = [Log(f"{name}.json.gz", log_of(*(event(f"{name}{n}") for n in range(5)))) for name in "abc"]


@pytest.mark.parametrize("batch_format", [CLOUDSEARCH, OPENSEARCH])
def test_the_steps_index_every_event(tmp_path: Path, batch_format: BatchFormat) -> None:
    steps = Steps(tmp_path, batch_format)
    indexed = steps.run(steps.deliver(LOGS))
    assert sum(batch.documents for batch in indexed) == 15


@pytest.mark.parametrize(
    ("stage", "count"), [("gunzip", 3), ("parse", 3), ("document", 3), ("pack", 1), (PACK_BULK, 1)]
)
def test_a_stage_comes_after_those_before_it(stage: str, count: int) -> None:
    assert len(list(results_of(stage, [(log.key, log.body) for log in LOGS]))) == count


def test_an_input_is_as_large_as_its_name_says() -> None:
    some = generate(*of_size(megabytes=1, count=2))
    assert (some.name, len(some.logs), round(some.megabytes)) == ("2 of 1 MB", 2, 2)
    assert TYPICAL in INPUTS
    for name in list(INPUTS)[:-1]:
        count, size = map(int, name.removesuffix(" MB").split(" of "))
        assert count * size == pytest.approx(LARGEST_MEGABYTES, abs=1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_peak_memory_is_that_of_each_process(tmp_path: Path) -> None:
    names = [*memory.STEPS, "gzip + json", "gunzip", "pack", PACK_BULK]
    peaks = memory.measure(LOGS, tmp_path, names)
    assert list(peaks) == names
    assert all(10 < megabytes < 500 for megabytes in peaks.values())


def test_tables_compare_medians() -> None:
    seconds = {"gzip + json": 4.0, "gzip + orjson": 2.0, "Trailsearch": 0.5}
    whats = [
        *("gunzip", "parse", "document", "pack", PACK_BULK, "logs to batches"),
        "logs to bulk bodies (OpenSearch)",
        *("Fetch Logs", "Split Records (OpenSearch)", "Split Records", "Index Batch"),
        *("Fetch Logs, with a ledger", "all steps"),
    ]
    benchmarks = [
        {
            "extra_info": {"input": name, "megabytes": 10.0, "what": what, "implementation": implementation},
            "stats": {"median": median},
        }
        for name in INPUTS
        for what in whats
        for implementation, median in seconds.items()
    ]
    whole, bulk, stages, own = speed_tables(read_speeds({"benchmarks": benchmarks}))
    assert whole.rows[0] == ["47 of 1 MB", "2.5", "5.0", "20", "8.0", "4.0"]
    assert bulk.rows == whole.rows
    assert [row[0] for row in stages.rows] == whats[:5]
    assert [row[0] for row in own.rows] == whats
    assert own.rows[-1] == ["all steps", *["20"] * len(INPUTS)]
    assert "| 47 of 1 MB | 2.5 | 5.0 | 20 | 8.0 | 4.0 |" in whole.to_markdown()


def test_what_is_measured_in_turns_has_the_median_of_them() -> None:
    about = {"input": TYPICAL, "megabytes": 12.0, "what": "document", "implementation": "gzip + json"}
    turns = [{"extra_info": about, "stats": {"median": seconds}} for seconds in (1.0, 9.0, 2.0, 8.0, 3.0)]
    assert read_speeds({"benchmarks": turns}) == {(TYPICAL, "document", "gzip + json"): 4.0}


def test_what_was_not_measured_is_left_empty() -> None:
    processes, stages = memory_tables(
        {"450 MB": {"Fetch Logs": 650.4, "parse": 99.6}, "more": {"Fetch Logs": 1181}}
    )
    assert processes.rows == [["450 MB", "650", *[""] * 5], ["more", "1,181", *[""] * 5]]
    assert stages.rows == [["450 MB", "", "100", "", "", ""]]


def test_tables_take_the_place_of_those_of_the_same_title() -> None:
    def table(title: str, value: str) -> Rows:
        return Rows(title, ["Logs", "MB"], [["one", value]])

    page = f"Before.\n\n{table('Speed, a second', '1').to_markdown()}\n\nBetween.\n\n{table('A package of 5.2 MB', '2').to_markdown()}\n\nAfter.\n"
    again = put_into(
        page, [table("Speed, a second", "3"), table("New", "4"), table("A package of 4 MB", "5")]
    )
    assert again == (
        "Before.\n\nSpeed, a second:\n\n| Logs | MB |\n| --- | ---: |\n| one | 3 |\n"
        "\nNew:\n\n| Logs | MB |\n| --- | ---: |\n| one | 4 |\n"
        "\nBetween.\n\nA package of 4 MB:\n\n| Logs | MB |\n| --- | ---: |\n| one | 5 |\n\nAfter.\n"
    )
    assert put_into(again, [table("New", "4")]) == again
    with pytest.raises(ValueError, match="no table 'Other'"):
        put_into(page, [table("Other", "1")])


def test_every_table_that_is_written_has_a_place_in_the_readme() -> None:
    page = README.read_text(encoding="utf-8")
    speeds: defaultdict[tuple[str, str, str], float] = defaultdict(lambda: 1)
    memory_of_all = {"one": {"Fetch Logs": 1.0, "parse": 1.0}}
    start = ColdStart([], 5_200_000)
    for table in (*speed_tables(speeds), *memory_tables(memory_of_all), cold_start_table(start)):
        if "OpenSearch's bulk bodies" not in table.title:  # It gets its place with its first figures.
            put_into(page, [table])
