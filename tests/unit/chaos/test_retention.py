"""A run of the retention is no proof if a wrong event goes, an expired one stays, or the fault was never met."""

import gzip
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.chaos.pipeline import Pipeline
from tests.chaos.retention import run_retention
from tests.chaos.run import Outcome
from tests.chaos.scenario import DELETE, Scenario
from tests.local_cloud.faults import Reset, Rule

PASSING = Scenario("connection reset", DELETE, (Rule(Reset()),))
LASTING = Scenario("connection reset, lasting", DELETE, (Rule(Reset()),), outlasts_retries=True)
ABORTED = Scenario("aborted", DELETE, (Rule(Reset()),), outlasts_retries=True, aborted_in=DELETE)


class FakePipeline:
    """Stands for a deployment that indexes what is announced, and whose retention ends as a test says."""

    log_bucket = "logs"

    def __init__(self) -> None:
        self.outputs = {
            "log_bucket_names": ["logs"],
            "staging_bucket_name": "staging",
            "dead_letter_queue_url": "queue",
        }
        self.injected = 1
        count = lambda: [SimpleNamespace(injected=self.injected)]  # noqa: E731
        self.faults = SimpleNamespace(set=lambda _rules: None, clear=count, counts=count)
        self.s3 = SimpleNamespace(put_object=self._put)
        self.stepfunctions = SimpleNamespace(stop_execution=lambda **_: None)
        self.events: dict[str, dict[str, Any]] = {}
        self.letters: list[str] = []
        self.index: Callable[[dict[str, Any]], bool] = lambda _record: True
        self.expires: Callable[[dict[str, Any]], bool] = lambda record: record["eventTime"] < "2010"
        self.ends: list[tuple[str, str]] = []
        self.counts_as = 1
        self.doubled: set[str] = set()

    def _put(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        for record in json.loads(gzip.decompress(Body))["Records"]:
            if self.index(record):
                self.events[record["eventID"]] = record | {"key": Key}

    def announce(self, message: str) -> None: ...

    def wait_until_idle(self) -> None: ...

    def documents(self, prefix: str) -> Iterator[tuple[str, str]]:
        for name, record in self.events.items():
            if record["key"].startswith(prefix):
                yield from [(name, json.dumps(record))] * (2 if name in self.doubled else 1)

    def dead_letters(self) -> list[str]:
        return self.letters

    def start_retention(self) -> str:
        return "arn"

    def entered_states(self, _arn: str) -> Iterator[tuple[str, str]]:
        yield DELETE, ""

    def end_of(self, _arn: str) -> tuple[str, str]:
        if self.ends:
            return self.ends.pop(0)
        gone = [name for name, record in self.events.items() if self.expires(record)]
        for name in gone:
            del self.events[name]
        deletion = {"left": 0, "documents": len(gone) * self.counts_as}
        return "SUCCEEDED", json.dumps({"deletion": deletion})


@pytest.fixture
def pipeline() -> FakePipeline:
    return FakePipeline()


def outcome(pipeline: FakePipeline, scenario: Scenario = PASSING) -> Outcome:
    return run_retention(scenario, cast("Pipeline", pipeline), seed=1)


def test_what_has_expired_is_gone_and_nothing_else(pipeline: FakePipeline) -> None:
    result = outcome(pipeline)
    assert result.proven, result.problems
    assert (result.events, result.injected) == (40, 1)
    assert len(pipeline.events) == 20


def test_what_should_have_been_kept_is_lost(pipeline: FakePipeline) -> None:
    pipeline.expires = lambda _record: True
    assert len(outcome(pipeline).lost) == 20


def test_what_has_expired_may_not_stay(pipeline: FakePipeline) -> None:
    pipeline.expires = lambda _record: False
    assert any(
        "20 expired events are still in the domain" in problem for problem in outcome(pipeline).problems
    )


def test_what_was_never_indexed_proves_nothing(pipeline: FakePipeline) -> None:
    pipeline.index = lambda record: record["eventTime"] > "2010"
    assert any("20 events were not indexed" in problem for problem in outcome(pipeline).problems)


def test_events_have_to_be_counted_once(pipeline: FakePipeline) -> None:
    pipeline.counts_as = 2
    (problem,) = outcome(pipeline).problems
    assert "20 events had expired, and it says" in problem


def test_an_event_that_is_in_the_domain_twice_is_no_proof(pipeline: FakePipeline) -> None:
    pipeline.expires = lambda _record: False
    outcome(pipeline)
    pipeline.doubled = {name for name, record in pipeline.events.items() if record["eventTime"] > "2010"}
    pipeline.expires = lambda record: record["eventTime"] < "2010"
    assert any("20 events are in the domain twice" in problem for problem in outcome(pipeline).problems)


def test_a_fault_that_was_never_met_proves_nothing(pipeline: FakePipeline) -> None:
    pipeline.injected = 0
    assert outcome(pipeline).problems == ["the fault was never met"]


def test_a_fault_that_passes_may_not_end_the_execution(pipeline: FakePipeline) -> None:
    pipeline.ends = [("FAILED", "ExpiredEventsLeft")]
    assert any("ended FAILED: ExpiredEventsLeft" in problem for problem in outcome(pipeline).problems)


@pytest.mark.parametrize(
    ("scenario", "end"), [(LASTING, ("FAILED", "ExpiredEventsLeft")), (ABORTED, ("ABORTED", "Aborted"))]
)
def test_what_a_fault_outlasts_the_next_execution_does(
    pipeline: FakePipeline, scenario: Scenario, end: tuple[str, str]
) -> None:
    pipeline.ends = [end]
    assert outcome(pipeline, scenario).proven


@pytest.mark.parametrize("end", [("SUCCEEDED", "{}"), ("FAILED", "States.Runtime"), ("TIMED_OUT", "")])
def test_a_fault_that_lasts_must_fail_as_it_is_meant_to(pipeline: FakePipeline, end: tuple[str, str]) -> None:
    pipeline.ends = [end]
    (problem,) = outcome(pipeline, LASTING).problems
    assert "the fault outlasts all retries, but the execution ended" in problem


def test_no_dead_letter_comes_of_it(pipeline: FakePipeline) -> None:
    pipeline.letters = ["{}"]
    assert outcome(pipeline).problems == ["1 dead letters, where there is nothing to redrive"]
