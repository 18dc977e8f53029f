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

from tests.workflow.definition import MACHINES, SAMPLE_VALUES, load
from trailsearch.cli import terraform_settings
from trailsearch.cli.terraform_settings import TERRAFORM
from trailsearch.search import Backend

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
LOG_BUCKET = "logs"
ENDPOINT = "https://search.example.com"
_REFERENCE = re.compile(r"\b(var|local)((?:\.\w+)+)")
_TRANSFORMED = re.compile(r"<<-JSON\n(.*)\n\s*JSON", re.DOTALL)
_SOMETIMES = re.compile(r'\["(\w+)"\].*\btimeout_seconds = (\d+)')
_CONCURRENCY = re.compile(r"\baudit_concurrency\s*= (\d+)")
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


_OF_THE_WORKFLOW = frozenset({"fetch_logs", "split_records", "index_batch"})


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
    backfill_days: int
    ledger_days: int
    search_retention_days: int
    oldest_message_seconds: int
    execution_timeout_seconds: int
    index_batch_attempts: int
    is_audited: bool
    functions: Mapping[str, Function]
    event_template: str
    event_statuses: frozenset[str]
    handled_errors: frozenset[str]
    definitions: Mapping[str, Mapping[str, Any]] = field(repr=False, hash=False, default_factory=dict)

    @property
    def prefix(self) -> str:
        """What the names of its resources begin with."""
        return f"trailsearch-{self.environment}"

    @property
    def staging_bucket(self) -> str:
        """The name of its staging bucket."""
        return staging_bucket(self.environment)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of one of its resources."""
        return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}"

    def queue_url(self, name: str) -> str:
        """The URL of a queue of it."""
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT_ID}/{self.prefix}-{name}"


def staging_bucket(environment: str) -> str:
    """Name the staging bucket of an environment, as the commands of an operator do."""
    return f"trailsearch-{environment}-staging-{ACCOUNT_ID}-{REGION}"


@cache
def read(environment: str, backend: Backend, *, is_audited: bool = False) -> Deployed:
    """Read what Terraform deploys for an environment of ``terraform/environments``, on a backend.

    With ``is_audited``, it keeps a ledger and audits, which no environment there does.

    Raises:
        UnknownExpression: what is read here is not in the form that it had.
    """
    values = terraform_settings.variables(TERRAFORM, [TERRAFORM / "environments" / f"{environment}.tfvars"])
    values |= {"search_backend": backend.value}
    if is_audited:
        values |= {"keep_ledger": True, "audit_hourly": True}
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
        backfill_days=known.number("${local.backfill_days}"),
        ledger_days=known.number("${var.ledger_retention_days}"),
        search_retention_days=known.number("${var.search_retention_days}"),
        oldest_message_seconds=known.number("${var.alarm_oldest_message_seconds}"),
        execution_timeout_seconds=known.number("${var.execution_timeout_seconds}"),
        index_batch_attempts=known.number("${var.index_batch_max_attempts}"),
        is_audited=bool(values["audit_hourly"]),
        functions={
            name: Function(
                module=name,
                timeout_seconds=timeout,
                environment=_environment(
                    name, known, environment, backend, is_audited=bool(values["keep_ledger"])
                ),
                reserved_concurrency=values["reserved_concurrency"].get(name),
            )
            for name, timeout in timeouts.items()
            if name != "audit_logs" or values["audit_hourly"]
        },
        event_template=template[1].strip().replace("${var.environment}", environment),
        event_statuses=_names_in(pattern, "status"),
        handled_errors=_names_in(pattern, "anything-but"),
    )
    placeholders = _placeholders(result, known)
    definitions = {machine: load(machine, placeholders) for machine in MACHINES}
    return Deployed(**{**result.__dict__, "definitions": definitions})


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
    files = (
        "functions.tf",
        "ingest.tf",
        "locals.tf",
        "opensearch.tf",
        "workflow.tf",
        "backfill.tf",
        "retention.tf",
        "audit.tf",
    )
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
    known_locals = _locals()
    functions = (
        known_locals["functions"] | known_locals["pipe_functions"] | known_locals["backfill_functions"]
    )
    timeouts = {name: known.number(each["timeout_seconds"]) for name, each in functions.items()}
    # Those that are not always there.
    for local in ("retention_functions", "audit_functions"):
        found = _SOMETIMES.search(str(known_locals[local]))
        if found is None:
            raise UnknownExpression(local)
        timeouts[found[1]] = int(found[2])
    return timeouts


def _environment(
    name: str, known: _Values, environment: str, backend: Backend, *, is_audited: bool
) -> dict[str, str]:
    """What a function's environment has; ``terraform/tests`` and the end-to-end tests hold that it is all it needs."""
    variables = {"ENVIRONMENT": environment, "POWERTOOLS_SERVICE_NAME": name}
    if name != "delete_expired":
        variables |= {"STAGING_BUCKET": staging_bucket(environment)}
    ledger_days = {"LEDGER_RETENTION_DAYS": str(known.number("${var.ledger_retention_days}"))}
    if is_audited and name in _OF_THE_WORKFLOW:
        variables |= {"LEDGER": "true"} | ledger_days
    if name in {"fetch_logs", "plan_backfill", "audit_logs"}:
        variables |= {"LOG_BUCKETS": LOG_BUCKET}
    if name == "audit_logs":
        queue = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT_ID}/trailsearch-{environment}-ingest"
        variables |= {"INGEST_QUEUE_URL": queue} | ledger_days
    if name in {"split_records", "index_batch", "delete_expired"}:
        variables |= {"SEARCH_BACKEND": backend.value}
    if name == "delete_expired":
        variables |= {
            "SEARCH_ENDPOINT": ENDPOINT,
            "SEARCH_QUERY_ENDPOINT": ENDPOINT,
            "SEARCH_RETENTION_DAYS": str(known.number("${var.search_retention_days}")),
        }
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
        "index_batch_max_attempts": result.index_batch_attempts,
        "prefix": result.prefix,
        "staging_bucket": result.staging_bucket,
        "index_logs_arn": result.arn("states", f"stateMachine:{result.prefix}-index-logs"),
        "index_logs_executions_arn": result.arn("states", f"execution:{result.prefix}-index-logs"),
        "backfill_concurrency": known.number("${var.backfill_concurrency}"),
        "part_timeout_seconds": known.number(_part_timeout()),
        "audit_concurrency": _audit_concurrency(),
    }
    for name, function in result.functions.items():
        values[f"{name}_timeout_seconds"] = function.timeout_seconds + int(longer[1])
        values[f"{name}_function_arn"] = result.arn(
            "lambda", f"function:{result.prefix}-{name.replace('_', '-')}"
        )
    return values


def _part_timeout() -> str:
    definition = _resource("backfill.tf", "aws_sfn_state_machine", "backfill")["definition"]
    found = re.search(r"\bpart_timeout_seconds\s*= ([^,}]+)", definition)
    if found is None:
        raise UnknownExpression("part_timeout_seconds")
    return found[1].strip()


def _audit_concurrency() -> int:
    definition = _resource("audit.tf", "aws_sfn_state_machine", "audit")["definition"]
    found = _CONCURRENCY.search(definition)
    if found is None:
        raise UnknownExpression("audit_concurrency")
    return int(found[1])
