"""Lambda: the product's handlers, each call in a process of its own that ends with it.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, and how a state machine hears of what fails:
https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html,
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html.
"""

import importlib
import json
from collections import Counter
from collections.abc import Generator, Mapping
from types import SimpleNamespace
from typing import Any

import orjson
import simpy

from tests.simulation.code import Code, End, Ended, pause, running
from tests.simulation.deployed import Function
from tests.simulation.faults import How
from tests.simulation.services.ground import Ground

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
_ASKED_SECONDS = (0.01, 0.1)
_WORKING_SECONDS = (0.05, 1.5)
# Of what Lambda does not do, by the fault.
_NOT_INVOKED = {
    How.FAILING: "Lambda.ServiceException",
    How.DENIED: "Lambda.AWSLambdaException",
    How.THROTTLED: "Lambda.TooManyRequestsException",
    How.NO_CONNECTION: "Lambda.SdkClientException",
}


def encoded(value: Any) -> bytes:
    """Encode a value as JSON; halves of surrogate pairs as escapes."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def decoded(text: bytes) -> Any:
    """Decode JSON; escapes of halves of surrogate pairs too."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


class InvocationFailed(Exception):
    """What became of a call in place of an answer: the error's name and cause, as a state machine has them."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class Functions:
    """The functions of a deployment; ``skews`` says by how many seconds the clocks of some are ahead."""

    def __init__(self, ground: Ground, skews: Mapping[str, float]) -> None:
        self._ground = ground
        self._env = ground.env
        self._skews = skews
        self._running: Counter[str] = Counter()

    def invoke(self, name: str, event: Any, execution: str = "") -> Generator[simpy.Event, Any, Any]:
        """Invoke a function, perhaps for an execution, and wait for its answer.

        Raises:
            InvocationFailed: it gives none.
        """
        function = self._ground.deployed.functions[name]
        yield self._ground.soon(_ASKED_SECONDS)
        how = self._ground.strike("lambda", "Invoke", name)
        text = encoded(event)
        if len(text) > MAX_PAYLOAD_BYTES:
            raise InvocationFailed("Lambda.AWSLambdaException", "the payload is larger than 6 MB")
        if how in _NOT_INVOKED:
            self._ground.say(name, f"is not invoked: {_NOT_INVOKED[how]}")
            raise InvocationFailed(_NOT_INVOKED[how], f"{how} (simulated)")
        limit = function.reserved_concurrency
        if limit is not None and self._running[name] >= limit:
            raise InvocationFailed("Lambda.TooManyRequestsException", "Rate Exceeded")
        self._running[name] += 1
        try:
            answer = yield from self._run(function, decoded(text), how, execution)
        finally:
            self._running[name] -= 1
        if how is How.ANSWER_LOST:
            raise InvocationFailed("Lambda.SdkClientException", "the answer was lost (simulated)")
        return answer

    def _run(
        self, function: Function, event: Any, how: How | None, execution: str
    ) -> Generator[simpy.Event, Any, Any]:
        self._ground.calls[execution, "lambda", "started"] += 1  # One that has no room is not paid.
        handler = importlib.import_module(function.module).handler
        context = SimpleNamespace(
            function_name=function.module,
            memory_limit_in_mb=1769,
            invoked_function_arn=f"arn:aws:lambda:::function:{function.module}",
            aws_request_id="simulated",
            get_remaining_time_in_millis=lambda: (running().deadline - self._env.now) * 1000,  # type: ignore[operator]
        )

        def run() -> Any:
            pause(self._ground.random.uniform(*_WORKING_SECONDS))
            answer = handler(event, context)
            if how is How.SLOW:
                pause(function.timeout_seconds)
            return answer

        code = Code(
            self._env,
            run,
            function.module,
            self._ground.random,
            skew=self._skews.get(function.module, 0.0),
            environment=function.environment,
            deadline=self._env.now + function.timeout_seconds,
        )
        code.execution = execution
        process = self._env.process(code.process())
        if how in {How.CRASH_BEFORE, How.CRASH_AFTER, How.HALF}:
            end, error = self._ground.random.uniform(0, 3.0), "Runtime.ExitError"
        else:
            end, error = float(function.timeout_seconds), "Sandbox.Timedout"
        yield process | self._env.timeout(end)
        if not process.triggered:
            process.interrupt(error)
            yield process
        ended = process.value
        assert isinstance(ended, End)
        if ended.error is None:
            answer = encoded(ended.value)
            if len(answer) > MAX_PAYLOAD_BYTES:
                raise self._failed(
                    function, "Function.ResponseSizeTooLarge", "the answer is larger than 6 MB"
                )
            return decoded(answer)
        if isinstance(ended.error, Ended):
            raise self._failed(function, str(ended.error), f"RequestId: simulated Error: {ended.error}")
        if not isinstance(ended.error, Exception):
            raise ended.error
        raise self._failed(function, type(ended.error).__name__, str(ended.error))

    def _failed(self, function: Function, error: str, message: str) -> InvocationFailed:
        self._ground.say(function.module, f"fails: {error}: {message[:160]}")
        cause = {"errorMessage": message, "errorType": error, "requestId": "simulated", "stackTrace": []}
        return InvocationFailed(error, json.dumps(cause))
