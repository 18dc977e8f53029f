"""A run is no proof if an event is lost, doubled or left over, or if the fault was never met."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.chaos import run as run_module
from tests.chaos.delivery import AS_IT_CAME
from tests.chaos.engine_states import EngineState
from tests.chaos.pipeline import Pipeline
from tests.chaos.run import Outcome, run
from tests.chaos.scenario import Scenario
from tests.local_cloud.faults import Reset, Rule

FAULT = Scenario("connection reset", "Fetch Logs", (Rule(Reset()),))
DRAWN = Scenario("storm", "Everywhere", (Rule(Reset(), share=0.1), Rule(Reset(), share=0.1)))
LASTING = Scenario("connection reset, lasting", "Fetch Logs", (Rule(Reset()),), outlasts_retries=True)


class FakePipeline:
    """Stands for a deployment: what was announced is in the domain, in the dead-letter queue, or nowhere."""

    log_bucket = "logs"
    prefix = "trailsearch-test"

    def __init__(self) -> None:
        self.outputs = {
            "log_bucket_names": ["logs"],
            "staging_bucket_name": "staging",
            "dead_letter_queue_url": "queue",
            "ingest_queue_url": "queue",
        }
        self.faults = SimpleNamespace(set=lambda _rules: None, clear=lambda: [SimpleNamespace(injected=1)])
        self.s3 = SimpleNamespace(put_object=self._put)
        self.bodies: dict[str, bytes] = {}
        self.indexed: list[tuple[str, str]] = []
        self.waiting: list[str] = []
        self.handle: Callable[[str], None] = self.index
        self.handle_redriven: Callable[[str], None] = self.index
        self.failures = 2

    def _put(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        self.bodies[Key] = Body

    def index(self, message: str) -> None:
        for key in json.loads(message)["s3ObjectKey"]:
            for record in json.loads(gzip.decompress(self.bodies[key]))["Records"]:
                self.indexed.append((record["eventID"], json.dumps(record)))

    def wait(self, message: str) -> None:
        self.waiting.append(message)

    def announce(self, message: str) -> None:
        self.handle(message)

    def wait_until_idle(self) -> None: ...

    def failed_uploads(self) -> int:
        return self.failures

    def documents(self, _prefix: str) -> Iterator[tuple[str, str]]:
        yield from self.indexed

    def dead_letters(self) -> list[str]:
        return self.waiting

    def staged_documents(self, _bucket: str, _key: str) -> list[str]:
        return []

    def input_of(self, _execution_arn: str) -> str:
        return "[]"

    def redrive(self) -> int:
        redriven, self.waiting = self.waiting, []
        for message in redriven:
            self.handle_redriven(message)
        return len(redriven)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    monkeypatch.setattr(run_module, "GRACE_SECONDS", 0)
    return FakePipeline()


def run_on(pipeline: Any, scenario: Scenario = FAULT) -> Outcome:
    return run(scenario, cast("Pipeline", pipeline), seed=1)


def test_everything_found_is_a_proof(pipeline: FakePipeline) -> None:
    outcome = run_on(pipeline)
    assert outcome.proven
    assert (outcome.events, outcome.dead_letters) == (20, 0)


def test_everything_waiting_and_found_after_the_redrive_is_a_proof(pipeline: FakePipeline) -> None:
    pipeline.handle = pipeline.wait
    outcome = run_on(pipeline, LASTING)
    assert outcome.proven
    assert (outcome.dead_lettered, outcome.dead_letters, outcome.redriven) == (20, 4, 4)


def test_what_is_nowhere_is_lost(pipeline: FakePipeline) -> None:
    pipeline.handle = lambda _message: None
    outcome = run_on(pipeline)
    assert len(outcome.lost) == 20
    assert not outcome.proven


@pytest.mark.parametrize(
    ("redriven", "problem"),
    [(lambda _message: None, "20 events are not in the domain"), (None, "4 dead letters came back")],
)
def test_a_redrive_that_does_not_bring_all_in_is_no_proof(
    pipeline: FakePipeline, redriven: Callable[[str], None] | None, problem: str
) -> None:
    pipeline.handle = pipeline.wait
    pipeline.handle_redriven = redriven or pipeline.wait
    assert any(problem in found for found in run_on(pipeline, LASTING).problems)


def test_an_event_that_is_found_twice_is_no_proof(pipeline: FakePipeline) -> None:
    def twice(message: str) -> None:
        pipeline.index(message)
        pipeline.index(message)

    pipeline.handle = twice
    assert "20 events are in the domain twice" in run_on(pipeline).problems[0]


def test_a_passing_fault_that_is_not_cured_by_retries_is_no_proof(pipeline: FakePipeline) -> None:
    pipeline.handle = pipeline.wait
    assert "retries were to cure it" in run_on(pipeline).problems[0]


def test_a_fault_that_is_never_met_or_does_not_outlast_the_retries_is_no_proof(
    pipeline: FakePipeline,
) -> None:
    assert "nothing was dead-lettered" in run_on(pipeline, LASTING).problems[0]
    pipeline.indexed.clear()
    pipeline.faults.clear = lambda: [SimpleNamespace(injected=0)]
    assert run_on(pipeline).problems == ["the fault was never met"]


def test_each_of_several_faults_has_to_be_met_unless_they_are_drawn(pipeline: FakePipeline) -> None:
    pipeline.faults.clear = lambda: [SimpleNamespace(injected=2), SimpleNamespace(injected=0)]
    assert run_on(pipeline).problems == ["1 of 2 faults were never met"]
    pipeline.indexed.clear()
    assert run_on(pipeline, DRAWN).proven
    pipeline.indexed.clear()
    pipeline.faults.clear = lambda: [SimpleNamespace(injected=0), SimpleNamespace(injected=0)]
    assert run_on(pipeline, DRAWN).problems == ["2 of 2 faults were never met"]


def test_dead_letters_of_another_kind_than_expected_are_no_proof(pipeline: FakePipeline) -> None:
    pipeline.handle = pipeline.wait
    assert run_on(pipeline, replace(LASTING, letters=AS_IT_CAME)).proven
    pipeline.indexed.clear()
    assert run_on(pipeline, replace(LASTING, letters="batch: ")).problems == [
        "dead letters ['message as it came'] instead of 'batch: '"
    ]


def test_a_fault_during_the_redrive_has_to_be_met(pipeline: FakePipeline) -> None:
    pipeline.handle = pipeline.wait
    counts = iter([1, 0])
    pipeline.faults.clear = lambda: [SimpleNamespace(injected=next(counts))]
    problems = run_on(pipeline, replace(LASTING, redrive_rules=(Rule(Reset()),))).problems
    assert problems == ["the fault was never met"]


class Noted(EngineState):
    """A state that notes when it begins and ends, and that finds what it is told to find."""

    def __init__(self, *found: str) -> None:
        self.events: list[str] = []
        self.found = list(found)

    def enter(self, _pipeline: Any, index: str) -> None:
        self.events.append(f"enter {index}")

    def leave(self, _pipeline: Any, _index: str) -> None:
        self.events.append("leave")

    def problems(self, _pipeline: Any, _index: str) -> list[str]:
        return self.found


def test_a_state_of_the_engine_is_that_of_the_month_and_ends(pipeline: FakePipeline) -> None:
    state = Noted()
    pipeline.faults.clear = list
    outcome = run_on(pipeline, Scenario("block", "Index Batch", engine_state=state))
    assert outcome.proven
    assert outcome.injected == 2
    assert state.events == ["enter trailsearch-test-events-2023.07", "leave"]


def test_a_state_in_which_no_upload_fails_is_no_proof(
    pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "STATE_SECONDS", 0)
    pipeline.failures = 0
    state = Noted()
    problems = run_on(pipeline, Scenario("block", "Index Batch", engine_state=state)).problems
    assert problems == ["no upload has failed in the state of the engine"]
    assert state.events[-1] == "leave"


def test_what_a_state_leaves_behind_is_no_proof(pipeline: FakePipeline) -> None:
    scenario = Scenario("template", "Index Batch", engine_state=Noted("there is no template"))
    assert run_on(pipeline, scenario).problems == ["there is no template"]


def test_an_event_that_a_redelivery_doubles_is_no_proof(pipeline: FakePipeline) -> None:
    scenario = replace(FAULT, redelivered=True)
    assert "20 events are in the domain twice" in run_on(pipeline, scenario).problems[0]
