"""State "Delete Expired": what it makes of what a domain says, round by round."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

import delete_expired
from tests.steps import ARN, LambdaContext, invoke
from trailsearch.contracts.errors import DeletionWithoutEffect, SearchThrottled, SettingMissing
from trailsearch.contracts.messages import Deletion
from trailsearch.search.backend import Expired
from trailsearch.search.cloudsearch import CloudSearch

BEFORE = datetime(2026, 10, 25, 12, tzinfo=UTC)
MANY_ROUNDS = delete_expired.MAX_ROUNDS_WITHOUT_EFFECT + 2


class Domain:
    """A domain that has one thing after the other, and the last one for ever. It may be asked more often than it answers."""

    def __init__(self, *has: Expired) -> None:
        self._has = list(has)
        self.asked: list[datetime] = []
        self.deletions = 0

    def find(self, before: datetime) -> Expired:
        self.asked.append(before)
        return self._has.pop(0) if len(self._has) > 1 else self._has[0]

    def delete_some(self, before: datetime) -> Expired:
        self.deletions += 1
        return self.find(before)


def some(documents: int) -> Expired:
    return Expired(documents)


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


def test_the_first_round_only_counts() -> None:
    domain = Domain(some(50))
    (deletion,) = rounds(domain, 1)
    assert (deletion.expired, deletion.left, deletion.documents, deletion.more) == (50, 50, 0, True)
    assert domain.deletions == 0


def test_what_is_gone_is_counted_when_the_domain_says_so() -> None:
    domain = Domain(some(50), some(50), some(20), some(0))
    deletions = rounds(domain, 4)
    assert [deletion.documents for deletion in deletions] == [0, 0, 30, 50]
    assert [deletion.more for deletion in deletions] == [True, True, True, False]
    assert {deletion.expired for deletion in deletions} == {50}
    assert domain.deletions == 3


def test_what_is_gone_although_the_answer_was_lost_is_counted() -> None:
    """The retry of the second round finds nothing."""
    deletions = rounds(Domain(Expired(50, ("a",)), some(0)), 2)
    assert (deletions[-1].documents, deletions[-1].indices) == (50, ("a",))


def test_what_is_found_again_is_counted_once() -> None:
    """Of copies of an index, some are behind others."""
    deletions = rounds(Domain(some(50), some(20), some(50), some(20), some(10), some(0)), 6)
    assert [deletion.documents for deletion in deletions] == [0, 30, 30, 30, 40, 50]
    assert [deletion.without_effect for deletion in deletions] == [0, 0, 1, 2, 0, 0]


def test_months_are_named_when_they_are_gone() -> None:
    domain = Domain(Expired(5, ("a", "b")), Expired(5, ("a", "b")), Expired(2, ("b",)), some(0))
    deletions = rounds(domain, 4)
    assert [deletion.indices for deletion in deletions] == [(), (), ("a",), ("a", "b")]
    assert [deletion.indices_left for deletion in deletions] == [("a", "b"), ("a", "b"), ("b",), ()]
    assert [deletion.documents for deletion in deletions] == [0, 0, 3, 5]


def test_a_month_without_events_is_an_effect_too_but_not_if_it_comes_again() -> None:
    with_empty, without = Expired(5, ("empty", "other")), Expired(5, ("other",))
    deletions = rounds(Domain(with_empty, without, with_empty, without, without), 5)
    assert [deletion.without_effect for deletion in deletions] == [0, 0, 1, 2, 3]
    assert deletions[-1].indices == ("empty",)


def test_a_month_that_has_come_meanwhile_is_deleted_as_well() -> None:
    deletions = rounds(Domain(some(0)._replace(indices=("a",)), Expired(3, ("b",)), some(0)), 3)
    assert deletions[-1].indices == ("a", "b")
    assert not deletions[-1].more


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
    def throttle(_before: datetime) -> Expired:
        raise SearchThrottled("HTTP 507")

    monkeypatch.setattr(retained, "find", throttle)
    with pytest.raises(SearchThrottled):
        invoke(delete_expired.handler, event({}), context)
