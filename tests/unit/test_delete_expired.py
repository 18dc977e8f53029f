"""State "Delete Expired": what it makes of what a domain says, round by round."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

import delete_expired
from tests.unit.steps import ARN, LambdaContext, invoke
from trailsearch.contracts.errors import DeletionWithoutEffect, SearchThrottled, SettingMissing
from trailsearch.contracts.messages import Deletion
from trailsearch.search.backend import Deleted
from trailsearch.search.cloudsearch import CloudSearch

BEFORE = datetime(2026, 10, 25, 12, tzinfo=UTC)
MANY_ROUNDS = delete_expired.MAX_ROUNDS_WITHOUT_EFFECT + 2


class Domain:
    """A domain that says one thing after the other, and the last one for ever."""

    def __init__(self, *says: Deleted) -> None:
        self._says = list(says)
        self.asked: list[datetime] = []

    def delete_some(self, before: datetime) -> Deleted:
        self.asked.append(before)
        return self._says.pop(0) if len(self._says) > 1 else self._says[0]


def some(documents: int) -> Deleted:
    return Deleted(documents, more=documents > 0)


def rounds(domain: Domain, count: int) -> list[Deletion]:
    deletions = [Deletion()]
    for _ in range(count):
        deletions.append(delete_expired.delete_expired(BEFORE, deletions[-1], domain))
    return deletions[1:]


def test_where_nothing_has_expired_one_round_does() -> None:
    (deletion,) = rounds(Domain(some(0)), 1)
    assert deletion == Deletion(
        before="2026-10-25T12:00:00+00:00", expired=0, rounds=1, more=False, wait_seconds=10
    )


def test_what_is_gone_is_counted_when_the_domain_says_so() -> None:
    deletions = rounds(Domain(some(50), some(20), some(0)), 3)
    assert [deletion.documents for deletion in deletions] == [0, 30, 50]
    assert [deletion.more for deletion in deletions] == [True, True, False]
    assert {deletion.expired for deletion in deletions} == {50}


def test_what_is_found_again_is_counted_once() -> None:
    """Of copies of an index, some are behind others."""
    deletions = rounds(Domain(some(50), some(20), some(50), some(20), some(10), some(0)), 6)
    assert [deletion.documents for deletion in deletions] == [0, 30, 30, 30, 40, 50]
    assert [deletion.without_effect for deletion in deletions] == [0, 0, 1, 2, 0, 0]


def test_months_are_named_in_their_order() -> None:
    domain = Domain(Deleted(5, ("a",), more=True), Deleted(2, ("b",), more=True), some(0))
    deletions = rounds(domain, 3)
    assert deletions[-1].indices == ("a", "b")
    assert deletions[-1].documents == 5


def test_an_empty_month_is_an_effect_and_one_that_comes_again_is_none() -> None:
    empty = Deleted(5, ("empty",), more=True)
    deletions = rounds(Domain(Deleted(5, ("closed",), more=True), empty, empty, empty), 4)
    assert [deletion.without_effect for deletion in deletions] == [0, 0, 1, 2]
    assert deletions[-1].indices == ("closed", "empty")


def test_without_effect_it_waits_longer_and_longer() -> None:
    deletions = rounds(Domain(some(50)), MANY_ROUNDS - 1)
    waits = [deletion.wait_seconds for deletion in deletions]
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600, 600, 600, 600, 600]
    assert timedelta(minutes=60) < timedelta(seconds=sum(waits)) < timedelta(minutes=75)


def test_without_effect_it_ends_with_an_error_that_says_so() -> None:
    domain = Domain(some(50), some(20), some(30))
    with pytest.raises(DeletionWithoutEffect, match=r"has 30 events before 2026-10-25.*had 20 12 rounds ago"):
        rounds(domain, MANY_ROUNDS + 1)
    assert len(domain.asked) == MANY_ROUNDS + 1


def test_an_effect_ends_the_waiting() -> None:
    deletions = rounds(Domain(*[some(50)] * 5, some(40)), 6)
    assert [deletion.wait_seconds for deletion in deletions][-2:] == [160, 10]


def test_an_end_is_one_also_after_rounds_without_effect() -> None:
    """Nothing was expired at first: then others have deleted what came."""
    domain = Domain(Deleted(0, ("a",), more=True), *[Deleted(0, ("a",), more=True)] * 3, some(0))
    assert not rounds(domain, 5)[-1].more


@pytest.fixture
def retained(monkeypatch: pytest.MonkeyPatch, context: LambdaContext) -> Domain:
    """A domain with 50 expired events, with the settings of the function, for the handler."""
    domain = Domain(some(50), some(0))
    monkeypatch.setenv("SEARCH_QUERY_ENDPOINT", "search-events.us-east-1.cloudsearch.amazonaws.com")
    monkeypatch.setenv("SEARCH_RETENTION_DAYS", "30")

    def retention(_: CloudSearch, endpoint: str, search_endpoint: str) -> Any:
        assert endpoint.startswith("doc-")
        assert search_endpoint.startswith("search-")
        return domain

    monkeypatch.setattr(CloudSearch, "retention", retention)
    return domain


def event(deletion: Any, started: str = "2026-11-24T12:00:00.000Z") -> dict[str, Any]:
    return {"deletion": deletion, "started": started, "execution": ARN}


def test_the_retention_counts_from_when_the_execution_was_started(
    retained: Domain, context: LambdaContext
) -> None:
    first = invoke(delete_expired.handler, event({}), context)
    second = invoke(delete_expired.handler, event(first), context)
    assert retained.asked == [BEFORE, BEFORE]
    assert (first["more"], second["more"]) == (True, False)
    assert msgspec.convert(second, Deletion).documents == 50


def test_what_is_gone_is_measured_once(
    retained: Domain, context: LambdaContext, capsys: pytest.CaptureFixture[str]
) -> None:
    first = invoke(delete_expired.handler, event({}), context)
    invoke(delete_expired.handler, event(first), context)
    measured = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [each["EventsDeleted"] for each in measured] == [[0.0], [50.0]]


@pytest.mark.parametrize("name", ["SEARCH_ENDPOINT", "SEARCH_QUERY_ENDPOINT", "SEARCH_RETENTION_DAYS"])
def test_a_setting_that_is_missing_is_named_and_nothing_is_deleted(
    retained: Domain, context: LambdaContext, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(SettingMissing, match=name):
        invoke(delete_expired.handler, event({}), context)
    assert retained.asked == []


def test_what_a_domain_fails_with_is_for_the_workflow(
    retained: Domain, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttle(_before: datetime) -> Deleted:
        raise SearchThrottled("HTTP 507")

    monkeypatch.setattr(retained, "delete_some", throttle)
    with pytest.raises(SearchThrottled):
        invoke(delete_expired.handler, event({}), context)
