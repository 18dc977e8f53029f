"""A condition in SQL, as queries are compiled to."""

from dataclasses import dataclass, field

from .values import Value

NOTHING = "0"
"""The condition that no document fulfils."""


@dataclass
class Condition:
    """A condition on `document`, with its parameters in order.

    Attributes:
        sql: the condition.
        parameters: one value for each question mark in `sql`.
        matches: what scores, as (text field, FTS5 query, boost).
        clauses: how many simple conditions there are.
        depth: how many parentheses are open at most.
    """

    sql: str
    parameters: list[Value] = field(default_factory=list)
    matches: list[tuple[str, str, float]] = field(default_factory=list)
    clauses: int = 1
    depth: int = 0
