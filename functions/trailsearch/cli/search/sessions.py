"""A name stands for its sessions, too: those of a role of this name, and those that are called so, of whatever role."""

from typing import Final

from trailsearch.cli.console import say
from trailsearch.cli.search.typed import CHOICES
from trailsearch.search.queries import Begins, Condition, Filter, Is, Query, SearchDomain

_WHO: Final = CHOICES["who"].fields
# As many actors as a search domain counts at once, and as many sessions as there is room for in a query.
_ACTORS: Final = 10_000
_SESSIONS: Final = 60


def with_sessions(domain: SearchDomain, query: Query) -> Query:
    """Let the names that a query chooses events by stand for sessions, too.

    No search domain finds how a literal ends: the domain is asked who else has done what the query asks for.

    Raises:
        QueryRefused, SearchError: as ``SearchDomain.search`` does.
    """
    names = {name for each in query.filters if each.fields == _WHO for name in _names_in(each)}
    if not names:
        return query
    others = [each for each in query.filters if each.fields != _WHO]
    counted = domain.search(
        query._replace(
            start=0, size=0, highlight=False, facets=("actor",), facet_size=_ACTORS, filters=others
        )
    )
    sessions = [each for each in counted.facets.get("actor", {}) if each.partition("/")[2] in names]
    if len(counted.facets.get("actor", ())) >= _ACTORS or len(sessions) > _SESSIONS:
        say(
            "Not all sessions of these names are searched for: name them as role/session, or a time.",
            err=True,
        )
    filters = [_with(each, sessions[:_SESSIONS]) if each.fields == _WHO else each for each in query.filters]
    return query._replace(filters=tuple(filters))


def _names_in(chosen: Filter) -> set[str]:
    """Give what may be the name of a session: no path, no ARN, no beginning."""
    values = [each.value for each in chosen.conditions if isinstance(each, Is)]
    return {each for each in values if "/" not in each and not each.startswith("arn:")}


def _with(chosen: Filter, sessions: list[str]) -> Filter:
    names = _names_in(chosen)
    more: list[Condition] = [Begins(f"{name}/") for name in sorted(names)]
    more += [Is(each) for each in sessions if each.partition("/")[2] in names]
    return Filter(chosen.fields, (*chosen.conditions, *more), chosen.negated)
