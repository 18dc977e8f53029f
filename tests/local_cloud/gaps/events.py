"""EventBridge: a target without input transformer gets the event as it is.

moto renders every event into a default template by text replacement: that loses the account, and takes a `<time>` or
`<id>` in the event's own text for a placeholder.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
"""

import functools
from collections.abc import Callable
from typing import Any

from moto.events.utils import EventTemplateParser

from .patching import replace


def close_gaps() -> None:
    """Send events as they are to targets without input transformer."""
    replace(EventTemplateParser, "parse", staticmethod(_whole_without_template(EventTemplateParser.parse)))


def _whole_without_template(parse: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    @functools.wraps(parse)
    def parse_template(
        input_template: str | None, input_paths_map: dict[str, Any], event: dict[str, Any]
    ) -> dict[str, Any]:
        if input_template is None:
            # A copy, which moto gives its time the form of AWS's; it knows the time of ingestion for itself alone.
            return {name: value for name, value in event.items() if name != "ingestion-time"}
        return parse(input_template, input_paths_map, event)

    return parse_template
