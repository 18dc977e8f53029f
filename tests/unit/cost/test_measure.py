"""How measurements become the factors of the cost model."""

import os
import subprocess
import sys
import time
import tomllib

import pytest

from tests.cost.measure import (
    SHAPES,
    START,
    Run,
    count_resources,
    cpu_ms,
    document_bytes,
    fit,
    summarize,
    to_toml,
)
from tests.log_generator import generate_logs
from trailsearch.cli.cost.settings import read_measured


def test_the_fit_finds_the_factors() -> None:
    rows = [(1, 1, 0.1), (1, 10, 0.1), (1, 50, 5), (1, 5, 20)]
    took = [7 + 2 * logs + 16 * megabytes for _, logs, megabytes in rows]
    assert fit(rows, took) == pytest.approx([7, 2, 16])


def test_no_factor_is_negative() -> None:
    """What decreases with size is noise: it counts as nothing."""
    factors = fit([(1, 1), (1, 2), (1, 3)], [30, 29, 28])
    assert factors[1] == 0
    assert factors[0] == pytest.approx(29, rel=0.02)


def a_run(logs: int, records: int, batches: int) -> Run:
    staged, documents = records * 1000, records * 2000
    return Run(
        logs,
        records,
        staged,
        batches,
        documents,
        workflow_log_bytes=10_000 + 3_000 * logs + 5_000 * batches,
        cpu_ms={
            "fetch_logs": 8 + 2 * logs + 7 * staged / 1e6,
            "split_records": 9 + 16 * staged / 1e6,
            "index_batch": 6 + 3 * documents / batches / 1e6,
        },
        log_bytes={"fetch_logs": 1400, "split_records": 1300, "index_batch": 1700},
    )


def test_a_summary_gives_back_what_went_in() -> None:
    shapes = ((1, 12, 1), (10, 120, 1), (50, 600, 1), (10, 2000, 2), (5, 10_000, 6))
    summary = summarize({shape[:2]: [a_run(*shape)] * 2 for shape in shapes})
    assert summary["events"] == {"staged_bytes": 1000}
    fetch = summary["functions"]["fetch_logs"]
    assert (fetch["ms_per_invocation"], fetch["ms_per_log"], fetch["ms_per_mb"]) == (8, 2, 7)
    assert summary["functions"]["split_records"]["ms_per_mb"] == 16
    assert summary["functions"]["index_batch"]["ms_per_mb"] == 3
    assert summary["workflow_log_bytes"] == {
        "per_execution": 10_000,
        "per_message": 3_000,
        "per_batch": 5_000,
    }


def test_documents_are_as_large_as_was_written() -> None:
    """Within a hundredth: the names of the bucket and of the index, which are in each, may be others."""
    logs = [
        (log.key, log.body)
        for number, records in SHAPES
        for log in generate_logs(seed=5, logs=number, start=START, records_per_log=records, story=False)
    ]
    found = document_bytes(logs, "trailsearch-local-logs-123456789012-us-east-1")
    assert found == pytest.approx(
        {name.value: size for name, size in read_measured().events.document_bytes.items()}, rel=0.01
    )


def test_what_is_written_is_read_back() -> None:
    tables = {"date": "2026-11-25", "repeats": 3, "a": {"x": 1.5, "b": {"y": 2}}}
    assert tomllib.loads("\n".join(to_toml(tables))) == tables


def test_an_alarm_costs_for_each_metric_that_it_reads() -> None:
    expression = {"metric_query": [{"metric": []}, {"metric": [{}]}, {"metric": [{}]}]}
    counted = count_resources(
        {
            'aws_cloudwatch_metric_alarm.runbook["two"]': expression,
            "aws_cloudwatch_metric_alarm.no_logs[0]": {"metric_query": []},
            "aws_cloudwatch_dashboard.pipeline": {},
            "aws_kms_key.pipeline": {},
            "aws_kms_alias.pipeline": {},
        }
    )
    assert counted == {"alarm_metrics": 3, "dashboards": 1, "kms_keys": 1}


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")  # noqa: PTH110
def test_processor_time_is_that_of_the_children_with_the_argument() -> None:
    code = "while True: pass"
    with subprocess.Popen([sys.executable, "-c", code, "measured.handler"]) as child:
        deadline = time.monotonic() + 30
        while (took := cpu_ms(os.getpid(), "measured.handler")) < 50 and time.monotonic() < deadline:
            time.sleep(0.02)
        other = cpu_ms(os.getpid(), "other.handler")
        child.kill()
    assert took >= 50
    assert other == 0
