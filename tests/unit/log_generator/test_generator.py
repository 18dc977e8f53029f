"""What the consumers of generated logs rely on."""

import gzip
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.log_generator import GeneratedLog, generate_logs

START = datetime(2014, 9, 1, tzinfo=UTC)
KEY = re.compile(
    r"AWSLogs/(?P<account>\d{12})/(?P<folder>CloudTrail(?:-Insight|-NetworkActivity)?)/(?P<region>[a-z0-9-]+)/"
    r"(?P<date>\d{4}/\d{2}/\d{2})/"
    r"(?P=account)_(?P=folder)_(?P=region)_(?P<time>\d{8}T\d{4}Z)_[A-Za-z0-9]{16}\.json\.gz"
)
CATEGORIES = {
    "CloudTrail": {"Management", "Data"},
    "CloudTrail-Insight": {"Insight"},
    "CloudTrail-NetworkActivity": {"NetworkActivity"},
}


def text_of(log: GeneratedLog) -> str:
    return gzip.decompress(log.body).decode()


def records_of(logs: Iterable[GeneratedLog]) -> list[dict[str, Any]]:
    return [record for log in logs for record in json.loads(text_of(log))["Records"]]


@pytest.fixture(scope="module")
def demo() -> list[GeneratedLog]:
    return list(generate_logs(seed=1, logs=80, start=START))


@pytest.fixture(scope="module")
def records(demo: list[GeneratedLog]) -> list[dict[str, Any]]:
    return records_of(demo)


def test_equal_arguments_give_equal_bytes(demo: list[GeneratedLog]) -> None:
    assert list(generate_logs(seed=1, logs=80, start=START)) == demo


def test_another_seed_gives_other_events(demo: list[GeneratedLog]) -> None:
    other = generate_logs(seed=2, logs=80, start=START)
    assert not {i for log in other for i in log.event_ids} & {i for log in demo for i in log.event_ids}


def test_the_gzip_header_has_no_time(demo: list[GeneratedLog]) -> None:
    assert {log.body[4:8] for log in demo} == {bytes(4)}


def test_logs_come_one_by_one() -> None:
    logs = generate_logs(seed=1, logs=10**9, start=START, duration=timedelta(days=365))
    assert len(list(itertools.islice(logs, 3))) == 3


def test_the_key_says_what_is_in_the_log(demo: list[GeneratedLog]) -> None:
    for log in demo:
        match = KEY.fullmatch(log.key)
        assert match, log.key
        delivered = datetime.strptime(match["time"], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
        assert match["date"] == f"{delivered:%Y/%m/%d}"
        for record in records_of([log]):
            assert record["recipientAccountId"] == match["account"]
            assert record["awsRegion"] == match["region"]
            assert record["eventCategory"] in CATEGORIES[match["folder"]]
            happened = datetime.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            assert delivered - timedelta(minutes=5) <= happened < delivered


def test_keys_are_distinct(demo: list[GeneratedLog]) -> None:
    assert len({log.key for log in demo}) == len(demo)


def test_the_log_tells_its_records(demo: list[GeneratedLog]) -> None:
    for log in demo:
        event_ids = tuple(record["eventID"] for record in records_of([log]))
        assert (log.record_count, log.event_ids) == (len(event_ids), event_ids)


def test_the_json_is_written_as_cloudtrail_writes_it(demo: list[GeneratedLog]) -> None:
    for log in demo:
        text = text_of(log)
        assert not set("=<>&'\n") & set(text)
        as_gson = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
        for character in "=<>&'":
            as_gson = as_gson.replace(character, f"\\u{ord(character):04x}")
        assert text == as_gson


def test_record_sizes_are_like_real_ones() -> None:
    (log,) = generate_logs(seed=4, logs=1, start=START, records_per_log=10_000)
    texts = (json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records_of([log]))
    sizes = sorted(len(text.encode()) for text in texts)
    # 4,889 real records: mean 1,239, median 1,188, p99 2,382, largest 5,402.
    assert 1100 <= sum(sizes) / len(sizes) <= 1350
    assert 1050 <= sizes[5_000] <= 1300
    assert 2000 <= sizes[9_900] <= 2600
    assert 5000 <= sizes[-1] <= 10_000


def test_logs_are_small_with_a_long_tail() -> None:
    counts = sorted(log.record_count for log in generate_logs(seed=4, logs=600, start=START))
    assert 5 <= counts[300] <= 20
    assert counts[0] == 1
    assert 300 <= counts[-1] <= 900


def test_a_demo_has_some_two_thousand_records(records: list[dict[str, Any]]) -> None:
    assert 2000 <= len(records) <= 6000


def test_every_kind_of_identity_appears(records: list[dict[str, Any]]) -> None:
    types = {record.get("userIdentity", {}).get("type") for record in records}
    assert types == {
        "IAMUser",
        "AssumedRole",
        "AWSService",
        "AWSAccount",
        "Root",
        "IdentityCenterUser",
        "WebIdentityUser",
        "SAMLUser",
        "FederatedUser",
        None,
    }


def test_every_kind_of_event_appears(records: list[dict[str, Any]]) -> None:
    kinds = {(record["eventCategory"], record["eventType"]) for record in records}
    assert kinds == {
        ("Management", "AwsApiCall"),
        ("Management", "AwsServiceEvent"),
        ("Management", "AwsConsoleSignIn"),
        ("Data", "AwsApiCall"),
        ("NetworkActivity", "AwsVpceEvent"),
        ("Insight", "AwsCloudTrailInsight"),
    }


def test_many_services_accounts_regions_and_errors_appear(records: list[dict[str, Any]]) -> None:
    def distinct(field: str) -> set[str]:
        return {record[field] for record in records if field in record}

    assert len(distinct("eventSource")) >= 15
    assert len(distinct("eventName")) >= 40
    assert len(distinct("recipientAccountId")) == 4
    assert len(distinct("awsRegion")) == 5
    assert {"AccessDenied", "ThrottlingException", "Client.UnauthorizedOperation"} <= distinct("errorCode")


def test_the_oddities_of_real_logs_appear(demo: list[GeneratedLog]) -> None:
    text = "".join(text_of(log) for log in demo)
    for oddity in ("Отчёты", "会議資料", "🚀", r"\\b \\\"quoted\\\"", "R\\u0026D \\u003c4711\\u003e"):
        assert oddity in text


def test_a_session_is_open_before_it_is_used(records: list[dict[str, Any]]) -> None:
    created = Counter[bool]()
    for record in records:
        attributes = record.get("userIdentity", {}).get("sessionContext", {}).get("attributes", {})
        if "creationDate" in attributes:
            created[attributes["creationDate"] <= record["eventTime"]] += 1
    assert created[True] > 0
    assert created[False] == 0


def test_addresses_are_those_of_documentation_or_private(records: list[dict[str, Any]]) -> None:
    addresses = {record["sourceIPAddress"] for record in records if "sourceIPAddress" in record}
    numeric = {address for address in addresses if not address.endswith((".amazonaws.com", "AWS Internal"))}
    assert numeric
    for address in numeric:
        assert address.startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:", "10."))


def test_event_ids_are_distinct(demo: list[GeneratedLog]) -> None:
    event_ids = [event_id for log in demo for event_id in log.event_ids]
    assert len(set(event_ids)) == len(event_ids)


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_duplicates_are_the_same_records_in_another_log(share: float) -> None:
    logs = list(generate_logs(seed=3, logs=80, start=START, duplicates=share))
    deliveries = Counter(event_id for log in logs for event_id in log.event_ids)
    assert set(deliveries.values()) == ({1, 2} if share < 1 else {2})
    repeated = sum(1 for times in deliveries.values() if times == 2)
    assert repeated / len(deliveries) == pytest.approx(share, abs=0.02)
    assert all(len(set(log.event_ids)) == log.record_count for log in logs)
    assert len({json.dumps(record) for record in records_of(logs)}) == len(deliveries)


def test_duplicates_are_in_logs_of_the_same_place_and_time() -> None:
    logs = list(generate_logs(seed=3, logs=40, start=START, duplicates=0.5))
    for first, second in zip(logs[::2], logs[1::2], strict=True):
        assert first.key.rpartition("_")[0] == second.key.rpartition("_")[0]


def test_a_given_number_of_records_is_that_of_every_log() -> None:
    logs = list(generate_logs(seed=1, logs=50, start=START, records_per_log=25, duplicates=0.3))
    assert {log.record_count for log in logs} == {25}
    assert {record["eventCategory"] for record in records_of(logs)} == {"Management", "Data"}


def test_each_log_can_have_a_number_of_records_of_its_own() -> None:
    logs = generate_logs(seed=1, logs=4, start=START, records_per_log=[3, 40, 1, 7], story=False)
    assert [log.record_count for log in logs] == [3, 40, 1, 7]


def test_the_second_of_a_pair_has_the_size_of_the_first() -> None:
    sizes = [3, 40, 10, 70]
    logs = generate_logs(seed=1, logs=4, start=START, records_per_log=sizes, duplicates=0.5, story=False)
    assert [log.record_count for log in logs] == [3, 3, 10, 10]


def test_the_query_of_the_demo_finds_something(records: list[dict[str, Any]]) -> None:
    assert all(record["eventTime"].startswith("2014-09-01T") for record in records)
    assert sum(record.get("eventSource") == "sqs.amazonaws.com" for record in records) >= 20


def test_logs_are_spread_over_the_duration() -> None:
    start = datetime(2024, 7, 31, 23, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    logs = list(generate_logs(seed=1, logs=24, start=start, duration=timedelta(hours=12), records_per_log=8))
    delivered = [log.key.rsplit("_", 2)[1] for log in logs]
    assert delivered[:3] == ["20240731T2105Z", "20240731T2135Z", "20240731T2205Z"]
    assert delivered[-1] == "20240801T0835Z"


def test_other_accounts_and_regions() -> None:
    logs = list(generate_logs(seed=1, logs=60, start=START, accounts=9, regions=("eu-north-1",)))
    places = {tuple(log.key.split("/")[1:4:2]) for log in logs}
    assert {region for _, region in places} == {"eu-north-1"}
    assert len(places) > 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": datetime(2014, 9, 1)}, "time zone"),  # noqa: DTZ001 - that is the mistake
        ({"logs": -1}, "logs is -1"),
        ({"duration": timedelta(minutes=4)}, "duration is 0:04:00"),
        ({"accounts": 0}, "an account"),
        ({"regions": ()}, "a region"),
        ({"records_per_log": 0}, "records_per_log is 0"),
        ({"logs": 2, "records_per_log": [5, 0]}, "records_per_log is 0"),
        ({"logs": 2, "records_per_log": [5]}, "has 1 numbers for 2 logs"),
        ({"duplicates": 1.5}, "duplicates is 1.5"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        generate_logs(**{"seed": 1, "logs": 1, "start": START, **arguments})


def test_global_services_record_their_events_in_one_region(records: list[dict[str, Any]]) -> None:
    sources = {"iam.amazonaws.com", "organizations.amazonaws.com"}
    places = {(r["eventSource"], r["awsRegion"]) for r in records if r.get("eventSource") in sources}
    assert places == {(source, "us-east-1") for source in sources}
