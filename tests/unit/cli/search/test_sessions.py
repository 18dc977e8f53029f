"""A name that is typed stands for the sessions that are called so, and for those of a role of this name."""

from typing import Any

import pytest

from trailsearch.cli.search.sessions import with_sessions
from trailsearch.cli.search.typed import CHOICES
from trailsearch.search.queries import Answer, Begins, Condition, Filter, Is, Query

WHO = CHOICES["who"].fields
TIME = Filter(("event_name",), (Is("GetObject"),))


class Domain:
    def __init__(self, *actors: str) -> None:
        self.actors = actors
        self.asked: list[Query] = []

    def search(self, query: Query) -> Answer:
        self.asked.append(query)
        return Answer(0, [], {"actor": dict.fromkeys(self.actors, 1)})


def who(*conditions: Condition, negated: bool = False) -> Query:
    return Query("raw:x", filters=(Filter(WHO, conditions, negated), TIME))


@pytest.mark.parametrize("negated", [False, True])
def test_sessions_of_the_name_are_looked_up_among_those_who_did_what_is_asked_for(negated: bool) -> None:
    domain: Any = Domain("admin/alice", "ops/alice", "alice", "alice/bob", "admin/malice", "admin/bob")
    found = with_sessions(domain, who(Is("alice"), Begins("x"), negated=negated))
    assert found == who(
        Is("alice"), Begins("x"), Begins("alice/"), Is("admin/alice"), Is("ops/alice"), negated=negated
    )
    (asked,) = domain.asked
    assert (asked.text, asked.filters, asked.size, asked.facets) == ("raw:x", [TIME], 0, ("actor",))


@pytest.mark.parametrize(
    "query", [Query(), who(Is("admin/alice")), who(Is("arn:aws:iam::1:user/a")), who(Begins("a"))]
)
def test_nothing_is_looked_up_unless_a_name_is_asked_for(query: Query) -> None:
    domain: Any = Domain("admin/alice")
    assert with_sessions(domain, query) == query
    assert domain.asked == []


@pytest.mark.parametrize(
    "actors",
    [[f"role-{number}/alice" for number in range(61)], [f"user-{number}" for number in range(10_000)]],
)
def test_it_is_said_that_not_all_can_be_looked_through(
    capsys: pytest.CaptureFixture[str], actors: list[str]
) -> None:
    domain: Any = Domain(*actors)
    with_sessions(domain, who(Is("alice")))
    assert "Not all sessions" in capsys.readouterr().err
