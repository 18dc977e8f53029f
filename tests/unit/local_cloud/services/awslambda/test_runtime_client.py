"""A machine that is no Linux: awslambdaric has no client of its own there, and ours takes its place."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.local_cloud.services.awslambda import runtime as runtimes
from tests.local_cloud.services.awslambda import runtime_client
from tests.local_cloud.services.awslambda.runtime import LambdaRuntime, link_runtime
from tests.local_cloud.services.awslambda.runtime_api import Invocation, RuntimeApi

from .lambda_package import SOURCE, package
from .test_runtime import FUNCTION

ECHO = """
        case "echo": return event["text"]
        case "big": return "é" * event["size"]"""
CODE = package(SOURCE.replace('\n        case "sleep"', f'{ECHO}\n        case "sleep"'))
PATIENT = replace(FUNCTION, timeout_seconds=30)
# http.server takes no longer line.
LONGEST_HEADER = 65_000


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the runtime as on macOS: awslambdaric's setup.py builds its client on Linux alone."""
    link = runtimes.link_distributions

    def link_without_client(names: tuple[str, ...], folder: Path) -> None:
        link(names, folder)
        for native in folder.glob("runtime_client.*"):
            native.unlink()

    monkeypatch.setattr(runtimes, "link_distributions", link_without_client)


@pytest.fixture
def runtime(elsewhere: None) -> Iterator[LambdaRuntime]:
    runtime = LambdaRuntime({"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}, print)
    yield runtime
    runtime.stop()


def invoke(runtime: LambdaRuntime, function: Any = PATIENT, **event: Any) -> tuple[Any, bool]:
    outcome = runtime.invoke(function, CODE, json.dumps(event).encode())
    return json.loads(outcome.payload), outcome.is_error


def test_where_awslambdaric_has_a_client_that_one_is_used(tmp_path: Path) -> None:
    link_runtime(tmp_path / "runtime")
    (client,) = (tmp_path / "runtime").glob("runtime_client.*")
    assert (client.resolve() == runtimes.RUNTIME_CLIENT) == (client.suffix == ".py")


@pytest.mark.usefixtures("elsewhere")
def test_where_it_has_none_ours_is_there(tmp_path: Path) -> None:
    link_runtime(tmp_path / "runtime")
    assert [found.resolve() for found in (tmp_path / "runtime").glob("runtime_client.*")] == [
        runtimes.RUNTIME_CLIENT
    ]


def test_invocations_come_and_their_results_arrive(runtime: LambdaRuntime) -> None:
    first, _ = invoke(runtime)
    assert invoke(runtime) == (first, False)
    assert invoke(runtime, do="echo", text="日本 é 😀") == ("日本 é 😀", False)
    big, _ = invoke(runtime, do="big", size=1_000_000)
    assert big == "é" * 1_000_000
    context, _ = invoke(runtime, do="context")
    assert context["name"] == "test"
    assert 0 < context["remaining"] <= 30_000
    environment, _ = invoke(runtime, do="environment")
    assert environment["_X_AMZN_TRACE_ID"].endswith("Sampled=1")


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"do": "raise"}, ("ValueError", "no good")),
        ({"do": "import", "name": "é日本"}, ("ModuleNotFoundError", "No module named 'é日本'")),
    ],
)
def test_errors_arrive_as_the_handler_raised_them(
    runtime: LambdaRuntime, event: dict[str, str], error: tuple[str, str]
) -> None:
    said, is_error = invoke(runtime, **event)
    assert is_error
    assert (said["errorType"], said["errorMessage"]) == error


def test_crashes_timeouts_and_what_cannot_be_imported_are_told_as_ever(runtime: LambdaRuntime) -> None:
    crashed, _ = invoke(runtime, do="exit", status=3)
    assert crashed["errorMessage"].endswith(" Error: Runtime exited with error: exit status 3")
    timed_out, _ = invoke(runtime, FUNCTION, do="sleep", seconds=30)
    assert timed_out["errorType"] == "Sandbox.Timedout"
    unknown, _ = invoke(runtime, replace(PATIENT, handler="absent.handler"))
    assert unknown["errorType"] == "Runtime.ImportModuleError"


def invocation(event: bytes = b"{}") -> Invocation:
    return Invocation(event, "arn", "Root=1", 3, on_begin=lambda _: None, kill=lambda: None)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", api.address)
    runtime_client.initialize_client("tests")
    yield api
    api.close()


def test_what_is_said_of_an_invocation_is_what_the_native_client_says(api: RuntimeApi) -> None:
    api.submit(submitted := invocation(b"event"))
    event, said = runtime_client.next()
    assert event == b"event"
    assert isinstance(said["Lambda-Runtime-Deadline-Ms"], int)
    assert {name: value for name, value in said.items() if isinstance(value, str)} == {
        "Lambda-Runtime-Aws-Request-Id": submitted.request_id,
        "Lambda-Runtime-Invoked-Function-Arn": "arn",
        "Lambda-Runtime-Trace-Id": "Root=1",
        "Content-Type": "application/json",
    }
    assert [name for name, value in said.items() if value is None] == [
        "Lambda-Runtime-Client-Context",
        "Lambda-Runtime-Cognito-Identity",
        "Lambda-Runtime-Aws-Tenant-Id",
        "Lambda-Runtime-Invocation-Id",
    ]


def test_a_fault_for_xray_may_be_long_and_in_any_script(api: RuntimeApi) -> None:
    api.submit(submitted := invocation())
    runtime_client.next()
    runtime_client.post_error(submitted.request_id, '{"é": "日本"}', "日" * (LONGEST_HEADER // 3), None)
    outcome = submitted.outcome.result(1)
    assert (outcome.payload.decode(), outcome.is_error) == ('{"é": "日本"}', True)


def test_what_the_api_does_not_take_is_an_error(api: RuntimeApi) -> None:
    with pytest.raises(RuntimeError, match="invocation response"):
        runtime_client.post_invocation_result("unknown", b"{}", "application/json", "an id")
    with pytest.raises(RuntimeError, match="invocation error"):
        runtime_client.post_error("unknown", "{}", "{}", None)


def test_an_api_that_has_ended_is_an_error(api: RuntimeApi) -> None:
    api.worker_ended("exit status 1")
    with pytest.raises(RuntimeError, match="GET /invocation/next"):
        runtime_client.next()
