"""The state machine retention: every way through it, how it ends, and what it says, with the real function too."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec
import pytest

import delete_expired
from tests.steps import LambdaContext
from tests.workflow import definition
from tests.workflow.workflow import Step, Workflow, always_fails, answers, fails
from trailsearch.aws import clients
from trailsearch.aws.signed_http import HttpAnswer
from trailsearch.contracts.messages import Deletion

MACHINE = definition.load(definition.RETENTION)
STATES = {state.name: state for state in definition.states(MACHINE)}
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_HISTORY_EVENTS = 25_000
DAY = 24 * 60 * 60

# Of a policy that does not let it in: tests/workflow/test_retries.py proves the number.
POLICY_RETRIES = 3

GONE_AT_ONCE = "Begin > Delete Expired > Anything Left? > Expired Events Deleted"
IN_TWO_ROUNDS = (
    "Begin > Delete Expired > Anything Left? > Leave Domain Time > Delete Expired > Anything Left?"
    " > Expired Events Deleted"
)
TOO_MUCH = "Begin > Delete Expired > Anything Left? > Left To Next Execution"
FAILED = "Begin > Delete Expired > Expired Events Left"
PATHS = [GONE_AT_ONCE, IN_TWO_ROUNDS, TOO_MUCH, FAILED]

NOTHING = Deletion(before="2026-10-25T12:00:00+00:00", expired=0, rounds=1, more=False, wait_seconds=10)
SOME = Deletion(before="2026-10-25T12:00:00+00:00", expired=5, left=5, rounds=1, wait_seconds=20)


def in_turn(*steps: Step) -> Step:
    left = iter(steps)

    def step(event: dict[str, Any]) -> Any:
        return next(left)(event)

    return step


def most_rounds() -> int:
    (rule,) = (
        rule
        for rule in STATES["Anything Left?"].fields["Choices"]
        if rule["Next"] == "Left To Next Execution"
    )
    rounds: int = rule["NumericGreaterThanEquals"]
    return rounds


def test_where_nothing_has_expired_it_is_done(workflow: Workflow) -> None:
    workflow.steps["delete_expired"] = answers(NOTHING)
    run = workflow.run_retention({})
    assert " > ".join(run.visits) == GONE_AT_ONCE
    assert run.status == "SUCCEEDED"
    assert run.output_of("Expired Events Deleted")["deletion"]["documents"] == 0


def test_between_two_rounds_it_waits_as_long_as_the_function_says(workflow: Workflow) -> None:
    workflow.steps["delete_expired"] = in_turn(answers(SOME), answers(NOTHING))
    assert " > ".join(workflow.run_retention({}).visits) == IN_TWO_ROUNDS
    assert workflow.pauses == [20]


def test_a_round_is_told_what_the_one_before_it_answered(workflow: Workflow) -> None:
    workflow.steps["delete_expired"] = in_turn(answers(SOME), answers(NOTHING))
    run = workflow.run_retention({})
    first, second = workflow.calls["delete_expired"]
    assert first["deletion"] == {}
    assert msgspec.convert(second["deletion"], Deletion) == SOME
    assert first["execution"] == second["execution"] == run.arn
    assert first["started"] == second["started"]
    assert datetime.fromisoformat(first["started"]).date() == datetime.now(UTC).date()


@pytest.mark.parametrize(
    "execution_input",
    [None, [], "before 2030", {"deletion": {"before": "2030-01-01T00:00:00Z"}}, {"Comment": "Insert here"}],
)
def test_the_input_changes_nothing(workflow: Workflow, execution_input: Any) -> None:
    workflow.steps["delete_expired"] = answers(NOTHING)
    assert workflow.run_retention(execution_input).status == "SUCCEEDED"
    assert [call["deletion"] for call in workflow.calls["delete_expired"]] == [{}]


def test_after_many_rounds_the_rest_is_left_to_the_next_execution(workflow: Workflow) -> None:
    rounds = most_rounds()
    one_less = Deletion(expired=50, left=40, documents=10, rounds=rounds - 1)
    workflow.steps["delete_expired"] = in_turn(
        answers(one_less), answers(Deletion(expired=50, left=30, rounds=rounds))
    )
    run = workflow.run_retention({})
    assert run.visits[-1] == "Left To Next Execution"
    assert run.visits.count("Delete Expired") == 2
    assert run.status == "SUCCEEDED"
    assert run.output_of("Left To Next Execution")["deletion"]["left"] == 30


def test_all_rounds_and_their_retries_fit_into_the_history(workflow: Workflow) -> None:
    """As the comment of "Anything Left?" reckons."""
    workflow.steps["delete_expired"] = in_turn(answers(SOME), answers(NOTHING))
    two = workflow.run_retention({})
    workflow.steps["delete_expired"] = in_turn(answers(SOME), answers(SOME), answers(NOTHING))
    three = workflow.run_retention({})
    workflow.steps["delete_expired"] = fails(answers(NOTHING), "SearchThrottled")
    retried = workflow.run_retention({})
    workflow.steps["delete_expired"] = answers(NOTHING)
    round_events = len(three.history) - len(two.history)
    retry_events = len(retried.history) - len(workflow.run_retention({}).history)
    assert most_rounds() * round_events == 10_800
    assert most_rounds() * (round_events + 3 * retry_events) < MAX_HISTORY_EVENTS


def test_an_execution_is_over_before_the_schedule_starts_the_next() -> None:
    """A day less an hour, in which the schedule may be late, or early after it was."""
    assert MACHINE["TimeoutSeconds"] == DAY - 3600
    assert most_rounds() * delete_expired.WAIT_SECONDS < MACHINE["TimeoutSeconds"] / 2


def test_a_failure_says_why_how_far_it_came_and_what_to_do(workflow: Workflow) -> None:
    some_gone = Deletion(before="2026-10-25T12:00:00+00:00", expired=9, left=5, documents=4, rounds=2)
    workflow.steps["delete_expired"] = in_turn(
        answers(some_gone), *[always_fails("SearchAccessDenied")] * (1 + POLICY_RETRIES)
    )
    run = workflow.run_retention({})
    assert run.visits[-2:] == ["Delete Expired", "Expired Events Left"]
    assert (run.status, run.error) == ("FAILED", "ExpiredEventsLeft")
    assert "why SearchAccessDenied" in run.cause
    assert '"documents":4' in run.cause.replace(" ", "")
    assert "start-execution --state-machine-arn arn:aws:states:" in run.cause


def test_a_failure_at_once_says_so(workflow: Workflow) -> None:
    workflow.steps["delete_expired"] = always_fails("SettingMissing")
    run = workflow.run_retention({})
    assert " > ".join(run.visits) == FAILED
    assert "Until then: {}" in run.cause


def test_every_state_is_visited_and_every_transition_taken() -> None:
    """Each path is the one of a test above."""
    visits = [path.split(" > ") for path in PATHS]
    assert {name for path in visits for name in path} == STATES.keys()
    possible = {(each.source, each.target) for each in definition.transitions(MACHINE)}
    assert possible == {pair for path in visits for pair in pairwise(path)}


class CloudSearchClient:
    """A CloudSearch domain that shows a deletion one search late."""

    def __init__(self, *ids: str) -> None:
        self._shown, self._ids = list(ids), list(ids)

    def search(self, **request: Any) -> Any:
        shown, self._shown = self._shown, list(self._ids)
        hits = [{"id": each} for each in shown[: min(2, request["size"])]]
        return {"hits": {"found": len(shown), "cursor": "next", "hit": hits}}

    def upload_documents(self, documents: bytes, contentType: str) -> Any:  # noqa: N803  # boto3's name
        deleted = {operation["id"] for operation in json.loads(documents)}
        self._ids = [each for each in self._ids if each not in deleted]
        return {"status": "success"}


class OpenSearchClient:
    """An OpenSearch domain with indices, each with so many documents."""

    def __init__(self, **documents: int) -> None:
        self.indices = {
            f"trailsearch-test-events-{month.strip('_')}": count for month, count in documents.items()
        }

    def send(self, method: str, path: str, query: Any = None) -> HttpAnswer:
        if method == "DELETE":
            del self.indices[path.removeprefix("/")]
            return HttpAnswer(200, b'{"acknowledged":true}')
        rows = [{"index": index, "docs.count": str(count)} for index, count in self.indices.items()]
        return HttpAnswer(200, json.dumps(rows).encode())


@pytest.fixture
def function(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The real function, with what Terraform sets."""
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.setenv("SEARCH_ENDPOINT", "doc.example.com")
    monkeypatch.setenv("SEARCH_QUERY_ENDPOINT", "search.example.com")
    monkeypatch.setenv("SEARCH_RETENTION_DAYS", "30")
    workflow.steps["delete_expired"] = lambda event: delete_expired.handler(event, LambdaContext())
    return monkeypatch


def test_a_cloudsearch_domain_is_purged_event_by_event(
    workflow: Workflow, function: pytest.MonkeyPatch
) -> None:
    client = CloudSearchClient("a", "b", "c", "d", "e")
    function.setenv("SEARCH_BACKEND", "cloudsearch")
    function.setattr(clients, "cloudsearch_domain", lambda _endpoint: client)
    run = workflow.run_retention({})
    deletion = run.output_of("Expired Events Deleted")["deletion"]
    assert (deletion["expired"], deletion["documents"], deletion["left"]) == (5, 5, 0)
    assert workflow.pauses[:3] == [10, 20, 40], "nothing had shown yet"
    assert 10 in workflow.pauses[3:]


def test_an_opensearch_domain_loses_its_expired_months(
    workflow: Workflow, function: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    months = {"2020.01": 3, "2019.12": 4, f"{now:%Y.%m}": 7, "undated": 2}
    client = OpenSearchClient(**months)
    function.setenv("SEARCH_BACKEND", "opensearch")
    function.setattr(clients, "opensearch_domain", lambda _endpoint: client)
    run = workflow.run_retention({})
    deletion = run.output_of("Expired Events Deleted")["deletion"]
    assert deletion["documents"] == 7
    assert deletion["indices"] == ["trailsearch-test-events-2019.12", "trailsearch-test-events-2020.01"]
    assert client.indices.keys() == {
        f"trailsearch-test-events-{now:%Y.%m}",
        "trailsearch-test-events-undated",
    }
