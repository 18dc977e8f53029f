"""The logs of some days are found, whatever the layout of their bucket, and nothing else is listed."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailsearch.contracts.backfill import Days, Scope
from trailsearch.logs.log_folders import Page, StoredLog, find_aws_logs, find_logs, find_regions

FIRST, LAST = date(2025, 12, 30), date(2026, 1, 2)
ACCOUNT, OTHER = "111122223333", "444455556666"
LAYOUTS = {
    "a trail": "AWSLogs/{account}",
    "a trail with a prefix": "audit/AWSLogs/{account}",
    "a trail with a prefix of several folders": "security/trails/eu/AWSLogs/{account}",
    "an organization trail": "AWSLogs/o-a1b2c3d4e5/{account}",
    "Control Tower since landing zone 3.0": "o-a1b2c3d4e5/AWSLogs/o-a1b2c3d4e5/{account}",
    "Control Tower before": "o-a1b2c3d4e5/AWSLogs/{account}",
}


class FakeBucket:
    """A bucket of keys, which hands out pages of a few objects and writes down what it is asked for."""

    def __init__(self, keys: Iterable[str], per_page: int = 3) -> None:
        self.keys = sorted(keys)
        self.per_page = per_page
        self.listed: list[str] = []

    def folders(self, prefix: str) -> list[str]:
        self.listed.append(prefix)
        inner = (key[len(prefix) :] for key in self.keys if key.startswith(prefix))
        return sorted({f"{prefix}{rest.partition('/')[0]}/" for rest in inner if "/" in rest})

    def page(self, prefix: str, token: str | None) -> Page:
        self.listed.append(prefix)
        keys = [key for key in self.keys if key.startswith(prefix)]
        begin = int(token or 0)
        end = begin + self.per_page
        objects = [StoredLog(key, len(key), archived=False) for key in keys[begin:end]]
        return Page(objects, str(end) if end < len(keys) else None)


def log(folder: str, region: str, day: date, name: str = "a", service: str = "CloudTrail") -> str:
    return f"{folder}/{service}/{region}/{day:%Y/%m/%d}/{name}.json.gz"


def found(bucket: FakeBucket, scope: Scope) -> list[str]:
    regions = find_regions(bucket, scope)
    return [
        each.key
        for each in find_logs(
            bucket, (Days("logs", each, scope.first, scope.last_folder) for each in regions)
        )
    ]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_the_logs_of_every_layout_are_found(layout: str) -> None:
    keys = [
        log(layout.format(account=account), region, day)
        for account in (ACCOUNT, OTHER)
        for region in ("us-east-1", "eu-west-3")
        for day in (FIRST, LAST)
    ]
    assert sorted(found(FakeBucket(keys), Scope(first=FIRST, last=LAST))) == sorted(keys)


@pytest.mark.parametrize(
    "prefix", ["security/trails", "security/trails/", "/security/trails/AWSLogs/".lstrip("/")]
)
def test_a_prefix_that_is_named_is_the_only_one(prefix: str) -> None:
    wanted = log(f"security/trails/AWSLogs/{ACCOUNT}", "us-east-1", FIRST)
    other = log(f"AWSLogs/{ACCOUNT}", "us-east-1", FIRST)
    bucket = FakeBucket([wanted, other])
    assert found(bucket, Scope(first=FIRST, last=LAST, prefix=prefix)) == [wanted]
    assert all(listed.startswith("security/trails/") for listed in bucket.listed)


def test_only_the_accounts_and_regions_that_are_named_are_listed() -> None:
    keys = [
        log(f"AWSLogs/{account}", region, FIRST)
        for account in (ACCOUNT, OTHER)
        for region in ("us-east-1", "eu-west-3")
    ]
    bucket = FakeBucket(keys)
    scope = Scope(first=FIRST, last=LAST, accounts=(OTHER,), regions=("eu-west-3",))
    assert found(bucket, scope) == [log(f"AWSLogs/{OTHER}", "eu-west-3", FIRST)]
    assert not [listed for listed in bucket.listed if f"{ACCOUNT}/" in listed or "us-east-1/" in listed]


def test_insights_are_found_and_digest_files_and_other_objects_are_not() -> None:
    folder = f"AWSLogs/{ACCOUNT}"
    insight = log(folder, "us-east-1", FIRST, service="CloudTrail-Insight")
    others = [
        log(folder, "us-east-1", FIRST, service="CloudTrail-Digest"),
        f"{folder}/Config/us-east-1/2026/1/1/ConfigHistory/a.json.gz",
        f"{folder}/CloudTrail/us-east-1/2026/01/01/",
        f"{folder}/CloudTrail/us-east-1/2026/01/01/a.json",
        f"{folder}/vpcflowlogs/us-east-1/2026/01/01/a.log.gz",
        "AWSLogs/elsewhere/CloudTrail/us-east-1/2026/01/01/a.json.gz",
    ]
    bucket = FakeBucket([insight, *others])
    assert found(bucket, Scope(first=FIRST, last=LAST)) == [insight]
    assert not [listed for listed in bucket.listed if "vpcflowlogs" in listed or "Config" in listed]


def test_days_that_are_not_wanted_are_never_listed() -> None:
    folder = f"AWSLogs/{ACCOUNT}"
    days = [FIRST + timedelta(days) for days in range(-400, 400)]
    bucket = FakeBucket(log(folder, "us-east-1", day) for day in days)
    scope = Scope(first=FIRST, last=LAST)
    wanted = [day for day in days if FIRST <= day <= LAST + timedelta(1)]
    assert found(bucket, scope) == [log(folder, "us-east-1", day) for day in wanted]
    # AWSLogs/ is looked for, then account, service, Region, two years, two months, and the days themselves.
    assert len(bucket.listed) <= 10 + len(wanted) + 4


def test_where_nobody_has_named_the_prefix_not_every_folder_is_looked_into() -> None:
    bucket = FakeBucket(f"data/{number}/a" for number in range(3_000))
    assert list(find_aws_logs(bucket, "")) == []
    assert len(bucket.listed) == 1_000


days = st.dates(date(2024, 1, 1), date(2026, 12, 31))


@given(
    st.lists(st.tuples(st.sampled_from(sorted(LAYOUTS.values())), days, st.integers(0, 30)), max_size=60),
    days,
    st.integers(0, 500),
    st.integers(1, 7),
)
def test_exactly_the_logs_of_the_days_are_found_each_once_however_the_bucket_is_paged(
    logs: list[tuple[str, date, int]], first: date, more: int, per_page: int
) -> None:
    scope = Scope(first=first, last=first + timedelta(more))
    keys = {
        log(layout.format(account=ACCOUNT), "us-east-1", day, f"{number:02}"): day
        for layout, day, number in logs
    }
    wanted = sorted(key for key, day in keys.items() if scope.first <= day <= scope.last + timedelta(1))
    assert sorted(found(FakeBucket(keys, per_page), scope)) == wanted


def test_no_more_pages_are_held_than_are_listed_ahead() -> None:
    """A day of a million logs is a thousand pages, of which some are in memory at a time."""

    class Endless(FakeBucket):
        pages = 0

        def page(self, prefix: str, token: str | None) -> Page:
            self.pages += 1
            number = int(token or 0)
            objects = [StoredLog(f"{prefix}{number}-{at}.json.gz", 1, archived=False) for at in range(1_000)]
            return Page(objects, str(number + 1))

    bucket = Endless([log(f"AWSLogs/{ACCOUNT}", "us-east-1", FIRST + timedelta(day)) for day in range(3)])
    logs = find_logs(bucket, [Days("logs", f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/", FIRST, LAST)])
    for _ in range(50_000):
        next(logs)
    assert bucket.pages <= 50 + 3


@pytest.mark.parametrize("account", ["1", "11112222333x", "1111222233334"])
def test_what_is_no_account_is_refused(account: str) -> None:
    with pytest.raises(ValueError, match=account):
        Scope(first=FIRST, last=LAST, accounts=(account,))


def test_a_last_day_before_the_first_is_refused() -> None:
    with pytest.raises(ValueError, match="which is before"):
        Scope(first=LAST, last=FIRST)
