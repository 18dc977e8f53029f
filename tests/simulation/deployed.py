"""What Terraform deploys, as far as the simulated world goes by it: read from Terraform's own files, not written again.

A test holds it against what an apply makes (``tests/end_to_end/test_environments.py``).
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.workflow.definition import SAMPLE_VALUES, load
from trailsearch.cli import terraform_settings
from trailsearch.cli.terraform_settings import TERRAFORM
from trailsearch.search import Backend

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
STAGING_BUCKET = "staging"
LOG_BUCKET = "logs"
ENDPOINT = "https://search.example.com"
_REFERENCE = re.compile(r"\b(var|local)((?:\.\w+)+)")
_TRANSFORMED = re.compile(r"<<-JSON\n(.*)\n\s*JSON", re.DOTALL)
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


class UnknownExpression(ValueError):
    """Terraform's files have an expression in this place that is not understood here; says which."""


@dataclass(frozen=True)
class Function:
    """One Lambda function: its handler's module, and how it is deployed."""

    module: str
    timeout_seconds: int
    environment: Mapping[str, str]
    reserved_concurrency: int | None = None


@dataclass(frozen=True)
class Deployed:
    """One environment on one search backend."""

    environment: str
    backend: Backend
    pipe_batch_size: int
    pipe_window_seconds: int
    visibility_seconds: int
    max_receive_count: int
    retention_seconds: int
    max_message_bytes: int
    expires_soon_days: int
    staging_days: int
    execution_timeout_seconds: int
    functions: Mapping[str, Function]
    event_template: str
    event_statuses: frozenset[str]
    handled_errors: frozenset[str]
    definitions: Mapping[str, Mapping[str, Any]] = field(repr=False, hash=False, default_factory=dict)

    @property
    def prefix(self) -> str:
        """What the names of its resources begin with."""
        return f"trailsearch-{self.environment}"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of one of its resources."""
        return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}"

    def queue_url(self, name: str) -> str:
        """The URL of a queue of it."""
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT_ID}/{self.prefix}-{name}"


@cache
def read(environment: str, backend: Backend) -> Deployed:
    """Read what Terraform deploys for an environment of ``terraform/environments``, on a backend.

    Raises:
        UnknownExpression: what is read here is not in the form that it had.
    """
    values = terraform_settings.variables(TERRAFORM, [TERRAFORM / "environments" / f"{environment}.tfvars"])
    values |= {"search_backend": backend.value}
    return deployed(values)


def deployed(values: Mapping[str, Any]) -> Deployed:
    """Give what Terraform deploys for these values of its variables."""
    known = _Values(values)
    queue = _resource("ingest.tf", "aws_sqs_queue", "ingest")
    pipe = _resource("pipe.tf", "aws_pipes_pipe", "ingest")["source_parameters"][0]["sqs_queue_parameters"][0]
    pattern = _resource("workflow.tf", "aws_cloudwatch_event_rule", "failed_executions")["event_pattern"]
    target = _resource("workflow.tf", "aws_cloudwatch_event_target", "failed_executions")
    template = _TRANSFORMED.search(target["input_transformer"][0]["input_template"])
    if template is None:
        raise UnknownExpression("the template of the rule for failed executions")
    environment, backend = str(values["environment"]), Backend(values["search_backend"])
    timeouts = _timeouts(known)
    result = Deployed(
        environment=environment,
        backend=backend,
        pipe_batch_size=known.number(pipe["batch_size"]),
        pipe_window_seconds=known.number(pipe["maximum_batching_window_in_seconds"]),
        visibility_seconds=known.number(queue["visibility_timeout_seconds"]),
        max_receive_count=known.number(_in_json(queue["redrive_policy"], "maxReceiveCount")),
        retention_seconds=known.number(queue["message_retention_seconds"]),
        max_message_bytes=known.number(queue["max_message_size"]),
        expires_soon_days=known.number("${local.soon_days}"),
        staging_days=known.number("${var.staging_retention_days}"),
        execution_timeout_seconds=known.number("${var.execution_timeout_seconds}"),
        functions={
            name: Function(
                module=name,
                timeout_seconds=timeout,
                environment=_environment(name, known, environment, backend),
                reserved_concurrency=values["reserved_concurrency"].get(name),
            )
            for name, timeout in timeouts.items()
        },
        event_template=template[1].strip().replace("${var.environment}", environment),
        event_statuses=_names_in(pattern, "status"),
        handled_errors=_names_in(pattern, "anything-but"),
    )
    return Deployed(
        **{**result.__dict__, "definitions": {"index_logs": load(values=_placeholders(result, known))}}
    )


class _Values:
    """The values of Terraform's variables and locals."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables

    def number(self, expression: Any) -> int:
        """Evaluate an expression: numbers, variables and locals, and what is reckoned of them."""
        if isinstance(expression, int):
            return expression
        text = str(expression).removeprefix("${").removesuffix("}")
        reckoned = _REFERENCE.sub(lambda found: str(self._refer(found[1], found[2][1:].split("."))), text)
        try:
            return int(_evaluate(ast.parse(reckoned, mode="eval").body))
        except (SyntaxError, TypeError, ValueError) as error:
            raise UnknownExpression(f"{expression}: {error}") from error

    def text(self, name: str) -> str:
        """Give the value of a variable as a text."""
        return str(self._variables[name])

    def _refer(self, kind: str, path: list[str]) -> int:
        value: Any = self._variables if kind == "var" else _locals()
        for name in path:
            if name not in value:
                raise UnknownExpression(f"{kind}.{'.'.join(path)}")
            value = value[name]
        return self.number(value)


def _evaluate(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return int(_OPERATORS[type(op)](_evaluate(left), _evaluate(right)))
    raise ValueError(f"not understood: {ast.unparse(node)}")


def _in_json(expression: str, name: str) -> str:
    found = re.search(rf"\b{name} = ([^,}}]+)", expression)
    if found is None:
        raise UnknownExpression(f"{name} in {expression}")
    return found[1].strip()


def _names_in(pattern: str, name: str) -> frozenset[str]:
    """Give the texts of the first array of this name in an event pattern."""
    found = re.search(rf"\b{name} = \[([^\]]*)\]", pattern)
    if found is None:
        raise UnknownExpression(f"{name} in {pattern}")
    return frozenset(re.findall(r'"(\w+)"', found[1]))


@cache
def _locals() -> dict[str, Any]:
    files = ("functions.tf", "ingest.tf", "locals.tf", "opensearch.tf", "workflow.tf", "backfill.tf")
    return {
        name: value
        for file in files
        for block in terraform_settings.load(TERRAFORM / file).get("locals", [])
        for name, value in block.items()
    }


def _resource(file: str, kind: str, name: str) -> Any:
    (found,) = (
        each[kind][name]
        for each in terraform_settings.load(TERRAFORM / file)["resource"]
        if kind in each and name in each[kind]
    )
    return found


def _timeouts(known: _Values) -> dict[str, int]:
    functions = _locals()["functions"] | _locals()["pipe_functions"]
    return {name: known.number(each["timeout_seconds"]) for name, each in functions.items()}


def _environment(name: str, known: _Values, environment: str, backend: Backend) -> dict[str, str]:
    """What a function's environment has; ``terraform/tests`` and the end-to-end tests hold that it is all it needs."""
    variables = {
        "ENVIRONMENT": environment,
        "POWERTOOLS_SERVICE_NAME": name,
        "STAGING_BUCKET": STAGING_BUCKET,
    }
    if name == "fetch_logs":
        variables |= {"LOG_BUCKETS": LOG_BUCKET}
    if name in {"split_records", "index_batch"}:
        variables |= {"SEARCH_BACKEND": backend.value}
    if name == "split_records" and backend is Backend.OPENSEARCH:
        variables |= {"SEARCH_MAX_BATCH_BYTES": str(_max_batch_bytes(known))}
    if name == "index_batch":
        variables |= {"SEARCH_ENDPOINT": ENDPOINT}
        if backend is Backend.OPENSEARCH:
            variables |= {
                "SEARCH_SHARDS": known.text("opensearch_shards"),
                "SEARCH_REPLICAS": known.text("opensearch_replicas"),
            }
    return variables


def _max_batch_bytes(known: _Values) -> int:
    found = re.fullmatch(
        r"\$\{local\.opensearch_burstable \? (\d+) : (\d+)\}", str(_locals()["opensearch_max_batch_bytes"])
    )
    if found is None:
        raise UnknownExpression(str(_locals()["opensearch_max_batch_bytes"]))
    burstable = re.match("t[0-9]", known.text("opensearch_instance_type"))
    return int(found[1 if burstable else 2])


def _placeholders(result: Deployed, known: _Values) -> dict[str, str | int]:
    longer = re.search(r"function\.timeout_seconds \+ (\d+)", str(_locals()["state_timeout_seconds"]))
    if longer is None:
        raise UnknownExpression(str(_locals()["state_timeout_seconds"]))
    values = dict(SAMPLE_VALUES) | {
        "environment": result.environment,
        "dead_letter_queue_url": result.queue_url("dead-letter"),
        "map_concurrency": known.number("${var.map_concurrency}"),
        "execution_timeout_seconds": result.execution_timeout_seconds,
        "index_batch_max_attempts": known.number("${var.index_batch_max_attempts}"),
    }
    for name, function in result.functions.items():
        values[f"{name}_timeout_seconds"] = function.timeout_seconds + int(longer[1])
        values[f"{name}_function_arn"] = result.arn(
            "lambda", f"function:{result.prefix}-{name.replace('_', '-')}"
        )
    return values
