"""Definitions: validated and listed by version, as Terraform's provider asks for; and each is parsed only once."""

import functools
import pickle

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from ...patching import add, replace


def close_gaps() -> None:
    """Add ValidateStateMachineDefinition and ListStateMachineVersions, and keep definitions that were parsed."""
    add(StepFunctionResponse, "validate_state_machine_definition", _validate_state_machine_definition)
    add(StepFunctionResponse, "list_state_machine_versions", _list_state_machine_versions)
    replace(ExecutionWorker, "_get_evaluation_entrypoint", _program)


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


def _program(self: ExecutionWorker) -> Program:
    program: Program = pickle.loads(
        _pickled_program(self._evaluation_details.state_machine_details.definition)
    )
    return program


@functools.lru_cache(maxsize=32)
def _pickled_program(definition: str) -> bytes:
    # Every execution gets a copy: an evaluated program is not meant to be shared.
    return pickle.dumps(AmazonStateLanguageParser.parse(definition)[0], pickle.HIGHEST_PROTOCOL)
