"""What a view asks for. A view is an address: its parameters are those of the page and of what it asks its server for."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal, Self

import msgspec

from trailsearch.cli.search.times import parse_time
from trailsearch.contracts.errors import TrailsearchError
from trailsearch.questions.question import condition_of, value_of
from trailsearch.search.queries import (
    EVERYTHING,
    Begins,
    Condition,
    Exists,
    Filter,
    Is,
    Query,
    Syntax,
    Within,
    check,
    require_field,
)

NEWEST_FIRST: Final = "event_time desc"
Parameters = Mapping[str, Sequence[str]]
"""The parameters of an address: each may be there several times."""

_SORT: Final = re.compile(r"(\w+) (asc|desc)")


class ViewRefused(TrailsearchError):
    """The parameters of an address say nothing that can be asked for; says which of them."""


class ViewFilter(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"how": "is", "negated": "not"}
):
    """A filter in an address, as JSON: the events of which any of the fields has any of the values, or the others.

    ``is`` says how: as a whole, by its beginning, as an address within a network, or by having one at all; ``like`` takes
    values as questions and the terminal have them, of which one that ends with ``*`` says how a value begins.
    """

    fields: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    how: Literal["is", "begins", "within", "exists", "like"] = "is"
    values: tuple[str, ...] = ()
    negated: bool = False

    @classmethod
    def of(cls, filter_: Filter) -> Self:
        """Give what a filter is in an address."""
        match filter_.conditions:
            case [Exists()]:
                return cls(filter_.fields, "exists", (), filter_.negated)
            case conditions if all(isinstance(each, Is) for each in conditions):
                values = tuple(each.value for each in conditions if isinstance(each, Is))
                return cls(filter_.fields, "is", values, filter_.negated)
            case conditions:
                return cls(filter_.fields, "like", tuple(map(value_of, conditions)), filter_.negated)

    def as_filter(self) -> Filter:
        """Give the filter that it is.

        Raises:
            ViewRefused: it has no value, or one that is no network.
        """
        if self.how == "exists":
            return Filter(self.fields, (Exists(),), self.negated)
        if not self.values:
            raise ViewRefused(f"The filter of {', '.join(self.fields)} has no value")
        return Filter(self.fields, tuple(map(self._condition, self.values)), self.negated)

    def _condition(self, value: str) -> Condition:
        match self.how:
            case "begins":
                return Begins(value)
            case "within":
                try:
                    return Within(ip_network(value, strict=False))
                except ValueError:
                    raise ViewRefused(f"{value} is no network, as 203.0.113.0/24 is") from None
            case "like":
                return condition_of(self.fields, value)
            case _:
                return Is(value)


class View(msgspec.Struct, frozen=True):
    """What a view asks for, as its parameters say it; what else a view has is the page's alone.

    ``since`` and ``until`` are as typed: ``-24h``, or a time. The text in ``q`` is words, unless ``syntax`` is ``native``:
    then it is in the search domain's own language.
    """

    q: str = ""
    syntax: Literal["simple", "native"] = "simple"
    since: str = ""
    until: str = ""
    sort: str = NEWEST_FIRST
    filter: tuple[ViewFilter, ...] = ()
    phrase: tuple[str, ...] = ()

    @classmethod
    def of_parameters(cls, parameters: Parameters) -> Self:
        """Read the parameters of an address.

        Raises:
            ViewRefused: one of them says nothing that can be asked for.
        """
        said: dict[str, Any] = {
            name: parameters[name][-1]
            for name in ("q", "syntax", "since", "until", "sort")
            if parameters.get(name) and parameters[name][-1]
        }
        filters: list[Any] = []
        for text in parameters.get("filter", ()):
            try:
                filters.append(msgspec.json.decode(text))
            except (msgspec.DecodeError, UnicodeEncodeError) as error:
                raise ViewRefused(f"A filter is no JSON: {error}") from error
        return cls.of_object(said | {"filter": filters, "phrase": [*parameters.get("phrase", ())]})

    @classmethod
    def of_object(cls, said: Any) -> Self:
        """Read a view that is an object with the names of its parameters; those of the page alone are passed over.

        Raises:
            ViewRefused: it says nothing that can be asked for.
        """
        try:
            return msgspec.convert(said, cls)
        except msgspec.ValidationError as error:
            raise ViewRefused(f"The view cannot be read: {error}") from error

    @classmethod
    def of_query(cls, query: Query, times: Mapping[str, str]) -> Self:
        """Give the view that shows all that a query finds; ``times`` are its since and until as they were typed."""
        return cls(
            q="" if query.text == EVERYTHING else query.text,
            syntax="simple" if query.syntax is Syntax.SIMPLE or query.text == EVERYTHING else "native",
            since=times.get("since", ""),
            until=times.get("until", ""),
            sort=query.sort,
            filter=tuple(map(ViewFilter.of, query.filters)),
            phrase=tuple(query.phrases),
        )

    def query(self, now: datetime) -> Query:
        """Give the query that it is.

        Raises:
            ViewRefused: its times do not go together, or it is not sorted by a field.
            TimeUnreadable, QueryRefused: as ``parse_time`` and ``queries.check`` do.
        """
        since, until = (
            parse_time(name.upper(), text.removeprefix("-"), now) if text else None
            for name, text in (("since", self.since), ("until", self.until))
        )
        if since and until and since >= until:
            raise ViewRefused("The view begins when it has ended: since is not before until")
        if not (sort := _SORT.fullmatch(self.sort)):
            raise ViewRefused(f"{self.sort} is no order: it is a field with asc or desc")
        require_field(sort[1])
        query = Query(
            text=self.q or EVERYTHING,
            syntax=Syntax(self.syntax) if self.q else Syntax.NATIVE,
            sort=self.sort,
            phrases=self.phrase,
            filters=tuple(each.as_filter() for each in self.filter),
            since=since,
            until=until,
        )
        check(query)
        return query

    def narrows(self) -> bool:
        """Tell whether it asks for anything beside a range of time."""
        return bool(self.q or self.filter or self.phrase)


def number_of(parameters: Parameters, name: str, usual: int, most: int) -> int:
    """Read a whole number from 0.

    Raises:
        ViewRefused: it is none, or more than ``most``.
    """
    text = (parameters.get(name) or [str(usual)])[-1]
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most):
        raise ViewRefused(f"{name}={text[:20]} is no whole number from 0 to {most:,}")
    return int(text)


def fields_in(parameters: Parameters, name: str) -> list[str]:
    """Read the names of fields, each of which is a parameter of its own.

    Raises:
        ViewRefused: there is none.
        QueryRefused: there is no such field.
    """
    names = [*parameters.get(name, ())]
    if not names:
        raise ViewRefused(f"{name} names no field")
    for each in names:
        require_field(each)
    return names
