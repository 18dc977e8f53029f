"""Signatures, made by botocore as the product's are."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.local_cloud.process import ACCOUNT_ID
from tests.local_cloud.services.opensearch.signature import SignatureRefused, SignedRequest, verify

URL = "http://127.0.0.1:5000/opensearch/us-east-1/events"


def signed(
    path: str = "/_bulk",
    body: bytes = b"{}\n",
    service: str = "es",
    region: str = "us-east-1",
    key: tuple[str, str] = ("local", "local"),
    headers: Mapping[str, str] | None = None,
) -> SignedRequest:
    request = AWSRequest("POST", URL + path, dict(headers or {}), body)
    SigV4Auth(Credentials(*key), service, region).add_auth(request)
    url = urlsplit(URL + path)
    sent = {name.lower(): value for name, value in request.headers.items()} | {"host": url.netloc}
    return SignedRequest("POST", url.path, url.query, sent, body)


def check(request: SignedRequest, now: datetime | None = None) -> str:
    return verify(request, "us-east-1", ACCOUNT_ID, now or datetime.now(UTC))


def test_a_signature_says_who_has_signed() -> None:
    assert check(signed()) == f"arn:aws:iam::{ACCOUNT_ID}:user/local"


@pytest.mark.parametrize(
    "path",
    [
        "/events-*/_search",
        "/events-%2A/_search",
        "/_bulk?filter_path=errors%2Citems.%2A.status&a=",
        "/_search?q=a%20b&allow=%2F~x",
    ],
)
def test_paths_and_queries_are_signed_as_botocore_does(path: str) -> None:
    assert check(signed(path, headers={"Content-Type": "application/x-ndjson"}))


@pytest.mark.parametrize("path", ["/_bulk?filter_path=errors,items.*.status", "/_search?q=a:b"])
def test_a_query_that_is_signed_unencoded_does_not_match(path: str) -> None:
    with pytest.raises(SignatureRefused, match="does not match the signature you provided"):
        check(signed(path))


def test_an_unsigned_request_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="Missing Authentication Token"):
        check(signed()._replace(headers={"host": "127.0.0.1"}))


def test_another_service_or_region_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="scoped to correct service: 'es'"):
        check(signed(service="aoss"))
    with pytest.raises(SignatureRefused, match="scoped to a valid region"):
        check(signed(region="eu-west-1"))


@pytest.mark.parametrize(
    "change", [{"body": b"{ }\n"}, {"path": "/other"}, {"method": "PUT"}, {"query": "a=1"}]
)
def test_a_request_that_was_changed_after_it_was_signed_does_not_match(change: dict[str, Any]) -> None:
    with pytest.raises(SignatureRefused, match="does not match the signature you provided"):
        check(signed()._replace(**change))


def test_a_wrong_secret_does_not_match() -> None:
    with pytest.raises(SignatureRefused, match="does not match the signature you provided"):
        check(signed(key=("local", "other")))


def test_an_old_signature_has_expired() -> None:
    with pytest.raises(SignatureRefused, match="Signature expired"):
        check(signed(), datetime.now(UTC) + timedelta(minutes=6))


def test_a_malformed_header_is_refused() -> None:
    request = signed()
    with pytest.raises(SignatureRefused, match="requires 'Credential'"):
        check(request._replace(headers={**request.headers, "authorization": "Basic eDp5"}))
