"""Who is answered, and with what."""

import pytest
from starlette.testclient import TestClient

from tests.unit.page.conftest import ADDRESS, PORT, TOKEN, Behind

JSON = {"Content-Type": "application/json", "Origin": ADDRESS}
REDRIVE = '{"ids": "all"}'


def test_the_link_lets_a_browser_in_and_its_token_leaves_the_address(stranger: TestClient) -> None:
    entered = stranger.get("/", params={"token": TOKEN, "since": "-24h"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/?since=-24h")
    cookie = entered.headers["set-cookie"]
    assert f"trailsearch-{PORT}=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert stranger.get("/").status_code in {200, 404}
    assert stranger.get("/api/environment").status_code == 200


@pytest.mark.parametrize("path", ["//attacker.example/", "/\\attacker.example", "/api/search"])
def test_the_link_leads_to_this_server_alone(stranger: TestClient, path: str) -> None:
    entered = stranger.get(f"{ADDRESS}{path}", params={"token": TOKEN})
    assert entered.headers["location"] == "/"


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], f"{TOKEN}x", "é"])
@pytest.mark.parametrize(
    "path", ["/", "/api/environment", "/api/search", "/api/export?format=csv", "/app.js"]
)
def test_nobody_else_is_let_in(stranger: TestClient, path: str, token: str) -> None:
    assert stranger.get(path, params={"token": token} if token else {}).status_code in {401, 422}
    assert "set-cookie" not in stranger.get(path).headers


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example",
        f"attacker.example:{PORT}",
        "127.0.0.1",
        "127.0.0.1:80",
        f"127.0.0.1:{PORT}.example",
    ],
)
def test_a_name_that_somebody_leads_here_is_refused(page: TestClient, host: str) -> None:
    assert page.get("/api/environment", headers={"Host": host}).status_code == 421
    assert page.get("/", params={"token": TOKEN}, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Content-Type": "application/json"}, 403),
        (JSON | {"Origin": "https://attacker.example"}, 403),
        (JSON | {"Origin": "null"}, 403),
        (JSON | {"Origin": f"http://127.0.0.1:{PORT + 1}"}, 403),
        (JSON | {"Content-Type": "text/plain"}, 415),
        (JSON | {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (JSON | {"Content-Type": "application/json; charset=utf-8"}, 200),
        (JSON | {"Origin": f"http://localhost:{PORT}"}, 200),
    ],
)
def test_only_the_page_itself_can_do_something(
    page: TestClient, behind: Behind, headers: dict[str, str], status: int
) -> None:
    assert page.post("/api/redrive", content=REDRIVE, headers=headers).status_code == status
    assert len(behind.redriven) == (status == 200)


def test_to_do_something_is_no_get(page: TestClient, behind: Behind) -> None:
    assert page.get("/api/redrive", params={"ids": "all"}).status_code in {404, 405}
    assert page.put("/api/redrive", content=REDRIVE, headers=JSON).status_code in {404, 405}
    assert not behind.redriven


@pytest.mark.parametrize("path", ["/", "/api/environment", "/api/nothing", "/api/search?sort=x"])
def test_every_answer_forbids_what_a_page_does_not_need(page: TestClient, path: str) -> None:
    headers = page.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_the_refusal_forbids_it_too(stranger: TestClient) -> None:
    assert "default-src 'none'" in stranger.get("/").headers["content-security-policy"]
