"""Lambda: LoggingConfig, which moto drops, updates of the configuration that it ignores, and the account's settings, which it has not."""

import functools
import json
from collections.abc import Callable
from typing import Any

from moto.awslambda import urls
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

from ..patching import add, replace

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CONCURRENT_EXECUTIONS = 1_000
DEFAULT_LOGGING_CONFIG = {"LogFormat": "Text"}
DEFAULT_JSON_LEVELS = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}


def close_gaps() -> None:
    """Keep and return LoggingConfig, let TracingConfig and EphemeralStorage be updated, and tell the account's settings."""
    add(LambdaFunction, "logging_config", None)
    replace(LambdaFunction, "__init__", _keeping_logging_config(LambdaFunction.__init__))
    replace(LambdaFunction, "get_configuration", _with_logging_config(LambdaFunction.get_configuration))
    replace(LambdaFunction, "update_configuration", _updating_more(LambdaFunction.update_configuration))
    add(LambdaResponse, "get_account_settings", _get_account_settings)
    urls.url_paths |= {r"{0}/(?P<api_version>[^/]+)/account-settings/?$": LambdaResponse.dispatch}


def logging_config_of(function_name: str, requested: dict[str, str] | None) -> dict[str, str]:
    """Return LoggingConfig as Lambda completes it.

    https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html
    """
    config = DEFAULT_LOGGING_CONFIG | {"LogGroup": f"/aws/lambda/{function_name}"} | (requested or {})
    return DEFAULT_JSON_LEVELS | config if config["LogFormat"] == "JSON" else config


def _keeping_logging_config(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def init_with_logging_config(
        self: LambdaFunction, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any
    ) -> None:
        init(self, account_id, spec, *args, **kwargs)
        self.logging_config = logging_config_of(self.function_name, spec.get("LoggingConfig"))  # type: ignore[attr-defined]

    return init_with_logging_config


def _with_logging_config(get_configuration: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    @functools.wraps(get_configuration)
    def get_whole_configuration(self: LambdaFunction, *args: Any, **kwargs: Any) -> dict[str, Any]:
        logging_config = self.logging_config  # type: ignore[attr-defined]
        return get_configuration(self, *args, **kwargs) | {"LoggingConfig": logging_config}

    return get_whole_configuration


def _updating_more(update_configuration: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    @functools.wraps(update_configuration)
    def update_whole_configuration(self: LambdaFunction, config_updates: dict[str, Any]) -> dict[str, Any]:
        if "LoggingConfig" in config_updates:
            self.logging_config = logging_config_of(self.function_name, config_updates["LoggingConfig"])  # type: ignore[attr-defined]
        if "TracingConfig" in config_updates:
            self.tracing_config = config_updates["TracingConfig"]
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        return update_configuration(self, config_updates)

    return update_whole_configuration


def _get_account_settings(self: LambdaResponse) -> str:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html."""
    functions = list(self.backend.list_functions())
    reserved = sum(int(function.reserved_concurrency or 0) for function in functions)
    size = sum(function.code_size for function in functions)
    limit = {
        "CodeSizeUnzipped": 250 * 2**20,
        "CodeSizeZipped": 50 * 2**20,
        "ConcurrentExecutions": CONCURRENT_EXECUTIONS,
        "TotalCodeSize": 75 * 2**30,
        "UnreservedConcurrentExecutions": CONCURRENT_EXECUTIONS - reserved,
    }
    usage = {"FunctionCount": len(functions), "TotalCodeSize": size}
    return json.dumps({"AccountLimit": limit, "AccountUsage": usage})
