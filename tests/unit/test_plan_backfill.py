"""Plan Backfill and the steps beside it: what they ask of S3, keep, and answer."""

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plan_backfill import chosen, counted, handler
from tests.steps import ARN, LOGS, STAGING, LambdaContext, invoke
from trailsearch.contracts.backfill import Counted, PartRef, Planned, Scope
from trailsearch.contracts.errors import BackfillNotFound, LogsNotListed, SettingMissing
from trailsearch.workflow.backfill_store import BackfillStore, names

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAME = "20261126T221500Z"
SCOPE = {"first": "2026-01-01", "last": "2026-01-31"}
CONTEXT = LambdaContext(900)


@pytest.fixture(autouse=True)
def bucket(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> "S3Client":
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.setenv("LOG_BUCKETS", LOGS)
    monkeypatch.setenv("STAGING_BUCKET", STAGING)
    for number in range(7):
        key = f"AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/{number + 1:02}/{number}.json.gz"
        s3.put_object(Bucket=LOGS, Key=key, Body=b"123")
    return s3


def step(name: str, **asked: Any) -> Any:
    return invoke(handler, {name: {"backfill": NAME, **asked}, "execution": ARN}, CONTEXT)


def test_a_plan_is_found_listed_written_and_left(bucket: "S3Client") -> None:
    assert step("find", scope=SCOPE) == {"tasks": [0]}
    first = {"days": 0, "rounds": 0, "more": True}
    # January, and the first of February, whose folder may have events of January.
    assert step("plan", task=0, round=first) == {"days": 2, "rounds": 1, "more": False}
    plan = step("write", scope=SCOPE)
    assert plan["counted"] == {
        "logs": 7,
        "bytes": 21,
        "archived_logs": 0,
        "archived_bytes": 0,
        "parts": 1,
        "events": 7,
    }
    left = step("left")
    assert left == {"manifest": f"backfills/{NAME}/left/run-1.json", "parts": 1}
    (part,) = json.loads(bucket.get_object(Bucket=STAGING, Key=left["manifest"])["Body"].read())
    bucket.put_object(Bucket=STAGING, Key=f"backfills/{NAME}/done/{part['name']}", Body=b"")
    assert step("left")["parts"] == 0


def test_a_round_that_is_tried_again_writes_the_same_keys(bucket: "S3Client") -> None:
    step("find", scope=SCOPE)
    for _ in range(2):
        step("plan", task=0, round={"days": 0, "rounds": 0, "more": True})
    assert step("write", scope=SCOPE)["counted"]["logs"] == 7


def test_a_bucket_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_BUCKETS", "no-such-bucket")
    with pytest.raises(LogsNotListed, match=r"^s3://no-such-bucket/: NoSuchBucket"):
        step("find", scope=SCOPE)


def test_a_backfill_that_is_not_there_is_named() -> None:
    with pytest.raises(BackfillNotFound, match=f"backfills/{NAME}/parts.json: NoSuchKey"):
        step("left")


@pytest.mark.parametrize("name", ["", "../batches", "a/b", "a" * 41, "-a"])
def test_a_name_leads_to_no_other_folder(name: str) -> None:
    with pytest.raises(BackfillNotFound, match="letters, digits and hyphens"):
        invoke(handler, {"left": {"backfill": name}, "execution": ARN}, CONTEXT)


def test_without_its_buckets_it_says_which_setting_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOG_BUCKETS")
    with pytest.raises(SettingMissing, match="LOG_BUCKETS"):
        step("find", scope=SCOPE)


def test_only_buckets_of_the_environment_are_listed() -> None:
    def scope(*buckets: str) -> Scope:
        return Scope(first=date(2026, 1, 1), last=date(2026, 1, 31), buckets=buckets)

    assert chosen(scope(), {"b", "a"}) == ["a", "b"]
    assert chosen(scope("b"), {"b", "a"}) == ["b"]
    with pytest.raises(LogsNotListed, match=r"^c: no bucket that this environment reads logs from"):
        chosen(scope("a", "c"), {"b", "a"})


parts = st.builds(
    PartRef, st.text(max_size=5), st.integers(1, 500), st.integers(1, 10**9), st.integers(1, 10**7)
)
rounds = st.builds(Planned, st.lists(parts, max_size=5).map(tuple), st.integers(0, 9), st.integers(0, 9))


@given(st.lists(rounds, max_size=5))
def test_what_is_counted_is_the_sum_of_all_rounds(planned: list[Planned]) -> None:
    every = [part for each in planned for part in each.parts]
    assert counted(planned) == Counted(
        sum(part.logs for part in every),
        sum(part.bytes for part in every),
        sum(each.archived_logs for each in planned),
        sum(each.archived_bytes for each in planned),
        len(every),
        sum(part.events for part in every),
    )


def test_what_is_done_is_told_with_its_time_and_whether_something_is_dead_lettered(
    bucket: "S3Client",
) -> None:
    for key in ("a", "b.dead-lettered"):
        bucket.put_object(Bucket=STAGING, Key=f"backfills/{NAME}/done/{key}", Body=b"")
    done = BackfillStore(bucket, STAGING, NAME).done()
    assert {name: each.dead_lettered for name, each in done.items()} == {"a": False, "b": True}
    assert all((datetime.now(UTC) - each.time).total_seconds() < 60 for each in done.values())


def test_backfills_are_listed_by_their_names_the_latest_last(bucket: "S3Client") -> None:
    for name in ("20261126T221500Z", "20250101T000000Z"):
        bucket.put_object(Bucket=STAGING, Key=f"backfills/{name}/plan.json", Body=b"{}")
    assert names(bucket, STAGING) == ["20250101T000000Z", "20261126T221500Z"]
