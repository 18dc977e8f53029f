"""Queries as conditions in SQL, over the tables of `index`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn

from . import text_index
from .analysis import STOP
from .condition import NOTHING, Condition
from .exceptions import SearchException
from .query import MAX_DEPTH, And, Match, MatchAll, Not, Number, Operand, Operator, Or, Query, Range
from .schema import IndexField, Schema
from .values import Value, parse_value

_MAX_CLAUSES = 400


def values_table(field_name: str) -> str:
    """Name of the table of a field's values: (key, value). Text has one of `text_index` in its place."""
    return text_index.table(field_name)


class Compiler:
    """Makes conditions for one schema. `default_fields` are (field, boost) for matches that name no field.

    A match without a word in it, such as of punctuation or of stop words alone, is left out of what it is part of:
    "punctuation is dropped and treated as whitespace", stop words are ignored "both during indexing and at search time".
    https://docs.aws.amazon.com/cloudsearch/latest/developerguide/text-processing.html
    """

    def __init__(self, schema: Schema, default_fields: Sequence[tuple[str, float]]) -> None:
        self._schema = schema
        self._default_fields = default_fields

    def compile(self, query: Query, operator: Operator) -> Condition:
        """Return the condition of a query; `operator` joins the words of a term.

        Raises:
            SearchException: a field does not exist or is not search enabled, a value is none of the field's type, the
                operator does not fit the type, there are too many clauses, or they are nested too deep.
        """
        condition = self._compile(query, operator, depth=0) or Condition(NOTHING)
        if condition.clauses > _MAX_CLAUSES:
            raise SearchException(f"Query has more than {_MAX_CLAUSES} clauses")
        return condition

    def _compile(self, query: Query, operator: Operator, depth: int) -> Condition | None:
        if depth > MAX_DEPTH:
            raise SearchException(f"Query has more than {MAX_DEPTH} nested expressions")
        match query:
            case MatchAll():
                return Condition("1")
            case And() | Or():
                operands = [self._compile(operand, operator, depth + 1) for operand in query.operands]
                return _join("and" if isinstance(query, And) else "or", operands, query.boost)
            case Not():
                operand = self._compile(query.operand, operator, depth + 1)
                return operand and _negated(operand)
            case Range():
                return self._range(query)
            case Match(field=None):
                matches = [
                    self._match_default_field(replace(query, boost=query.boost * boost), name, operator)
                    for name, boost in self._default_fields
                ]
                return _join("or", matches)
            case Match():
                return self._match(query, str(query.field), operator)

    def _match_default_field(self, query: Match, name: str, operator: Operator) -> Condition | None:
        """Match where no field was named: what a field of that type cannot have, it does not have."""
        searched = self._field(name)
        if searched.value_type == "text":
            return self._match_text(query, searched, operator)
        if query.kind in ("prefix", "fuzzy") and searched.value_type != "literal":
            return Condition(NOTHING)
        try:
            parse_value(searched.value_type, str(query.value))
        except ValueError:
            return Condition(NOTHING)
        return self._match_value(query, searched, str(query.value))

    def _match(self, query: Match, name: str, operator: Operator) -> Condition | None:
        if name == "_id":
            return self._match_id(query)
        searched = self._field(name)
        if searched.value_type == "text":
            return self._match_text(query, searched, operator)
        # "Structured Search Syntax" of the guide says which operator searches which types.
        if query.kind != "term" and (query.kind, searched.value_type) != ("prefix", "literal"):
            _fail(f"{query.kind} does not apply to {searched.type} field ({name})")
        return self._match_value(query, searched, _text_of(searched, query.value))

    def _match_id(self, query: Match) -> Condition:
        text = _string("_id", query.value)
        if query.kind == "prefix":
            return Condition(_begins_with("document.id"), [_not_empty(text)] * 2)
        return Condition("document.id = ?", [text])

    def _match_text(self, query: Match, searched: IndexField, operator: Operator) -> Condition | None:
        name, text = searched.name, _string(searched.name, query.value)
        if query.kind == "prefix":
            return text_index.has_prefix(name, _not_empty(text), query.boost)
        if query.kind == "fuzzy":
            return text_index.has_similar(name, text.lower(), query.distance)
        terms = searched.analyzer.terms(text)
        words = [term for term in terms if term != STOP]
        if query.kind == "phrase" and words:
            return text_index.has_phrase(name, terms, query.boost)
        if query.kind == "near" and len(words) > 1:
            return text_index.has_near(name, words, query.distance, query.boost)
        return _join(operator, [text_index.has_term(name, word, query.boost) for word in words])

    def _match_value(self, query: Match, searched: IndexField, text: str) -> Condition:
        if query.kind == "prefix":
            return self._with_value(searched.name, _begins_with("value"), [_not_empty(text)] * 2)
        if query.kind == "fuzzy":
            return self._with_value(searched.name, "similar(value, ?, ?)", [text, query.distance])
        return self._with_value(searched.name, "value = ?", [_parse(searched, text)])

    def _range(self, query: Range) -> Condition:
        if query.field == "_id":
            condition, parameters = _between("document.id", query, lambda bound: _string("_id", bound))
            return Condition(condition, parameters)
        searched = self._field(query.field)
        condition, parameters = self.bounds(searched, query)
        if searched.value_type == "text":
            return text_index.has_term_that(searched.name, condition, parameters)
        return self._with_value(query.field, condition, parameters)

    def bounds(self, searched: IndexField, query: Range) -> tuple[str, list[Value]]:
        """Return the condition of a range on the column `value` of the field's table, and its parameters.

        Texts are compared by code point, as they are sorted.
        https://docs.aws.amazon.com/cloudsearch/latest/developerguide/searching-ranges.html

        Raises:
            SearchException: ranges do not apply to the type of the field here, or a bound is none of its type.
        """
        if searched.value_type == "latlon":
            _fail(f"range does not apply to {searched.type} field ({searched.name}) in moto")
        if searched.value_type == "text":
            return _between("value", query, lambda bound: _string(searched.name, bound).lower())
        return _between("value", query, lambda bound: _parse(searched, _text_of(searched, bound)))

    def _with_value(self, name: str, condition: str, parameters: list[Value]) -> Condition:
        return Condition(f"key IN (SELECT key FROM {values_table(name)} WHERE {condition})", parameters)

    def _field(self, name: str) -> IndexField:
        searched = self._schema.get(name)
        if not searched:
            _fail(f"field ({name}) does not exist.")
        if not searched.enabled("Search"):
            _fail(f"field ({name}) is not search enabled.")
        return searched


def both(scored: Condition, selected: Condition) -> Condition:
    """Documents that fulfil two conditions, of which the first one scores."""
    joined = _join("and", [scored, replace(selected, matches=[])])
    return joined or Condition(NOTHING)


def _join(operator: Operator, operands: Sequence[Condition | None], boost: float = 1.0) -> Condition | None:
    """Join conditions, the deepest first: what stands before an open parenthesis takes room in SQLite's parser."""
    conditions = sorted(filter(None, operands), key=lambda condition: condition.depth, reverse=True)
    if not conditions:
        return None
    return Condition(
        "(" + f" {operator.upper()} ".join(condition.sql for condition in conditions) + ")",
        [parameter for condition in conditions for parameter in condition.parameters],
        [(name, text, own * boost) for condition in conditions for name, text, own in condition.matches],
        sum(condition.clauses for condition in conditions),
        conditions[0].depth + 1,
    )


def _negated(condition: Condition) -> Condition:
    # Not by NOT, which stands before the parenthesis.
    return Condition(
        f"({condition.sql}) = 0", condition.parameters, [], condition.clauses, condition.depth + 1
    )


def _begins_with(column: str) -> str:
    return f"substr({column}, 1, length(?)) = ?"


def _between(column: str, query: Range, parse: Callable[[Operand], Value]) -> tuple[str, list[Value]]:
    conditions, parameters = ["1"], []
    if query.lower is not None:
        conditions.append(f"{column} >{'=' if query.include_lower else ''} ?")
        parameters.append(parse(query.lower))
    if query.upper is not None:
        conditions.append(f"{column} <{'=' if query.include_upper else ''} ?")
        parameters.append(parse(query.upper))
    return " AND ".join(conditions), parameters


def _text_of(searched: IndexField, value: Operand) -> str:
    """Return the text of a value that is written as those of the field's type are."""
    numeric = searched.value_type in ("int", "double")
    if numeric != isinstance(value, Number):
        expected = "a number without quotes" if numeric else "a string in single quotes"
        _fail(f"{searched.type} field ({searched.name}) needs {expected}")
    return value.text if isinstance(value, Number) else value


def _string(name: str, value: Operand) -> str:
    if isinstance(value, Number):
        _fail(f"field ({name}) needs a string in single quotes")
    return value


def _not_empty(prefix: str) -> str:
    """Pass a prefix. "You must specify at least one character": searching-text.html#searching-text-prefixes."""
    return prefix or _fail("a prefix needs at least one character")


def _parse(searched: IndexField, text: str) -> Value:
    try:
        return parse_value(searched.value_type, text)
    except ValueError as error:
        _fail(f"field ({searched.name}): {error}")


def _fail(problem: str) -> NoReturn:
    raise SearchException(f"Syntax error in query: {problem}")
