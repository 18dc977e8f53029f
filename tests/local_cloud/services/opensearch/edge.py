"""The edge before the engine: what Amazon asks of a request before a node sees it."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

import urllib3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.opensearch.models import OpenSearchDomain

from . import access_policy, bulk_items
from .control import CONTROL_PATH
from .disruption import DamagedBody, RefusedItems, disruption
from .embedded_engine import Analysis, BodyTooLargeError, DamagedBodyError, unpacked
from .engines import Engine
from .moto_backend import PATH, find_domain
from .payload_limits import max_body_bytes
from .signature import SignatureRefused, SignedRequest, verify

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_DOMAIN_PATH = re.compile(rf"/{PATH}/(?P<region>[a-z0-9-]+)/(?P<name>[a-z][a-z0-9-]+)(?P<path>/[^?]*)?")
_TIMEOUT_SECONDS = 120
_CONNECTIONS = 16
_PASSED_ON = ("accept", "accept-encoding", "content-type", "content-encoding")


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=UTF-8"
    content_encoding: str = ""


class Edge:
    """Answers requests to domains, and lets all others pass to moto's application."""

    def __init__(self, application: "WSGIApplication", engine: Callable[[], Engine]) -> None:
        """Take moto's application, and what gives the engine."""
        self._application = application
        self._engine = engine
        self._analysis = Analysis()
        self._http = urllib3.PoolManager(maxsize=_CONNECTIONS, timeout=_TIMEOUT_SECONDS, retries=False)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        sent_path, _, query = environ["RAW_URI"].partition("?")
        if environ["PATH_INFO"] == CONTROL_PATH:
            engine = self._engine()
            answer = _json(HTTPStatus.OK, {"engine": engine.choice, "url": engine.url})
        elif found := _DOMAIN_PATH.fullmatch(sent_path):
            request = SignedRequest(
                environ["REQUEST_METHOD"],
                sent_path,
                query,
                _headers(environ),
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
            )
            answer = self._answer(request, found["region"], found["name"], found["path"] or "/", environ)
        else:
            return self._application(environ, start_response)
        headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body)))]
        if answer.content_encoding:
            headers.append(("Content-Encoding", answer.content_encoding))
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [b"" if _is_head(environ) else answer.body]

    def _answer(
        self, request: SignedRequest, region: str, name: str, path: str, environ: "WSGIEnvironment"
    ) -> Answer:
        domain = find_domain(region, name)
        if domain is None:  # On AWS its host name is not found.
            return _text(HTTPStatus.SERVICE_UNAVAILABLE, f"There is no domain {name} in {region}.")
        try:
            user = verify(request, region, DEFAULT_ACCOUNT_ID, datetime.now(UTC))
        except SignatureRefused as refused:
            return _json(HTTPStatus.FORBIDDEN, {"message": str(refused)})
        plain_path = environ["PATH_INFO"].removeprefix(f"/{PATH}/{region}/{name}") or "/"
        refusal = access_policy.refusal(
            domain.access_policies, user, request.method, f"{domain.arn}{plain_path}", _policies_of(user)
        )
        if refusal:
            return _json(HTTPStatus.FORBIDDEN, {"Message": refusal})
        max_bytes = _max_body_bytes(domain)
        if len(request.body) > max_bytes:
            message = f"Request size exceeded {max_bytes} bytes"
            return _json(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"Message": message})
        return self._let_through(request, path, plain_path, max_bytes)

    def _let_through(self, request: SignedRequest, path: str, plain_path: str, max_bytes: int) -> Answer:
        """Hand a request to the engine, as it is or as what goes wrong on the way has it."""
        try:
            match disruption.get():
                case DamagedBody(cut=cut):
                    request = request._replace(body=_damaged(request.body, cut=cut))
                case RefusedItems() as refused_items if plain_path.endswith("/_bulk"):
                    return self._with_refused_items(request, path, plain_path, max_bytes, refused_items)
            return self._ask_engine(request, path, plain_path, max_bytes)
        except BodyTooLargeError:
            return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"")
        except (DamagedBodyError, urllib3.exceptions.HTTPError):  # A node ends the connection.
            return _text(HTTPStatus.BAD_GATEWAY, "Bad Gateway")

    def _with_refused_items(
        self, request: SignedRequest, path: str, plain_path: str, max_bytes: int, refused: RefusedItems
    ) -> Answer:
        """Let the engine store the documents that are not to be refused."""
        whole = unpacked(request.body, max_bytes) if _is_gzip(request) else request.body
        kept = bulk_items.without_refused(whole, refused)
        # The answer is read here: it is not to be packed.
        packing = {"content-encoding", "accept-encoding"}
        headers = {name: value for name, value in request.headers.items() if name not in packing}
        answered: list[Any] = []
        if kept:
            answer = self._ask_engine(
                request._replace(body=kept, headers=headers), path, plain_path, max_bytes
            )
            if answer.status != HTTPStatus.OK:
                return answer
            answered = json.loads(answer.body)["items"]
        return _json(HTTPStatus.OK, bulk_items.merged(whole, answered, refused))

    def _ask_engine(self, request: SignedRequest, path: str, plain_path: str, max_bytes: int) -> Answer:
        engine = self._engine()
        body = request.body
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        embedded = engine.choice == "embedded"
        if embedded:
            if _is_gzip(request):
                del headers["content-encoding"]
                body = unpacked(body, max_bytes)
            body = self._analysis.to_engine(plain_path, body)
        url = f"{engine.url}{path}" + (f"?{request.query}" if request.query else "")
        answer = self._http.request(
            request.method, url, body=body or None, headers=headers, decode_content=embedded
        )
        content = answer.data
        if embedded and request.method == "GET":
            content = self._analysis.from_engine(plain_path, content)
        if embedded and plain_path.endswith("/_search"):
            content = self._analysis.mend_highlights(body, content)
        return Answer(
            answer.status,
            content,
            answer.headers.get("Content-Type", "text/plain"),
            "" if embedded else answer.headers.get("Content-Encoding", ""),
        )


def _policies_of(user_arn: str) -> list[str]:
    """Give the inline policies of a user, if IAM has it."""
    _, _, _, _, account_id, user = user_arn.split(":")
    users = iam_backends[account_id]["aws"].users.values()
    return [
        policy for each in users if each.name == user.rpartition("/")[2] for policy in each.policies.values()
    ]


def _is_head(environ: "WSGIEnvironment") -> bool:
    """Whether a request asks for an answer without a body."""
    return bool(environ["REQUEST_METHOD"] == "HEAD")


def _headers(environ: "WSGIEnvironment") -> dict[str, str]:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


def _is_gzip(request: SignedRequest) -> bool:
    return request.headers.get("content-encoding", "").lower() == "gzip"


def _max_body_bytes(domain: OpenSearchDomain) -> int:
    return max_body_bytes(domain.cluster_config["InstanceType"])


def _damaged(body: bytes, *, cut: bool) -> bytes:
    middle = len(body) // 2
    return body[:middle] + (b"" if cut else bytes([body[middle] ^ 0xFF]) + body[middle + 1 :])


def _json(status: int, content: Any) -> Answer:
    return Answer(status, json.dumps(content).encode())


def _text(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), "text/plain")
