"""Which requests an access policy allows."""

import json
from typing import Any

import pytest

from tests.local_cloud.services.opensearch.access_policy import refusal

DOMAIN = "arn:aws:es:us-east-1:123456789012:domain/events"
USER = "arn:aws:iam::123456789012:user/local"
SEARCH: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:role/searcher"},
    "Action": ["es:ESHttpGet", "es:ESHttpPost"],
    "Resource": [f"{DOMAIN}/events-*/_search", f"{DOMAIN}/events-*/_count"],
}


def refused(method: str, path: str, *statements: dict[str, Any]) -> str | None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return refusal(policy, USER, method, DOMAIN + path)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/events-*/_search"), ("POST", "/events-2026.11/_count")]
)
def test_what_a_statement_names_is_allowed(method: str, path: str) -> None:
    assert refused(method, path, SEARCH) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/events-*/_search"),
        ("POST", "/_search"),
        ("POST", "/events-2026.11/_search/other"),
        ("POST", "/_bulk"),
    ],
)
def test_another_method_or_path_is_refused_in_the_words_of_aws(method: str, path: str) -> None:
    action = f"es:ESHttp{method.capitalize()}"
    assert refused(method, path, SEARCH) == (
        f"User: {USER} is not authorized to perform: {action} because no resource-based policy allows the {action} action"
    )


def test_a_denial_is_stronger() -> None:
    deny = SEARCH | {"Effect": "Deny", "Principal": "*", "Action": "es:*"}
    assert "explicit deny" in (refused("GET", "/events-*/_search", SEARCH, deny) or "")


def test_a_statement_for_a_service_or_with_an_unknown_condition_is_for_nobody_here() -> None:
    assert refused("GET", "/events-*/_search", SEARCH | {"Principal": {"Service": "es.amazonaws.com"}})
    condition = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    assert refused("GET", "/events-*/_search", SEARCH | {"Condition": condition})


def test_a_statement_may_name_what_it_is_not_about() -> None:
    others = {"Effect": "Allow", "Principal": "*", "NotAction": "es:ESHttpDelete", "Resource": f"{DOMAIN}/*"}
    assert refused("GET", "/_cat/indices", others) is None
    assert refused("DELETE", "/events-2026.11", others)


def test_a_domain_without_a_policy_leaves_it_to_iam() -> None:
    assert refusal("", USER, "DELETE", f"{DOMAIN}/events-2026.11") is None


def test_a_policy_of_the_user_allows_as_well_and_denies() -> None:
    def asked(effect: str) -> str | None:
        statement = {"Effect": effect, "Action": "es:ESHttpDelete", "Resource": f"{DOMAIN}/*/_doc/mine-*"}
        of_user = json.dumps({"Version": "2012-10-17", "Statement": statement})
        policy = json.dumps({"Version": "2012-10-17", "Statement": [SEARCH]})
        return refusal(policy, USER, "DELETE", f"{DOMAIN}/events-2026.11/_doc/mine-1", [of_user])

    assert asked("Allow") is None
    assert "explicit deny" in (asked("Deny") or "")
