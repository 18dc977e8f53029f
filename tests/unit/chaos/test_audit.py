"""A run of the audit is no proof if a log stays unindexed, the audit counts wrong, or the fault was never met."""

import gzip
import json
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.chaos import audit as audit_module
from tests.chaos import run as run_module
from tests.chaos.audit import NEVER_ANNOUNCED, run_audit
from tests.chaos.delivery import AS_IT_CAME, LOGS, RECORDS_PER_LOG
from tests.chaos.pipeline import Pipeline
from tests.chaos.run import Outcome
from tests.chaos.scenario import AUDIT, Scenario
from tests.local_cloud.faults import Reset, Rule
from tests.local_cloud.pipeline.cloudtrail_digests import SigningKey

DROPPED = Scenario("announcements dropped", AUDIT)
PASSING = Scenario("connection reset", AUDIT, (Rule(Reset()),))
LASTING = Scenario("connection reset, lasting", AUDIT, (Rule(Reset()),), outlasts_retries=True)
ABORTED = Scenario("aborted", AUDIT, (Rule(Reset()),), outlasts_retries=True, aborted_in=AUDIT)
DEAD_LETTERED = Scenario("ledger refused, lasting", AUDIT, (Rule(Reset()),), letters=AS_IT_CAME)


class FakePipeline:
    """Stands for a deployment that indexes what is announced, and whose audit finds and heals as a test says."""

    log_bucket, endpoint_url = "logs", "http://localhost"

    def __init__(self) -> None:
        self.outputs = {
            "log_bucket_names": ["logs"],
            "staging_bucket_name": "staging",
            "dead_letter_queue_url": "queue",
        }
        self.injected = 1
        self.rules: list[Any] = []
        count = lambda: [SimpleNamespace(injected=self.injected) for _ in self.rules]  # noqa: E731
        self.faults = SimpleNamespace(set=self._set, clear=count, counts=count)
        self.s3 = SimpleNamespace(put_object=self._put)
        self.stopped: list[str] = []
        self.stepfunctions = SimpleNamespace(
            stop_execution=lambda executionArn, **_: self.stopped.append(executionArn)  # noqa: N803
        )
        self.logs: dict[str, list[dict[str, Any]]] = {}
        self.signed: set[str] = set()
        self.indexed: set[str] = set()
        self.letters: list[str] = []
        self.dead_letters_to_come = 0
        self.loses, self.documents_of_an_event = 0, 1
        self.ends: list[tuple[str, str]] = []
        self.heals, self.comes_back = True, False
        self.counts: dict[str, int] = {}
        self.well: bool | None = None

    def _set(self, rules: list[Any]) -> None:
        self.rules = rules

    def _put(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803 - boto3's names
        said = json.loads(gzip.decompress(Body))
        if "Records" in said:
            self.logs[Key] = said["Records"]
        else:
            self.signed |= {log["s3Object"] for log in said["logFiles"]}

    def empty_log_bucket(self) -> None: ...

    def announce(self, message: str) -> None:
        if self.dead_letters_to_come:
            self.dead_letters_to_come -= 1
            self.letters.append(message)
        elif self.loses:
            self.loses -= 1
        else:
            self.indexed.update(json.loads(message)["s3ObjectKey"])

    def wait_until_idle(self) -> None: ...

    def documents(self, prefix: str) -> Iterator[tuple[str, str]]:
        for key in self.indexed:
            for record in self.logs[key] * self.documents_of_an_event if key.startswith(prefix) else ():
                yield record["eventID"], json.dumps(record)

    def dead_letters(self) -> list[str]:
        return self.letters

    def staged_documents(self, _bucket: str, _key: str) -> list[str]:
        return []

    def input_of(self, _execution_arn: str) -> str:
        return "[]"

    def redrive(self) -> int:
        redriven = list(self.letters)
        if not self.comes_back:
            self.letters.clear()
            for message in redriven:
                self.indexed.update(json.loads(message)["s3ObjectKey"])
        return len(redriven)

    def start_audit(self, _time: Mapping[str, str]) -> str:
        return "audit"

    def end_of(self, _arn: str) -> tuple[str, str]:
        if self.ends:
            return self.ends.pop(0)
        missing = self.signed - self.indexed
        if self.heals:
            self.indexed.update(missing)
        counted = {
            "logs_signed": len(self.signed),
            "logs_altered": 0,
            "gaps": 0,
            "logs_missing": len(missing),
        }
        well = not missing if self.well is None else self.well
        summary = {"counted": counted | self.counts, "well": well, "problems": []}
        return "SUCCEEDED", json.dumps({"summary": summary})


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.generated()


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, key: SigningKey) -> FakePipeline:
    monkeypatch.setattr(run_module, "GRACE_SECONDS", 0)
    of_local_cloud = SimpleNamespace(of_local_cloud=lambda _url, _region: key)
    monkeypatch.setattr(audit_module, "SigningKey", of_local_cloud)
    return FakePipeline()


def outcome_of(pipeline: FakePipeline, scenario: Scenario = PASSING) -> Outcome:
    return run_audit(scenario, cast("Pipeline", pipeline), seed=1)


@pytest.mark.parametrize(("scenario", "faults"), [(DROPPED, 0), (PASSING, 1)])
def test_what_was_never_announced_is_found_and_indexed(
    pipeline: FakePipeline, scenario: Scenario, faults: int
) -> None:
    outcome = outcome_of(pipeline, scenario)
    assert outcome.proven, outcome.problems
    assert (outcome.events, outcome.injected) == (LOGS * RECORDS_PER_LOG, NEVER_ANNOUNCED + faults)
    assert len(pipeline.signed) == LOGS


def test_what_the_audit_does_not_heal_is_lost(pipeline: FakePipeline) -> None:
    pipeline.heals = False
    assert len(outcome_of(pipeline).lost) == NEVER_ANNOUNCED * RECORDS_PER_LOG


@pytest.mark.parametrize("counts", [{"logs_signed": 3}, {"logs_altered": 1}, {"gaps": 1}])
def test_an_audit_that_counts_wrong_is_a_problem(pipeline: FakePipeline, counts: dict[str, int]) -> None:
    pipeline.counts = counts
    assert any("4 logs are signed, and it says" in problem for problem in outcome_of(pipeline).problems)


def test_what_the_pipeline_loses_is_a_problem_though_the_audit_heals_it(pipeline: FakePipeline) -> None:
    pipeline.ends, pipeline.loses = [("FAILED", "LogsNotAudited")], 1
    (problem,) = outcome_of(pipeline, LASTING).problems
    assert "5 events were announced, and are nowhere" in problem


def test_an_audit_that_misses_what_is_missing_is_a_problem(pipeline: FakePipeline) -> None:
    pipeline.counts = {"logs_missing": 0}
    (problem,) = outcome_of(pipeline).problems
    assert "nobody has read 2 logs, and it says" in problem


def test_all_has_to_be_well_in_the_end(pipeline: FakePipeline) -> None:
    pipeline.well = False
    (problem,) = outcome_of(pipeline).problems
    assert "all should be well in the end" in problem


def test_an_event_that_is_there_twice_is_a_problem(pipeline: FakePipeline) -> None:
    pipeline.documents_of_an_event = 2
    assert any("20 events are in the domain twice" in problem for problem in outcome_of(pipeline).problems)


def test_a_fault_that_was_never_met_proves_nothing(pipeline: FakePipeline) -> None:
    pipeline.injected = 0
    assert outcome_of(pipeline).problems == ["the fault was never met"]


def test_a_fault_that_passes_may_not_end_the_audit(pipeline: FakePipeline) -> None:
    pipeline.ends = [("FAILED", "LogsNotAudited")]
    assert any("the audit ended FAILED" in problem for problem in outcome_of(pipeline).problems)


@pytest.mark.parametrize(
    ("scenario", "end", "stopped"),
    [(LASTING, ("FAILED", "LogsNotAudited"), []), (ABORTED, ("ABORTED", "Aborted"), ["audit"])],
)
def test_what_a_fault_outlasts_the_next_audit_does(
    pipeline: FakePipeline, scenario: Scenario, end: tuple[str, str], stopped: list[str]
) -> None:
    pipeline.ends = [end]
    outcome = outcome_of(pipeline, scenario)
    assert outcome.proven, outcome.problems
    assert pipeline.stopped == stopped


@pytest.mark.parametrize("end", [("FAILED", "States.Runtime"), ("TIMED_OUT", "")])
def test_a_fault_that_lasts_must_fail_as_it_is_meant_to(pipeline: FakePipeline, end: tuple[str, str]) -> None:
    pipeline.ends = [end]
    (problem,) = outcome_of(pipeline, LASTING).problems
    assert "the fault outlasts all retries, but the audit ended" in problem


def test_what_is_dead_lettered_is_redriven(pipeline: FakePipeline) -> None:
    pipeline.dead_letters_to_come = 1
    outcome = outcome_of(pipeline, DEAD_LETTERED)
    assert outcome.proven, outcome.problems
    assert (outcome.dead_letters, outcome.dead_lettered, outcome.redriven) == (1, RECORDS_PER_LOG, 1)


def test_what_waits_with_its_reason_is_not_lost(pipeline: FakePipeline) -> None:
    pipeline.dead_letters_to_come, pipeline.heals = 2, False
    outcome = outcome_of(pipeline, DEAD_LETTERED)
    assert len(outcome.lost) == NEVER_ANNOUNCED * RECORDS_PER_LOG


def test_dead_letters_that_come_back_are_a_problem(pipeline: FakePipeline) -> None:
    pipeline.dead_letters_to_come, pipeline.comes_back = 1, True
    assert any("came back after the redrive" in each for each in outcome_of(pipeline, DEAD_LETTERED).problems)


@pytest.mark.parametrize(("scenario", "letters"), [(PASSING, 1), (DEAD_LETTERED, 0)])
def test_dead_letters_are_there_where_they_are_meant_to_be(
    pipeline: FakePipeline, scenario: Scenario, letters: int
) -> None:
    pipeline.dead_letters_to_come = letters
    assert any("dead letters before the audit" in each for each in outcome_of(pipeline, scenario).problems)
