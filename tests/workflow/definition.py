"""The state machines' definitions, rendered as Terraform renders them, with sample values.

``python -m tests.workflow.definition build`` writes them into that folder, as far as the specification of the language goes,
for validators, and prints their names.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "statemachine"
INDEX_LOGS, RETENTION, BACKFILL, AUDIT = "index_logs", "retention", "backfill", "audit"
# Which file of Terraform's fills in the placeholders of which definition.
MACHINES: Mapping[str, str] = {
    INDEX_LOGS: "workflow.tf",
    BACKFILL: "backfill.tf",
    RETENTION: "retention.tf",
    AUDIT: "audit.tf",
}
ACCOUNT_ID = "123456789012"  # moto's own account
REGION = "us-east-1"
ENVIRONMENT = "test"
DEAD_LETTER_QUEUE = f"trailsearch-{ENVIRONMENT}-dead-letter"
_FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:trailsearch-{ENVIRONMENT}-"

SAMPLE_VALUES: Mapping[str, str | int] = {
    "partition": "aws",
    "environment": ENVIRONMENT,
    "fetch_logs_function_arn": f"{_FUNCTION_ARN}fetch-logs",
    "split_records_function_arn": f"{_FUNCTION_ARN}split-records",
    "index_batch_function_arn": f"{_FUNCTION_ARN}index-batch",
    "dead_letter_queue_url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT_ID}/{DEAD_LETTER_QUEUE}",
    "map_concurrency": 1,  # moto garbles the history of a Map that fails while others of its items run
    "execution_timeout_seconds": 14400,
    "fetch_logs_timeout_seconds": 315,
    "split_records_timeout_seconds": 615,
    "index_batch_timeout_seconds": 135,
    "index_batch_max_attempts": 16,
    "delete_expired_function_arn": f"{_FUNCTION_ARN}delete-expired",
    "delete_expired_timeout_seconds": 255,
    "prefix": f"trailsearch-{ENVIRONMENT}",
    "staging_bucket": "staging",
    "index_logs_arn": f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:index-logs",
    "index_logs_executions_arn": f"arn:aws:states:{REGION}:{ACCOUNT_ID}:execution:index-logs",
    "backfill_concurrency": 1,
    "plan_backfill_function_arn": f"{_FUNCTION_ARN}plan-backfill",
    "plan_backfill_timeout_seconds": 915,
    "part_timeout_seconds": 15300,
    "audit_logs_function_arn": f"{_FUNCTION_ARN}audit-logs",
    "audit_logs_timeout_seconds": 915,
    "audit_concurrency": 1,
}
_OF_AWS = frozenset({"Label", "InputType"})
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
# A placeholder that stands for a number is marked, and in quotes, as all others are: the file is JSON with them in it.
NUMBER = r'"number:([0-9]+)"'


class State(NamedTuple):
    """One state of the definition; ``map_state`` is the Map state whose items it runs for, if any."""

    name: str
    fields: dict[str, Any]
    map_state: str | None


class Transition(NamedTuple):
    """That one state can follow another, and by which of its fields."""

    source: str
    field: str
    target: str


def placeholders(template: str) -> set[str]:
    """Give the names of all placeholders in the file."""
    return set(_PLACEHOLDER.findall(template))


def render(template: str, values: Mapping[str, str | int] = SAMPLE_VALUES) -> str:
    """Fill in the placeholders; marked numbers lose their quotes.

    Raises:
        KeyError: a placeholder has no value.
    """
    filled = _PLACEHOLDER.sub(lambda placeholder: str(values[placeholder[1]]), template)
    return re.sub(NUMBER, r"\1", filled)


def read_template(machine: str = INDEX_LOGS) -> str:
    """Read the definition of a state machine as it is in the repository."""
    return (FOLDER / f"{machine}.asl.json").read_text(encoding="utf-8")


def load(machine: str = INDEX_LOGS, values: Mapping[str, str | int] = SAMPLE_VALUES) -> dict[str, Any]:
    """Give the rendered definition of a state machine as Python values."""
    definition: dict[str, Any] = json.loads(render(read_template(machine), values))
    return definition


def as_specified(value: Any) -> Any:
    """Leave out what only AWS knows of a Distributed Map, and the specification of the language does not.

    https://states-language.net, https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    """
    match value:
        case dict():
            return {name: as_specified(each) for name, each in value.items() if name not in _OF_AWS}
        case list():
            return [as_specified(each) for each in value]
        case _:
            return value


def states(machine: Mapping[str, Any], map_state: str | None = None) -> Iterator[State]:
    """Give every state, the ones inside Map states after their Map."""
    for name, fields in machine["States"].items():
        yield State(name, fields, map_state)
        if "ItemProcessor" in fields:
            yield from states(fields["ItemProcessor"], name)


def transitions(machine: Mapping[str, Any]) -> Iterator[Transition]:
    """Give every transition between states; a Map state is followed by the first state inside it too."""
    for name, fields, _ in states(machine):
        for field in ("Next", "Default"):
            if field in fields:
                yield Transition(name, field, fields[field])
        for field in ("Choices", "Catch"):
            for number, rule in enumerate(fields.get(field, [])):
                yield Transition(name, f"{field}[{number}]", rule["Next"])
        if "ItemProcessor" in fields:
            yield Transition(name, "ItemProcessor", fields["ItemProcessor"]["StartAt"])


def variables(choice_rules: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Give the variables that the rules of a Choice state ask for: whether they are present."""
    for rule in choice_rules:
        if "IsPresent" in rule:
            yield rule["Variable"]
        yield from variables([*rule.get("And", []), *rule.get("Or", []), *filter(None, [rule.get("Not")])])


if __name__ == "__main__":
    for _machine in MACHINES:
        Path(sys.argv[1], f"{_machine}.asl.json").write_text(
            json.dumps(as_specified(load(_machine))), encoding="utf-8"
        )
        print(_machine)
