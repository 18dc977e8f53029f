"""The Lambda Runtime API, which a worker process asks for invocations.

Protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, version 2018-06-01. Every worker has an
endpoint of its own, as every execution environment on AWS has.
"""

import json
import queue
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from .disruption import Disruption

VERSION = "/2018-06-01/runtime"
# How long it may take until the endpoint of an ended worker is closed.
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to: the payload of the answer, and whether it describes an error."""

    payload: bytes
    is_error: bool = False


def error_outcome(error_type: str, request_id: str, message: str) -> Outcome:
    """Return the outcome of an invocation that the runtime itself ended, as Lambda words it."""
    error = {"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {message}"}
    return Outcome(json.dumps(error).encode(), is_error=True)


@dataclass
class Invocation:
    """One invocation on its way through a worker.

    `on_begin` is called, and then `begun` set, before the worker gets it; `begun` is also set if it never will.
    `kill` ends the worker, without waiting.
    `outcome` is set once, by whoever learns it first.
    """

    event: bytes
    function_arn: str
    trace_header: str
    timeout_seconds: float
    on_begin: Callable[["Invocation"], None]
    kill: Callable[[], None]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    begun: threading.Event = field(default_factory=threading.Event)
    outcome: Future[Outcome] = field(default_factory=Future)
    disruption: Disruption | None = None

    def is_disrupted(self, *, after: bool) -> bool:
        """Let happen what is to go wrong before or after the work, if anything, and say whether it did.

        The worker has ended then.
        """
        if self.disruption is None or self.disruption.after != after:
            return False
        if self.disruption.timeout_seconds is None:
            self.kill()
        wait([self.outcome])
        return True

    def begin(self) -> dict[str, str]:
        """Let its time run, and return the headers that hand it to the worker."""
        self.on_begin(self)
        self.begun.set()
        deadline = int((time.time() + self.timeout_seconds) * 1000)
        return {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": self.trace_header,
        }


class RuntimeApi:
    """The endpoint of one worker, which runs one invocation at a time."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._current: Invocation | None = None
        self._init_error: Outcome | None = None
        self._end: str | None = None
        self._lock = threading.Lock()
        self._server = _Server(self)
        threading.Thread(
            target=self._server.serve_forever, args=[POLL_SECONDS], name="lambda-runtime-api", daemon=True
        ).start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API: host and port."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def submit(self, invocation: Invocation) -> None:
        """Hand over an invocation; the one before must have its outcome."""
        with self._lock:
            self._current = invocation
            ended = self._end is not None
        if ended:
            self._fail_current()
        else:
            self._waiting.put(invocation)

    def next_invocation(self) -> Invocation | None:
        """Wait for an invocation on behalf of the worker; None if the worker ends meanwhile."""
        return self._waiting.get()

    def finish(self, request_id: str, outcome: Outcome) -> bool:
        """Set the outcome that the worker reports; False if the invocation is not its current one."""
        with self._lock:
            current = self._current
            if current is None or current.request_id != request_id:
                return False
        if current.is_disrupted(after=True):
            return False
        with self._lock:
            if self._current is not current:
                return False
            self._current = None
        current.outcome.set_result(outcome)
        return True

    def fail_init(self, payload: bytes) -> None:
        """Keep the error with which the worker could not import the handler: the worker ends after it."""
        self._init_error = Outcome(payload, is_error=True)

    def worker_ended(self, how: str) -> None:
        """Fail the current invocation, if any, and every later one: with the error of initialization, or `how`."""
        with self._lock:
            self._end = how
        self._waiting.put(None)
        self._fail_current()

    def _fail_current(self) -> None:
        with self._lock:
            current, self._current = self._current, None
        if current is not None:
            crash = error_outcome(
                "Runtime.ExitError", current.request_id, f"Runtime exited with error: {self._end}"
            )
            current.outcome.set_result(self._init_error or crash)
            current.begun.set()

    def close(self) -> None:
        """Stop to serve."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _RequestHandler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A worker that is killed leaves its connection open: that is no error of this server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One segment per answer: headers and body in two would wait for the worker's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path != f"{VERSION}/invocation/next":
            self._answer(HTTPStatus.NOT_FOUND)
            return
        invocation = self._api.next_invocation()
        if invocation is None:
            self.close_connection = True
            return
        headers = invocation.begin()
        if invocation.is_disrupted(after=False):
            self.close_connection = True
            return
        self._answer(HTTPStatus.OK, headers, invocation.event)

    def do_POST(self) -> None:
        payload = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match self.path.removeprefix(VERSION).strip("/").split("/"):
            case ["init", "error"]:
                self._api.fail_init(payload)
                self._answer(HTTPStatus.ACCEPTED)
            case ["invocation", request_id, ("response" | "error") as kind]:
                known = self._api.finish(request_id, Outcome(payload, is_error=kind == "error"))
                self._answer(HTTPStatus.ACCEPTED if known else HTTPStatus.BAD_REQUEST)
            case _:
                self._answer(HTTPStatus.NOT_FOUND)

    @property
    def _api(self) -> RuntimeApi:
        return cast("_Server", self.server).api

    def _answer(self, status: HTTPStatus, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """Requests are not logged."""
