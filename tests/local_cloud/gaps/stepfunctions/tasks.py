"""Tasks: those that start executions, and the clients through which all of them reach the services.

For those that start executions, moto hands the arguments to boto3 under the names that the state machine has
(StateMachineArn), and the answer back under boto3's (executionArn). AWS has them the other way round.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html

Errors of S3 have its name before theirs, in moto as "s3": S3.NoSuchKeyException. What an SDK answers is JSON: the body of an
object is text, and a time is written out, where moto leaves what boto3 gives.
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

import functools
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.config import Config
from botocore.response import StreamingBody
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.utils import boto_client

from ...patching import replace


def close_gaps() -> None:
    """Let Tasks start executions, keep the clients of all Tasks, and name the errors of S3."""
    replace(boto_client, "boto3", SimpleNamespace(client=_SharedClients()))
    replace(StateTaskServiceSfn, "_eval_service_task", _eval_service_task)
    replace(
        StateTaskServiceSfn,
        "_build_sync2_resolver",
        describing_as_on_aws(StateTaskServiceSfn._build_sync2_resolver),
    )
    replace(
        StateTaskServiceAwsSdk,
        "_eval_service_task",
        _answering_json(naming_as_on_aws(StateTaskServiceAwsSdk._eval_service_task)),
    )
    names = state_task_service_aws_sdk._SERVICE_ERROR_NAMES
    replace(
        state_task_service_aws_sdk, "_SERVICE_ERROR_NAMES", {**names, "s3": "S3", "cloudwatch": "CloudWatch"}
    )


def _eval_service_task(
    self: Any,
    env: Any,
    resource_runtime_part: Any,
    normalised_parameters: dict[str, Any],
    state_credentials: Any,
) -> None:
    client = boto_client.boto_client_for(
        region=resource_runtime_part.region,
        service=self._get_boto_service_name(),
        state_credentials=state_credentials,
    )
    operation = getattr(client, self._get_boto_service_action())
    answer = operation(**{name[0].lower() + name[1:]: value for name, value in normalised_parameters.items()})
    env.stack.append(_as_on_aws(answer))


def describing_as_on_aws(build: Callable[..., Any]) -> Callable[..., Any]:
    """Make of moto's way to wait for an execution (.sync:2) one whose answer has the names of AWS."""

    @functools.wraps(build)
    def build_resolver(*arguments: Any, **named: Any) -> Callable[[], Any]:
        resolve = build(*arguments, **named)

        def resolve_as_on_aws() -> Any:
            described = resolve()
            return described and _as_on_aws(described)

        return resolve_as_on_aws

    return build_resolver


def _as_on_aws(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name[0].upper() + name[1:]: value.timestamp() if isinstance(value, datetime) else value
        for name, value in answer.items()
        if name != "ResponseMetadata"
    }


def naming_as_on_aws(evaluate: Callable[..., None]) -> Callable[..., None]:
    """Make of moto's way to call an SDK one where Step Functions', too, begins each name with a capital, as AWS has it."""

    @functools.wraps(evaluate)
    def evaluate_task(self: Any, env: Any, *, normalised_parameters: dict[str, Any], **named: Any) -> None:
        if self.resource.api_name != "sfn":
            evaluate(self, env, normalised_parameters=normalised_parameters, **named)
            return
        given = {name[0].lower() + name[1:]: value for name, value in normalised_parameters.items()}
        evaluate(self, env, normalised_parameters=given, **named)
        env.stack.append(_as_on_aws(env.stack.pop()))

    return evaluate_task


def _answering_json(evaluate: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(evaluate)
    def evaluate_task(self: Any, env: Any, *arguments: Any, **named: Any) -> None:
        evaluate(self, env, *arguments, **named)
        env.stack.append(_as_json(env.stack.pop()))

    return evaluate_task


def _as_json(answer: Any) -> Any:
    match answer:
        case dict():
            return {name: _as_json(value) for name, value in answer.items()}
        case list():
            return [_as_json(value) for value in answer]
        case datetime():
            return answer.isoformat()
        case StreamingBody():
            return answer.read().decode()
        case _:
            return answer


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
