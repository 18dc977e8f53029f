"""Requests that are signed without a client of botocore's, against a server on this machine."""

import gzip
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

from trailsearch.aws import clients
from trailsearch.aws.clients import NO_ANSWER
from trailsearch.aws.signed_http import HttpAnswer, SignedHttp


class Server(ThreadingHTTPServer):
    """Answers what a test says, and remembers what it was sent, over how many connections."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.headers, self.body = 200, dict[str, str](), b"{}"
        self.sent: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline()
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.sent.append((self.command, self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        for name, value in {"Content-Length": str(len(self.server.body)), **self.server.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def http(server: Server) -> Iterator[SignedHttp]:
    # A session that another test made inside moto has moto's credentials.
    clients._session.cache_clear()
    clients.opensearch_domain.cache_clear()
    made = clients.opensearch_domain(server.url)
    yield made
    made._http.close()
    clients.opensearch_domain.cache_clear()


def test_what_is_sent_is_signed_for_the_service_and_the_region(server: Server, http: SignedHttp) -> None:
    answer = http.send("POST", "/_bulk", {"filter_path": "items.*.status"}, {"Content-Type": "a/b"}, b"body")
    assert answer == HttpAnswer(200, b"{}")
    ((method, path, headers, body),) = server.sent
    assert (method, path, body) == ("POST", "/_bulk?filter_path=items.%2A.status", b"body")
    assert headers["Content-Type"] == "a/b"
    signature = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=testing/\d{8}/us-east-1/es/aws4_request, SignedHeaders=(\S+), Signature=\w{64}",
        headers["Authorization"],
    )
    assert signature
    assert {"host", "x-amz-date", "content-type"} <= set(signature[1].split(";"))
    assert "accept-encoding" not in signature[1], "what is on the way may change it"


def test_connections_are_used_again(server: Server, http: SignedHttp) -> None:
    for _ in range(3):
        http.send("GET", "/")
    assert (len(server.sent), server.connections) == (3, 1)


def test_a_path_is_below_that_of_the_endpoint(server: Server) -> None:
    http = clients.opensearch_domain(f"{server.url}/search/d/")
    http.send("GET", "/a-*/_search")
    assert server.sent[0][:2] == ("GET", "/search/d/a-*/_search")
    http._http.close()


def test_an_endpoint_is_a_host_name_or_a_url() -> None:
    assert clients.opensearch_domain("search.example.com")._endpoint_url == "https://search.example.com"
    assert clients.opensearch_domain("http://127.0.0.1:1/d")._endpoint_url == "http://127.0.0.1:1/d"


@pytest.mark.parametrize("status", [301, 400, 413, 503])
def test_whatever_the_status_is_it_is_an_answer(server: Server, http: SignedHttp, status: int) -> None:
    server.status, server.body, server.headers = status, b"why", {"Location": "/elsewhere"}
    assert http.send("GET", "/") == HttpAnswer(status, b"why")
    assert len(server.sent) == 1


def test_an_answer_may_come_gzipped(server: Server, http: SignedHttp) -> None:
    server.body, server.headers = gzip.compress(b'{"a":1}'), {"Content-Encoding": "gzip"}
    assert http.send("GET", "/").body == b'{"a":1}'
    assert server.sent[0][2]["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize("length", [0, 5, 15, 25])
def test_a_gzipped_answer_that_is_damaged_is_no_answer(server: Server, http: SignedHttp, length: int) -> None:
    whole = gzip.compress(b'{"a":1}')
    server.body, server.headers = whole[:length] + b"\xff" * (30 - length), {"Content-Encoding": "gzip"}
    with pytest.raises(NO_ANSWER):
        http.send("GET", "/")


def test_an_answer_that_is_cut_short_is_no_answer(server: Server, http: SignedHttp) -> None:
    server.body, server.headers = b'{"a', {"Content-Length": "9", "Connection": "close"}
    with pytest.raises(NO_ANSWER):
        http.send("GET", "/")


def test_who_does_not_listen_gives_no_answer() -> None:
    with pytest.raises(NO_ANSWER):
        clients.opensearch_domain("http://127.0.0.1:1").send("GET", "/")


def test_the_time_outs_are_those_of_the_config() -> None:
    impatient: Any = clients.opensearch_domain("a", Config(connect_timeout=1, read_timeout=2))._http
    assert (impatient._timeout.connect_timeout, impatient._timeout.read_timeout) == (1, 2)


def test_without_credentials_nothing_is_sent(server: Server, http: SignedHttp) -> None:
    anonymous = SignedHttp(server.url, "es", "us-east-1", None, http._http)
    with pytest.raises(NoCredentialsError):
        anonymous.send("GET", "/")
    assert not server.sent


def test_without_a_region_there_is_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    clients._session.cache_clear()
    try:
        with pytest.raises(clients.AwsNotConfigured, match="No Region: set AWS_REGION"):
            clients.opensearch_domain("without-region.example.com")
    finally:
        clients._session.cache_clear()
