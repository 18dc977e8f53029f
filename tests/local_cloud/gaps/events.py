"""EventBridge: a target without input transformer gets the event as it is; `$.time` is the time as AWS writes it.

moto renders every event into a default template by text replacement: that loses the account, and takes a `<time>` or
`<id>` in the event's own text for a placeholder. Templates get moto's own time, in seconds since 1970.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
"""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.events.utils import EventTemplateParser

from ..patching import replace


def close_gaps() -> None:
    """Send events as they are to targets without input transformer, and their time as AWS writes it to the others."""
    replace(EventTemplateParser, "parse", staticmethod(_as_aws(EventTemplateParser.parse)))


def _as_aws(parse: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    @functools.wraps(parse)
    def parse_template(
        input_template: str | None, input_paths_map: dict[str, Any], event: dict[str, Any]
    ) -> dict[str, Any]:
        if input_template is None:
            # A copy, which moto gives its time the form of AWS's; it knows the time of ingestion for itself alone.
            return {name: value for name, value in event.items() if name != "ingestion-time"}
        time = datetime.fromtimestamp(event["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return parse(input_template, input_paths_map, event | {"time": time})

    return parse_template
