"""The story of the stolen key is told, in order, once."""

import gzip
import json
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import pytest

from tests.log_generator import generate_logs, story_for

START = datetime(2024, 5, 6, tzinfo=UTC)
STORY = story_for(7, "111122223333")


def records(**arguments: Any) -> list[dict[str, Any]]:
    logs = generate_logs(seed=7, start=START, **arguments)
    return [record for log in logs for record in json.loads(gzip.decompress(log.body))["Records"]]


@pytest.mark.parametrize(
    "arguments",
    [
        {"logs": 80},
        {"logs": 2},
        {"logs": 1},
        {"logs": 12, "records_per_log": 2},
        {"logs": 81, "duplicates": 0.5},
    ],
)
def test_the_story_is_told_in_order(arguments: dict[str, Any]) -> None:
    thief = [r for r in records(**arguments) if r.get("sourceIPAddress") == STORY.unusual_address]
    distinct = {record["eventID"]: record for record in thief}
    assert [record["eventName"] for record in sorted(distinct.values(), key=itemgetter("eventTime"))] == [
        "GetCallerIdentity",
        "ListBuckets",
        "ListUsers",
        "GetAccountAuthorizationDetails",
        "DescribeInstances",
        "ListSecrets",
        "DescribeOrganization",
        *["GetSecretValue"] * 3,
        "Decrypt",
        "GetParametersByPath",
        "AssumeRole",
        "PutUserPolicy",
        "CreateUser",
        "CreateAccessKey",
        "AttachUserPolicy",
        "GetCallerIdentity",
        "DescribeTrails",
        "StopLogging",
        "DeleteUserPolicy",
    ]


@pytest.fixture(scope="module")
def demo() -> list[dict[str, Any]]:
    return records(logs=80)


def test_the_stolen_key_is_refused_then_makes_a_user(demo: list[dict[str, Any]]) -> None:
    thief = [r for r in demo if r.get("sourceIPAddress") == STORY.unusual_address]
    stolen = [r for r in thief if r["userIdentity"]["accessKeyId"] == STORY.access_key_id]
    errors = [r["errorCode"] for r in stolen if "errorCode" in r]
    assert (errors.count("AccessDenied"), errors.count("Client.UnauthorizedOperation")) == (10, 1)
    assert all(STORY.user_name in r["errorMessage"] for r in stolen if "errorMessage" in r)
    (created,) = (r for r in stolen if r["eventName"] == "CreateAccessKey")
    assert created["responseElements"]["accessKey"]["accessKeyId"] == STORY.created_access_key_id


def test_the_trail_is_stopped_with_the_new_key(demo: list[dict[str, Any]]) -> None:
    (stopped,) = (record for record in demo if record.get("eventName") == "StopLogging")
    assert stopped["userIdentity"]["userName"] == STORY.created_user_name
    assert stopped["userIdentity"]["accessKeyId"] == STORY.created_access_key_id
    assert stopped["requestParameters"]["name"].endswith(f"trail/{STORY.trail_name}")
    assert stopped["readOnly"] is False


def test_the_owner_uses_the_key_from_the_usual_address(demo: list[dict[str, Any]]) -> None:
    uses = [r for r in demo if r.get("userIdentity", {}).get("accessKeyId") == STORY.access_key_id]
    assert {r["sourceIPAddress"] for r in uses} == {STORY.usual_address, STORY.unusual_address}


def test_without_the_story_nobody_calls_from_the_unusual_address() -> None:
    assert STORY.unusual_address not in {r.get("sourceIPAddress") for r in records(logs=80, story=False)}
