"""Templates: JSON texts in CloudTrail's style, compiled once, then filled in for each record.

A placeholder is `{{name}}`, where `name` is
- a constant of the account and region (`account`, `region`), filled in when the template is compiled;
- a field of a resource (`bucket`, `role.id`): the part before the dot names a pool of resources, of which one is
  drawn for the whole record;
- a kind of random value (`uuid`), with a label where one record needs several (`uuid:request`);
- a value that the caller gives with each record (`GIVEN`).
Equal placeholders have equal values within a record. A JSON string that is nothing but a placeholder of a number
or of ready JSON stands without its quotes.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.log_generator.draws import DRAWS, Draws

Pools = Mapping[str, Sequence[Mapping[str, str]]]
"""Pool name → resources; a resource has a value, JSON-escaped, for each of its placeholders."""

GIVEN = frozenset(
    {
        "identity",
        "principal_arn",
        "event_time",
        "event_id",
        "address",
        "agent",
        "tls_version",
        "cipher_suite",
        "shared_event",
        "vpc_endpoint",
        "console",
    }
    | {"access_key", "session_created", "session_nanoseconds"}
)

_PLACEHOLDER = re.compile(r"\{\{([a-z][a-z0-9_.]*(?::[a-z0-9_]+)?)\}\}")
_UNQUOTED = re.compile(r'"(\{\{(?:identity|count|bytes|number|milliseconds)(?::[a-z0-9_]+)?\}\})"')
# CloudTrail writes its logs with an HTML-safe JSON writer (Gson's default), which escapes these in every string.
_HTML_SAFE = str.maketrans({character: f"\\u{ord(character):04x}" for character in "=<>&'\u2028\u2029"})


class UnknownPlaceholderError(ValueError):
    """A template has a placeholder that is no constant, no resource, no random value and not given."""


def cloudtrail_json(value: object) -> str:
    """Compact JSON with `= < > & '` escaped and other characters as they are, like CloudTrail's."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_HTML_SAFE)


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled text: what to draw, and the %-format that takes it."""

    text: str
    pools: tuple[Sequence[Mapping[str, str]], ...]
    draws: tuple[tuple[str, Callable[[Draws], str]], ...]

    @classmethod
    def compile(cls, text: str, constants: Mapping[str, str], pools: Pools) -> "Template":
        """Compile the text.

        Raises:
            UnknownPlaceholderError: a placeholder means nothing.
        """
        used_pools: dict[str, Sequence[Mapping[str, str]]] = {}
        draws: dict[str, Callable[[Draws], str]] = {}

        def slot(match: re.Match[str]) -> str:
            name = match[1]
            kind, pool = name.partition(":")[0], name.partition(".")[0]
            if name in constants:
                return constants[name].replace("%", "%%")
            if pool in pools and name in pools[pool][0]:
                used_pools[pool] = pools[pool]
            elif kind in DRAWS:
                draws[name] = DRAWS[kind]
            elif name not in GIVEN:
                raise UnknownPlaceholderError(f"placeholder {name!r} in {text[:120]!r} means nothing")
            return f"%({name})s"

        text = _UNQUOTED.sub(r"\1", text.replace("%", "%%"))
        return cls(_PLACEHOLDER.sub(slot, text), tuple(used_pools.values()), tuple(draws.items()))

    def fill(self, draws: Draws, values: dict[str, str]) -> str:
        """The text with `values` and what is drawn, which is added to `values`."""
        random = draws.random
        for pool in self.pools:
            # The square makes the first resources of a pool the busy ones.
            values.update(pool[int(random() ** 2 * len(pool))])
        for name, draw in self.draws:
            values[name] = draw(draws)
        return self.text % values
