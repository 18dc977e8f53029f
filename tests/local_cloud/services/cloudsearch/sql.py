"""SQL conditions for queries, over the tables of `index`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .analysis import fts5_query
from .exceptions import SearchException
from .query import And, Match, MatchAll, Not, Number, Operand, Or, Query, Range
from .schema import IndexField, Schema
from .values import Value, parse_value

_MAX_CLAUSES = 400


def values_table(field_name: str) -> str:
    """Name of the table of a field's values: (key, value), or of its FTS5 table, for text."""
    return f'"field_{field_name}"'


@dataclass
class Condition:
    """A condition on `document`, with its parameters in order.

    Attributes:
        sql: the condition.
        parameters: one value for each question mark in `sql`.
        matches: text matches that score, as (field, FTS5 query, boost).
        clauses: how many simple conditions there are.
    """

    sql: str
    parameters: list[Value] = field(default_factory=list)
    matches: list[tuple[str, str, float]] = field(default_factory=list)
    clauses: int = 1


_NOTHING = "0"


class Compiler:
    """Makes conditions for one schema. `default_fields` are (field, boost) for matches that name no field."""

    def __init__(self, schema: Schema, default_fields: Sequence[tuple[str, float]]) -> None:
        self._schema = schema
        self._default_fields = default_fields

    def compile(self, query: Query) -> Condition:
        """Return the condition of a query.

        Raises:
            SearchException: a field does not exist or is not search enabled, a value is none of the field's type, the
                operator does not fit the type, or there are too many clauses.
        """
        condition = self._compile(query)
        if condition.clauses > _MAX_CLAUSES:
            raise SearchException(f"Query has more than {_MAX_CLAUSES} clauses")
        return condition

    def _compile(self, query: Query) -> Condition:
        match query:
            case MatchAll():
                return Condition("1")
            case And():
                return self._join(" AND ", query.operands, query.boost)
            case Or():
                return self._join(" OR ", query.operands, query.boost)
            case Not():
                operand = self._compile(query.operand)
                return Condition(f"NOT ({operand.sql})", operand.parameters, clauses=operand.clauses)
            case Range():
                return self._range(query)
            case Match():
                return (
                    self._match_default_fields(query)
                    if query.field is None
                    else self._match(query, query.field)
                )

    def _join(self, operator: str, operands: Sequence[Query], boost: float) -> Condition:
        conditions = [self._compile(operand) for operand in operands]
        return Condition(
            "(" + operator.join(condition.sql for condition in conditions) + ")",
            [parameter for condition in conditions for parameter in condition.parameters],
            [(name, text, own * boost) for condition in conditions for name, text, own in condition.matches],
            sum(condition.clauses for condition in conditions),
        )

    def _match_default_fields(self, query: Match) -> Condition:
        if not self._default_fields:
            return Condition(_NOTHING)
        boosts = self._default_fields
        return self._join(
            " OR ",
            [replace(query, field=name, boost=query.boost * boost) for name, boost in boosts],
            boost=1.0,
        )

    def _match(self, query: Match, name: str) -> Condition:
        if name == "_id":
            if query.kind == "prefix":
                return Condition("substr(document.id, 1, length(?)) = ?", [_text(name, query.value)] * 2)
            return Condition("document.id = ?", [_text(name, query.value)])
        searched = self._field(name)
        if searched.value_type == "text":
            text = fts5_query(query.kind, _text(name, query.value), query.distance)
            if text is None:
                return Condition(_NOTHING)
            table = values_table(name)
            return Condition(
                f"key IN (SELECT rowid FROM {table} WHERE {table} MATCH ?)",
                [text],
                [(name, text, query.boost)],
            )
        if query.kind == "prefix" and searched.value_type == "literal":
            prefix = _text(name, query.value)
            return self._with_value(name, "substr(value, 1, length(?)) = ?", [prefix, prefix])
        if query.kind not in ("term", "phrase"):
            raise SearchException(
                f"Syntax error in query: {query.kind} does not apply to {searched.type} field ({name})"
            )
        return self._with_value(name, "value = ?", [self._parse(searched, query.value)])

    def _range(self, query: Range) -> Condition:
        searched = self._field(query.field)
        return self._with_value(query.field, *self.bounds(searched, query))

    def bounds(self, searched: IndexField, query: Range) -> tuple[str, list[Value]]:
        """Return the condition of a range on the column `value` of the field's table, and its parameters.

        Raises:
            SearchException: ranges do not apply to the type of the field, or a bound is none of its type.
        """
        if searched.value_type not in ("int", "double", "date"):
            raise SearchException(
                f"Syntax error in query: range does not apply to {searched.type} field ({searched.name})"
            )
        conditions, parameters = ["1"], []
        if query.lower is not None:
            conditions.append("value >= ?" if query.include_lower else "value > ?")
            parameters.append(self._parse(searched, query.lower))
        if query.upper is not None:
            conditions.append("value <= ?" if query.include_upper else "value < ?")
            parameters.append(self._parse(searched, query.upper))
        return " AND ".join(conditions), parameters

    def _with_value(self, name: str, condition: str, parameters: list[Value]) -> Condition:
        return Condition(f"key IN (SELECT key FROM {values_table(name)} WHERE {condition})", parameters)

    def _field(self, name: str) -> IndexField:
        searched = self._schema.get(name)
        if not searched:
            raise SearchException(f"Syntax error in query: field ({name}) does not exist.")
        if not searched.enabled("Search"):
            raise SearchException(f"Syntax error in query: field ({name}) is not search enabled.")
        return searched

    def _parse(self, searched: IndexField, value: Operand) -> Value:
        numeric = searched.value_type in ("int", "double")
        if numeric != isinstance(value, Number):
            expected = "a number without quotes" if numeric else "a string in single quotes"
            raise SearchException(
                f"Syntax error in query: {searched.type} field ({searched.name}) needs {expected}"
            )
        try:
            return parse_value(searched.value_type, value.text if isinstance(value, Number) else value)
        except ValueError as error:
            raise SearchException(f"Syntax error in query: field ({searched.name}): {error}") from None


def _text(name: str, value: Operand) -> str:
    if isinstance(value, Number):
        raise SearchException(f"Syntax error in query: field ({name}) needs a string in single quotes")
    return value
