"""A run of a backfill is no proof if an event is lost, the plan counts wrong, or the fault was never met."""

import gzip
import json
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.chaos import run as run_module
from tests.chaos.backfill import run_backfill
from tests.chaos.pipeline import Pipeline
from tests.chaos.run import Outcome
from tests.chaos.scenario import PART, PLAN, Scenario
from tests.local_cloud.faults import Reset, Rule

PASSING = Scenario("connection reset", PLAN, (Rule(Reset()),))
LASTING = Scenario("connection reset, lasting", PLAN, (Rule(Reset()),), outlasts_retries=True)
ANEW = Scenario("stopped half-way, started anew", PART, aborted_in=PART, resumed_anew=True)
OF_PARTS = Scenario("connection reset", PART, (Rule(Reset()),))
STOPPED = Scenario("stopped half-way", PART, aborted_in=PART)


class FakePipeline:
    """Stands for a deployment that indexes what is announced or planned, and whose executions end as a test says."""

    log_bucket = "logs"

    def __init__(self) -> None:
        self.outputs = {
            "log_bucket_names": ["logs"],
            "staging_bucket_name": "staging",
            "dead_letter_queue_url": "queue",
        }
        self.injected, self.rules = 1, 1
        self.faults = SimpleNamespace(
            set=lambda _rules: None, clear=lambda: [SimpleNamespace(injected=self.injected)] * self.rules
        )
        self.s3 = SimpleNamespace(put_object=self._put)
        self.stopped: list[str] = []
        self.redriven: list[str] = []
        self.started: list[str] = []
        self.stepfunctions = SimpleNamespace(
            stop_execution=lambda executionArn, **_: self.stopped.append(executionArn),  # noqa: N803
            redrive_execution=self._redrive,
        )
        self.logs: dict[str, list[dict[str, Any]]] = {}
        self.indexed: set[str] = set()
        self.ends: list[str] = []
        self.counted: int | None = None
        self.loses, self.documents_of_an_event = "", 1
        self.letters: list[str] = []

    def _put(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        self.logs[Key] = json.loads(gzip.decompress(Body))["Records"]

    def _redrive(self, *, executionArn: str) -> None:  # noqa: N803 - boto3's names
        self.redriven.append(executionArn)

    def announce(self, message: str) -> None:
        self.indexed.update(json.loads(message)["s3ObjectKey"])

    def wait_until_idle(self) -> None: ...

    def documents(self, prefix: str) -> Iterator[tuple[str, str]]:
        for key in self.indexed:
            if key.startswith(prefix) and key != self.loses:
                for record in self.logs[key] * self.documents_of_an_event:
                    yield record["eventID"], json.dumps(record)

    def dead_letters(self) -> list[str]:
        return self.letters

    def staged_documents(self, _bucket: str, _key: str) -> list[str]:
        return []

    def input_of(self, _execution_arn: str) -> str:
        return "[]"

    def start_backfill(self, given: Mapping[str, Any]) -> str:
        self.started.append("plan" if "scope" in given else "index")
        return self.started[-1]

    def kept_of_backfill(self, _name: str) -> str:
        history = [key for key in self.logs if key not in self.indexed]
        count = len(history) if self.counted is None else self.counted
        return json.dumps({"counted": {"logs": count}})

    def kept_below(self, _folder: str) -> int:
        return 1

    def end_of(self, arn: str) -> tuple[str, str]:
        status = self.ends.pop(0) if self.ends else "SUCCEEDED"
        if arn == "index" and status == "SUCCEEDED":
            self.indexed.update(self.logs)
        return status, ""


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    monkeypatch.setattr(run_module, "GRACE_SECONDS", 0)
    return FakePipeline()


def outcome_of(scenario: Scenario, pipeline: FakePipeline) -> Outcome:
    return run_backfill(scenario, cast("Pipeline", pipeline), seed=7)


@pytest.mark.parametrize("scenario", [PASSING, OF_PARTS])
def test_where_all_is_found_it_is_proven(pipeline: FakePipeline, scenario: Scenario) -> None:
    outcome = outcome_of(scenario, pipeline)
    assert outcome.proven, outcome.problems
    assert outcome.injected == 1


@pytest.mark.parametrize(
    ("scenario", "ends", "started", "redriven"),
    [
        (LASTING, ["FAILED"], ["plan", "plan", "index"], []),
        (STOPPED, ["SUCCEEDED", "ABORTED"], ["plan", "index"], ["index"]),
        (ANEW, ["SUCCEEDED", "ABORTED"], ["plan", "index", "index"], []),
    ],
)
def test_what_ended_early_is_brought_to_its_end_by_another_execution_or_a_redrive(
    pipeline: FakePipeline, scenario: Scenario, ends: list[str], started: list[str], redriven: list[str]
) -> None:
    pipeline.ends = ends
    pipeline.rules = len(scenario.rules)
    outcome = outcome_of(scenario, pipeline)
    assert outcome.proven, outcome.problems
    assert (pipeline.started, pipeline.redriven) == (started, redriven)
    assert pipeline.stopped == (["index"] if scenario.aborted_in else [])


def test_what_should_have_ended_early_and_has_not_is_a_problem(pipeline: FakePipeline) -> None:
    assert "it should have ended early, and has succeeded" in outcome_of(LASTING, pipeline).problems


def test_an_event_that_is_not_found_is_lost(pipeline: FakePipeline) -> None:
    assert outcome_of(PASSING, pipeline).proven
    pipeline.loses = next(iter(pipeline.logs))
    assert outcome_of(PASSING, pipeline).lost


def test_an_event_that_is_there_twice_is_a_problem(pipeline: FakePipeline) -> None:
    pipeline.documents_of_an_event = 2
    assert any("events are in the domain twice" in each for each in outcome_of(PASSING, pipeline).problems)


def test_a_plan_that_counts_wrong_is_a_problem(pipeline: FakePipeline) -> None:
    pipeline.counted = 1
    assert any("logs are there, and it says" in problem for problem in outcome_of(PASSING, pipeline).problems)


def test_a_fault_that_is_never_met_proves_nothing(pipeline: FakePipeline) -> None:
    pipeline.injected = 0
    assert "the fault was never met" in outcome_of(PASSING, pipeline).problems


def test_an_execution_that_fails_is_a_problem(pipeline: FakePipeline) -> None:
    pipeline.ends = ["SUCCEEDED", "FAILED"]
    assert any("the execution ended FAILED" in problem for problem in outcome_of(PASSING, pipeline).problems)


def test_dead_letters_are_a_problem(pipeline: FakePipeline) -> None:
    pipeline.letters = [json.dumps({"s3ObjectKey": ["a-log"]})]
    assert any("1 dead letters" in problem for problem in outcome_of(PASSING, pipeline).problems)
