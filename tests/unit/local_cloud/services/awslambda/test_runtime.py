import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.local_cloud.services.awslambda.disruption import Disruption
from tests.local_cloud.services.awslambda.function import Function
from tests.local_cloud.services.awslambda.output import LogLine
from tests.local_cloud.services.awslambda.runtime import LambdaRuntime
from tests.unit.local_cloud.processes import runs
from tests.unit.local_cloud.waiting import becomes_true

from .lambda_package import HANDLER, SOURCE, package

CODE = package()
FUNCTION = Function(
    arn="arn:aws:lambda:eu-west-1:123456789012:function:test",
    name="test",
    region="eu-west-1",
    runtime="python3.13",
    handler=HANDLER,
    code_sha256="sha/of+code=",
    timeout_seconds=1,
    memory_mb=128,
    environment=(("OWN", "variable"),),
    log_group="/aws/lambda/test",
    log_format="Text",
    traced=True,
)
Invoke = Callable[..., tuple[Any, bool]]


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def runtime(log: list[str]) -> Iterator[LambdaRuntime]:
    def write(_function: Function, _stream: str, lines: list[LogLine]) -> None:
        log.extend(line for _, line in lines)

    runtime = LambdaRuntime({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, write)
    yield runtime
    runtime.stop()


@pytest.fixture
def invoke(runtime: LambdaRuntime) -> Invoke:
    """Invokes, and returns the payload and whether it is an error."""

    def invoke(function: Function = FUNCTION, code: bytes = CODE, **event: Any) -> tuple[Any, bool]:
        outcome = runtime.invoke(function, code, json.dumps(event).encode())
        return json.loads(outcome.payload), outcome.is_error

    return invoke


def test_a_worker_stays_for_the_next_invocation(invoke: Invoke) -> None:
    assert invoke() == invoke()


def test_changed_functions_get_new_workers_and_the_old_ones_end(invoke: Invoke) -> None:
    old, _ = invoke()
    new, _ = invoke(replace(FUNCTION, code_sha256="other"), package(SOURCE + "# changed"))

    assert new != old
    assert not runs(old)


def test_concurrent_invocations_get_workers_of_their_own(invoke: Invoke) -> None:
    with ThreadPoolExecutor(2) as pool:
        pids = list(pool.map(lambda _: invoke(do="sleep", seconds=0.3)[0], range(2)))

    assert len(set(pids)) == 2


def test_more_invocations_than_workers_wait(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.local_cloud.services.awslambda.runtime.MAX_WORKERS_PER_FUNCTION", 1)

    with ThreadPoolExecutor(3) as pool:
        pids = list(pool.map(lambda _: invoke(do="sleep", seconds=0.1)[0], range(3)))

    assert len(set(pids)) == 1


def test_the_environment_is_lambdas_and_the_functions(invoke: Invoke) -> None:
    environment, _ = invoke(do="environment")

    assert environment["OWN"] == "variable"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "test"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert environment["_X_AMZN_TRACE_ID"].endswith("Sampled=1")
    assert "AWS_CA_BUNDLE" not in environment


def test_the_context_tells_the_remaining_time(invoke: Invoke) -> None:
    context, _ = invoke(do="context")

    assert context["name"] == "test"
    assert 0 < context["remaining"] <= 1000


def test_a_handler_sees_what_its_package_and_the_runtime_bring_and_no_more(invoke: Invoke) -> None:
    patient = replace(FUNCTION, timeout_seconds=30)  # boto3 takes a second on a busy machine.
    assert invoke(patient, do="import", name="boto3")[1] is False
    error, is_error = invoke(patient, do="import", name="pytest")
    assert (is_error, error["errorType"]) == (True, "ModuleNotFoundError")


def test_an_exception_is_reported_as_the_handler_raised_it(invoke: Invoke) -> None:
    error, is_error = invoke(do="raise")

    assert is_error
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no good")


def test_a_crash_is_reported_and_the_next_invocation_has_a_new_worker(invoke: Invoke) -> None:
    error, is_error = invoke(do="exit", status=3)

    assert is_error
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].startswith("RequestId: ")
    assert error["errorMessage"].endswith(" Error: Runtime exited with error: exit status 3")
    assert invoke()[1] is False


def test_a_timeout_kills_the_worker(invoke: Invoke) -> None:
    pid, _ = invoke()
    error, is_error = invoke(do="sleep", seconds=30)

    assert is_error
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")
    assert not runs(pid)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("timeout", "error"), [(None, "Runtime.ExitError"), (0.2, "Sandbox.Timedout")])
def test_a_disrupted_invocation_crashes_or_times_out_before_or_after_its_work(
    runtime: LambdaRuntime, invoke: Invoke, log: list[str], *, after: bool, timeout: float | None, error: str
) -> None:
    event = json.dumps({"do": "write", "text": "worked"}).encode()
    pid, _ = invoke()
    outcome = runtime.invoke(FUNCTION, CODE, event, Disruption(after, timeout))

    assert outcome.is_error
    assert json.loads(outcome.payload)["errorType"] == error
    assert ("worked" in log) == after
    assert not runs(pid)
    assert invoke()[0] != pid


def test_a_handler_that_cannot_be_imported_is_reported(invoke: Invoke) -> None:
    error, is_error = invoke(replace(FUNCTION, handler="absent.handler"))

    assert is_error
    assert error["errorType"] == "Runtime.ImportModuleError"


def test_the_log_frames_what_the_handler_writes(invoke: Invoke, log: list[str]) -> None:
    invoke(do="write", text="one\ntwo")

    assert log[0] == "initialized"
    assert log[1].startswith("START RequestId: ")
    assert log[2:4] == ["one", "two"]
    assert log[4].startswith("END RequestId: ")
    assert log[5].startswith("REPORT RequestId: ")
    assert "Init Duration: " in log[5]


def test_the_log_can_be_json(invoke: Invoke, log: list[str]) -> None:
    invoke(replace(FUNCTION, log_format="JSON"))

    events = [json.loads(line) for line in log if line.startswith("{")]
    assert [event["type"] for event in events] == ["platform.start", "platform.report"]
    assert events[1]["record"]["metrics"]["memorySizeMB"] == 128


def test_stopping_ends_busy_workers_too(runtime: LambdaRuntime, invoke: Invoke, log: list[str]) -> None:
    pid, _ = invoke()
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(invoke, replace(FUNCTION, timeout_seconds=30), do="sleep", seconds=30)
        assert becomes_true(lambda: log.count("initialized") == 2)
        runtime.stop()

        assert busy.result()[0]["errorType"] == "Runtime.ExitError"
    assert not runs(pid)
