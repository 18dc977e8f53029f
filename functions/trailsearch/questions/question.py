"""A question, and its answer."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_network
from typing import Final, NamedTuple

import msgspec

from trailsearch.questions import strategies
from trailsearch.questions.finding import Finding
from trailsearch.search.queries import (
    ADDRESS_FIELDS,
    EVERYTHING,
    Answer,
    Begins,
    Condition,
    Exists,
    Filter,
    Is,
    Query,
    SearchDomain,
    Syntax,
    Within,
)

_ESCAPED: Final = re.compile(r"\\([\\*])")
_ESCAPED_ASTERISK: Final = re.compile(r"(?<!\\)(?:\\\\)*\\\*\Z")

Strategy = Callable[[SearchDomain, Query, datetime], Sequence[Finding]]
# What takes more than one query, by the name that a question's file has for it.
_STRATEGIES: Final[Mapping[str, Strategy]] = {
    "first-seen": strategies.first_seen,
    "last-used": strategies.last_used,
    "chain": strategies.chain,
    "origin": strategies.origin,
    "regions": strategies.regions,
    "spikes": strategies.spikes,
    "tools": strategies.tools,
    "proof": strategies.proof,
}


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"negated": "not"}):
    """Events of which any of the fields has any of the values, or a value at all; of ``negated``, the others.

    A value is as ``condition_of`` reads it.
    """

    fields: tuple[str, ...]
    values: tuple[str, ...] = ()
    negated: bool = False

    def as_filter(self) -> Filter:
        """Give the filter that it is."""
        conditions = tuple(condition_of(self.fields, each) for each in self.values)
        return Filter(self.fields, conditions or (Exists(),), self.negated)


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says of a question.

    Attributes:
        title: the question.
        tells: what its answer is good for, and what it does not say.
        needs: the options that have to be typed; of those in one entry, with ``|`` between them, one is enough.
        filters: which events it is about, beside what is typed.
        phrases: words that their records have.
        facets: the fields of which values are counted.
        columns: the fields that an event is shown by; none leaves that to whoever shows it.
        sort: the order of the events.
        buckets: how long a stretch of time is in which events are counted, or how many there are.
        strategy: how it is answered beside a search, by its name; none needs no more than that.
        text: what it asks for in words, or in the search domain's own language, as ``syntax`` says.
        syntax: ``simple`` or ``native``.
    """

    title: str
    tells: str
    needs: tuple[str, ...] = ()
    filters: tuple[Selection, ...] = ()
    phrases: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    sort: str = "event_time desc"
    buckets: str = ""
    strategy: str = ""
    text: str = EVERYTHING
    syntax: Syntax = Syntax.NATIVE

    def query(self) -> Query:
        """Give the query that it is, before anything is typed."""
        filters = tuple(each.as_filter() for each in self.filters)
        return Query(
            self.text, self.syntax, filters=filters, phrases=self.phrases, facets=self.facets, sort=self.sort
        )

    def lacks(self, typed: Mapping[str, str]) -> list[str]:
        """Give the needs that none of the typed options meets."""
        return [need for need in self.needs if not any(typed.get(name) for name in need.split("|"))]


class Reply(NamedTuple):
    """The answer to a question: what a search found, and what else was found out."""

    answer: Answer
    findings: Sequence[Finding]


def ask(domain: SearchDomain, question: Question, query: Query, now: datetime) -> Reply:
    """Ask a search domain a question.

    Args:
        domain: which one.
        question: how it is answered.
        query: that of the question, with what was typed.
        now: the end of what has no other.

    Raises:
        QueryRefused, SearchError: as ``SearchDomain.search`` does.
        QuestionNotAnswered: there is too much, or too little, to answer it; says which.
    """
    answer = domain.search(query)
    strategy = _STRATEGIES[question.strategy] if question.strategy else None
    return Reply(answer, strategy(domain, query, now) if strategy else ())


def strategy_names() -> frozenset[str]:
    """Give the names of the strategies that there are."""
    return frozenset(_STRATEGIES)


def condition_of(fields: Sequence[str], value: str) -> Condition:
    """Read a value: one that ends with ``*`` says how a value begins, a network is one of addresses, all else is itself.

    An asterisk at the end, or a backslash, that is meant as itself has a backslash before it.
    """
    if "/" in value and ADDRESS_FIELDS.issuperset(fields):
        try:
            return Within(ip_network(value, strict=False))
        except ValueError:
            pass
    if value.endswith("*") and not _ESCAPED_ASTERISK.search(value):
        return Begins(_ESCAPED.sub(r"\1", value[:-1]))
    return Is(_ESCAPED.sub(r"\1", value))


def value_of(condition: Condition) -> str:
    """Write a condition as ``condition_of`` reads it; ``Exists`` has no value, and is written as none.

    Raises:
        ValueError: it is ``Exists``.
    """
    match condition:
        case Is(value):
            text = value.replace("\\", "\\\\")
            return f"{text[:-1]}\\*" if text.endswith("*") else text
        case Begins(value):
            return value.replace("\\", "\\\\") + "*"
        case Within(network):
            return str(network)
        case Exists():
            raise ValueError("Exists has no value")
