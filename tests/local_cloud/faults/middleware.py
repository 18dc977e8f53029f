"""The WSGI middleware that injects the faults, around moto's application."""

import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec
from moto.moto_server import threaded_moto_server

from ..patching import replace
from ..services.awslambda import disruption as awslambda
from ..services.opensearch import disruption as opensearch
from .answers import error_answer
from .rules import (
    CONTROL_PATH,
    AnswerLost,
    BodyDamage,
    Crash,
    Delay,
    ErrorAnswer,
    NoAnswer,
    RefusedItems,
    Request,
    Reset,
    Rule,
    Rules,
    TimeOut,
    Truncation,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def register() -> None:
    """Put the middleware before the application of every server of moto that starts in this process.

    Raises:
        MotoChangedError: moto's server no longer makes its application so.
    """

    module: Any = threaded_moto_server
    make_application = module.DomainDispatcherApplication

    def with_faults(create_app: Callable[..., Any]) -> "WSGIApplication":
        return FaultInjection(make_application(create_app))

    replace(threaded_moto_server, "DomainDispatcherApplication", with_faults)


class FaultInjection:
    """Lets requests meet the faults of the rules that are set at `CONTROL_PATH`, and all others pass.

    PUT takes rules as a JSON array and puts them in force; GET answers their counts; DELETE switches them off,
    lets go of the requests that are held, and answers the counts.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        """Take the application that carries the requests out."""
        self._application = application
        self._rules = Rules()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] == CONTROL_PATH:
            return self._control(environ, start_response)
        rules = self._rules
        request = _read_request(environ, with_body=rules.look_at_bodies)
        match rules.fault_for(request):
            case ErrorAnswer() as error:
                answer = error_answer(error, request)
                start_response(_status_line(error.status), answer.headers)
                return [answer.body]
            case Reset():
                _read_request(environ, with_body=True)
                raise _reset(environ)
            case NoAnswer(seconds=seconds):
                _read_request(environ, with_body=True)
                rules.switched_off.wait(seconds)
                raise _reset(environ)
            case Delay(seconds=seconds):
                rules.switched_off.wait(seconds)
            case AnswerLost():
                self._carry_out(environ)
                raise _reset(environ)
            case Truncation():
                return self._truncated(environ, start_response)
            case Crash() | TimeOut() | BodyDamage() | RefusedItems() as disruptive:
                return self._disrupted(disruptive, environ, start_response)
        return self._application(environ, start_response)

    def _control(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        """Set, show or remove rules."""
        counts = self._rules.counts()
        method = environ["REQUEST_METHOD"]
        if method in {"PUT", "DELETE"}:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            rules = Rules(msgspec.json.decode(body, type=list[Rule]) if method == "PUT" else ())
            replaced, self._rules = self._rules, rules
            replaced.switched_off.set()
        answer = msgspec.json.encode(counts)
        start_response(
            _status_line(HTTPStatus.OK),
            [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))],
        )
        return [answer]

    def _carry_out(self, environ: "WSGIEnvironment") -> tuple[str, list[tuple[str, str]], bytes]:
        """Let the application answer, and keep its answer: status, headers and body."""
        begun: list[Any] = []

        def keep(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            begun[:] = status, headers

        body = self._application(environ, keep)
        try:
            whole = b"".join(body)
        finally:
            if hasattr(body, "close"):
                body.close()
        status, headers = begun
        return status, headers, whole

    def _truncated(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterator[bytes]:
        status, headers, body = self._carry_out(environ)
        kept = [header for header in headers if header[0].lower() != "content-length"]
        start_response(status, [*kept, ("Content-Length", str(max(len(body), 1)))])
        yield body[: len(body) // 2]
        raise ConnectionAbortedError("an injected fault")

    def _disrupted(
        self,
        fault: Crash | TimeOut | BodyDamage | RefusedItems,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        """Let the application answer, and tell the service what is to go wrong there."""
        variable: ContextVar[Any] = opensearch.disruption
        how: Any
        match fault:
            case Crash(after):
                variable, how = awslambda.disruption, awslambda.Disruption(after)
            case TimeOut(after, seconds):
                variable, how = awslambda.disruption, awslambda.Disruption(after, seconds)
            case BodyDamage(cut):
                how = opensearch.DamagedBody(cut)
            case RefusedItems(status, error_type, reason, every, having):
                how = opensearch.RefusedItems(status, error_type, reason, every, having.encode())
        token = variable.set(how)
        try:
            return self._application(environ, start_response)
        finally:
            variable.reset(token)


def _read_request(environ: "WSGIEnvironment", *, with_body: bool) -> Request:
    """Give what rules look at; the body, if it is read, is put back."""
    body = b""
    if with_body and (length := int(environ.get("CONTENT_LENGTH") or 0)):
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = BytesIO(body)
    return Request(
        environ["REQUEST_METHOD"],
        environ["PATH_INFO"],
        environ.get("HTTP_X_AMZ_TARGET", ""),
        body.decode(errors="replace"),
    )


def _reset(environ: "WSGIEnvironment") -> ConnectionResetError:
    """Make the connection of a request that has been read end with RST, and give the error that lets werkzeug drop the request."""
    connection: socket.socket = environ["werkzeug.socket"]
    # werkzeug would wait for the connection's next request.
    connection.shutdown(socket.SHUT_RD)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return ConnectionResetError("an injected fault")


def _status_line(status: int) -> str:
    phrases = {int(known): known.phrase for known in HTTPStatus}
    return f"{status} {phrases.get(status, 'Bandwidth Limit Exceeded')}"
