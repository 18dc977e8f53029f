"""Step Functions: what Terraform's provider asks for, executions as AWS starts and describes them, JSONPath, and speed.

For every execution moto parses the definition, for every path the path, and for every Task it makes a boto3 client:
together they take longer than the workflow itself. All three are kept here.
"""

import functools
import pickle
import re
import threading
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.config import Config
from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import ValidationException
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import boto_client, json_path
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from .patching import add, replace, replace_imported

MAX_INPUT_BYTES = 262_144


def close_gaps() -> None:
    """Add the missing operations, let executions start and end as on AWS, and keep what takes long to make."""
    add(StepFunctionResponse, "validate_state_machine_definition", _validate_state_machine_definition)
    add(StepFunctionResponse, "list_state_machine_versions", _list_state_machine_versions)
    replace(
        StepFunctionsParserBackend,
        "start_execution",
        _as_aws_starts(StepFunctionsParserBackend.start_execution),
    )
    replace(
        StepFunctionResponse, "describe_execution", _with_stop_date(StepFunctionResponse.describe_execution)
    )
    replace(ExecutionWorker, "_get_evaluation_entrypoint", _program)
    replace(boto_client, "boto3", SimpleNamespace(client=_SharedClients()))
    replace_imported("moto.stepfunctions", json_path, "extract_json", extract_json)


def _validate_state_machine_definition(self: StepFunctionResponse) -> ActionResult:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html."""
    diagnostics = []
    try:
        StepFunctionsParserBackend._validate_definition(definition=self._get_param("definition"))
    except InvalidDefinition as error:
        diagnostics.append(
            {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": error.message}
        )
    return ActionResult(
        {"result": "FAIL" if diagnostics else "OK", "diagnostics": diagnostics, "truncated": False}
    )


def _list_state_machine_versions(self: StepFunctionResponse) -> ActionResult:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineVersions.html."""
    state_machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    newest_first = sorted(state_machine.versions.values(), key=lambda version: version.version, reverse=True)
    return ActionResult(
        {
            "stateMachineVersions": [
                {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
                for version in newest_first
            ]
        }
    )


def _as_aws_starts(start_execution: Callable[..., Any]) -> Callable[..., Any]:
    """An execution that is given no name gets a random UUID, and an input may have 262,144 bytes.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """

    @functools.wraps(start_execution)
    def start_named_execution(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        if execution_input is not None and len(execution_input.encode()) > MAX_INPUT_BYTES:
            raise ValidationException(
                "1 validation error detected: Value at 'input' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MAX_INPUT_BYTES}"
            )
        return start_execution(
            self, state_machine_arn, name or str(uuid.uuid4()), execution_input, *args, **kwargs
        )

    return start_named_execution


def _with_stop_date(describe_execution: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    """An execution that has timed out has an end too."""

    @functools.wraps(describe_execution)
    def describe_ended_execution(self: StepFunctionResponse) -> ActionResult:
        answer = describe_execution(self)
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if execution.stop_date is not None:
            answer.result["stopDate"] = execution.stop_date  # type: ignore[index]
        return answer

    return describe_ended_execution


def _program(self: ExecutionWorker) -> Program:
    program: Program = pickle.loads(
        _pickled_program(self._evaluation_details.state_machine_details.definition)
    )
    return program


@functools.lru_cache(maxsize=32)
def _pickled_program(definition: str) -> bytes:
    # Every execution gets a copy: an evaluated program is not meant to be shared.
    return pickle.dumps(AmazonStateLanguageParser.parse(definition)[0], pickle.HIGHEST_PROTOCOL)


def extract_json(path: str, data: Any) -> Any:
    """Return what a JSONPath finds, as Step Functions does: a list if the path is indefinite, otherwise the value.

    A path is indefinite if it could find several values: it has a wildcard, slice, filter, several indices, or `..`.
    It may find none then, or one, and the result is a list all the same.
    https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html

    Raises:
        NoSuchJsonPathError: A definite path finds nothing.
    """
    matches = _parsed_path(path).find(data)
    if _INDEFINITE.search(_QUOTED.sub("", path)):
        return [match.value for match in matches]
    if not matches:
        raise json_path.NoSuchJsonPathError(json_path=path, data=data)
    return matches[0].value


_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_INDEFINITE = re.compile(r"\.\.|\*|\[[^\]]*[?:,]")
_parsed_path = functools.lru_cache(maxsize=1024)(json_path.parse)  # type: ignore[attr-defined]


class _SharedClients:
    """Stands for `boto3.client`: one client per service, region and endpoint, made by one thread at a time.

    boto3's default session may not be used by several threads at once; clients may. S3's has the bucket in the path:
    `<bucket>.localhost` does not resolve everywhere.
    """

    def __init__(self) -> None:
        self._session = boto3.session.Session()
        self._clients: dict[tuple[Any, ...], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, **arguments: Any) -> Any:
        key = (arguments["service_name"], arguments["region_name"], arguments.get("endpoint_url"))
        with self._lock:
            if key not in self._clients:
                config = arguments["config"].merge(Config(s3={"addressing_style": "path"}))
                self._clients[key] = self._session.client(**{**arguments, "config": config})
            return self._clients[key]
