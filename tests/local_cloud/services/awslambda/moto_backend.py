"""The functions that moto keeps, run by the runtime."""

import threading
from collections.abc import MutableMapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.logs.models import logs_backends

from ...gaps.cloudwatch.service_metrics import count
from ...patching import replace
from .disruption import disruption
from .function import Function
from .output import LogLine
from .runtime import LambdaRuntime

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "local"}


def register(endpoint_url: str) -> LambdaRuntime:
    """Make moto of this process run functions, which reach AWS at `endpoint_url`. The caller stops the runtime.

    It takes the place of moto's own backend without Docker, which runs nothing: `{"lambda": {"use_docker": False}}`.

    Raises:
        MotoChangedError: What this changes in moto is no longer there.
    """
    runtime = LambdaRuntime(CREDENTIALS | {"AWS_ENDPOINT_URL": endpoint_url}, _LogWriter().write)
    delete_function = LambdaBackend.delete_function

    def invoke(
        self: LambdaSimpleBackend,
        function_name: str,
        qualifier: str | None,
        body: bytes | str | None,
        headers: MutableMapping[str, str],
        response_headers: MutableMapping[str, str],
    ) -> bytes:
        function = self.get_function(function_name, qualifier)
        kind = headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return b""
        if kind != "RequestResponse":
            raise InvalidParameterValueException(f"The local cloud runs no invocations of type {kind}.")
        event = body.encode() if isinstance(body, str) else body or b"{}"
        outcome = runtime.invoke(_to_function(function), function.code_bytes, event, disruption.get())
        for name, number in (("Invocations", 1), ("Errors", int(outcome.is_error)), ("Throttles", 0)):
            count(function.function_arn, "AWS/Lambda", name, "FunctionName", function.function_name, number)
        if outcome.is_error:
            response_headers["x-amz-function-error"] = "Unhandled"
        response_headers["x-amz-executed-version"] = str(function.version)
        response_headers["Content-Length"] = str(len(outcome.payload))
        return outcome.payload

    def delete_function_and_workers(
        self: LambdaBackend, function_name: str, qualifier: str | None = None
    ) -> None:
        function_arn = self.get_function(function_name, qualifier).function_arn
        delete_function(self, function_name, qualifier)
        runtime.forget(function_arn)

    replace(LambdaSimpleBackend, "invoke", invoke)
    replace(LambdaBackend, "delete_function", delete_function_and_workers)
    return runtime


def _to_function(function: LambdaFunction) -> Function:
    logging_config: dict[str, Any] = getattr(function, "logging_config", {})
    return Function(
        arn=function.function_arn,
        name=function.function_name,
        region=function.region,
        runtime=function.run_time or "",
        handler=function.handler or "",
        code_sha256=function.code_sha_256,
        timeout_seconds=int(function.timeout),
        memory_mb=int(function.memory_size),
        environment=tuple(sorted(function.environment_vars.items())),
        log_group=logging_config.get("LogGroup", function.logs_group_name),
        log_format=logging_config.get("LogFormat", "Text"),
        traced=function.tracing_config.get("Mode") == "Active",
    )


class _LogWriter:
    """Writes into moto's CloudWatch Logs, one thread at a time, and creates groups and streams as Lambda does."""

    def __init__(self) -> None:
        self._streams: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def write(self, function: Function, stream: str, lines: list[LogLine]) -> None:
        account_id = function.arn.split(":")[4]
        backend = logs_backends[account_id][function.region]
        with self._lock:
            if (function.log_group, stream) not in self._streams:
                backend.ensure_log_group(function.log_group)
                backend.create_log_stream(function.log_group, stream)
                self._streams.add((function.log_group, stream))
            backend.put_log_events(
                function.log_group,
                stream,
                [{"timestamp": time_ms, "message": line} for time_ms, line in lines],
            )
