"""Real logs, notifications and odd objects through the three steps, as the state machine runs them."""

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest

import fetch_logs
import index_batch
import split_records
from tests.conftest import REPOSITORY
from tests.steps import ARN, LOGS, FakeIndex, LambdaContext, event, invoke, log_of, redrive
from tests.unit.upload_rules import assert_obeys
from trailsearch.contracts.messages import DeadLetter
from trailsearch.events.documents import build_document
from trailsearch.search.cloudsearch.batches import CloudSearchFormat, record_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EXAMPLE_BUCKET = "your-bucket-name"


class Outcome(NamedTuple):
    """What became of one execution."""

    counts: dict[str, Any]
    dead_letters: list[dict[str, Any]]
    batches: list[dict[str, Any]]
    documents: int


class Workflow:
    """The state machine, as far as nothing has to be retried or caught."""

    def __init__(self, s3: "S3Client", index: FakeIndex, context: LambdaContext) -> None:
        self.s3, self.index, self.context = s3, index, context
        self.executions = 0

    def run(self, *bodies: str) -> Outcome:
        self.executions += 1
        arn = ARN.replace("run-1", f"run-{self.executions}")
        messages = [{"messageId": f"m-{n}", "body": body} for n, body in enumerate(bodies)]
        work = invoke(fetch_logs.handler, {"messages": messages, "execution": arn}, self.context)
        counts = work.pop("counts")
        if work["records"]:
            work = invoke(split_records.handler, work | {"execution": arn}, self.context)
            counts |= work.pop("counts")
        indexed = [
            invoke(index_batch.handler, {"batch": batch, "execution": arn}, self.context)
            for batch in work["batches"]
        ]
        dead_letters = [*work["dead_letters"], *(letter for one in indexed for letter in one["dead_letters"])]
        return Outcome(counts, dead_letters, work["batches"], sum(one["documents"] for one in indexed))


@pytest.fixture
def workflow(
    s3: "S3Client", index: FakeIndex, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> Workflow:
    s3.create_bucket(Bucket=EXAMPLE_BUCKET)
    monkeypatch.setenv("LOG_BUCKETS", f"{LOGS},{EXAMPLE_BUCKET}")
    return Workflow(s3, index, context)


def objects(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The key and the body of every object of a bucket that is kept as a folder."""
    for path in sorted(folder.rglob("*.json.gz")):
        yield path.relative_to(folder).as_posix(), path.read_bytes()


def records_of(body: bytes) -> list[Any]:
    return list(json.loads(gzip.decompress(body))["Records"])


def object_created(key: str) -> str:
    detail = {"bucket": {"name": LOGS}, "object": {"key": key}}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})


def in_tens(items: Sequence[str]) -> Iterator[Sequence[str]]:
    """As the Pipe delivers messages in production."""
    return (items[at : at + 10] for at in range(0, len(items), 10))


def test_every_event_of_the_real_logs_becomes_one_document(workflow: Workflow, cloudtrail_data: Path) -> None:
    expected = {}
    bodies = []
    for key, body in objects(cloudtrail_data / "logs"):
        workflow.s3.put_object(Bucket=LOGS, Key=key, Body=body)
        bodies.append(json.dumps({"s3Bucket": LOGS, "s3ObjectKey": [key]}))
        expected.update({record["eventID"]: record for record in records_of(body)})
    outcomes = [workflow.run(*ten) for ten in in_tens(bodies)]
    assert not [letter for outcome in outcomes for letter in outcome.dead_letters]
    assert len(expected) == 4_889
    assert sum(outcome.documents for outcome in outcomes) == 4_889
    assert len(outcomes) == len(workflow.index.uploads) == 10  # far from full: one batch for each execution
    assert workflow.index.documents.keys() == expected.keys()
    for upload in workflow.index.uploads:
        assert len(upload) <= 5_000_000
        for document in CloudSearchFormat().split(upload):
            add = assert_obeys(document.body)
            assert json.loads(record_of(add["fields"]["raw"])) == expected[add["id"]]
            assert add["fields"]["event_time"] == expected[add["id"]]["eventTime"]
            assert add["fields"]["event_name"] == expected[add["id"]]["eventName"]


def test_most_writes_that_name_no_resources_have_the_names_of_some(cloudtrail_data: Path) -> None:
    records = [record for _, body in objects(cloudtrail_data / "logs") for record in records_of(body)]
    writes = [record for record in records if record["readOnly"] is False and not record.get("resources")]
    names = [
        build_document(json.dumps(record).encode(), "s3://logs/log").fields.resource_names
        for record in writes
    ]
    assert len(writes) > 600
    assert sum(map(bool, names)) / len(writes) >= 0.85


def test_all_real_logs_in_one_execution_fill_their_batches(workflow: Workflow, cloudtrail_data: Path) -> None:
    keys = []
    for key, body in objects(cloudtrail_data / "logs"):
        workflow.s3.put_object(Bucket=LOGS, Key=key, Body=body)
        keys.append(key)
    outcome = workflow.run(json.dumps({"s3Bucket": LOGS, "s3ObjectKey": keys}))
    assert not outcome.dead_letters
    assert len(workflow.index.documents) == outcome.documents == 4_889
    *full, last = [batch["bytes"] for batch in outcome.batches]
    assert full
    assert all(4_900_000 < size <= 5_000_000 for size in full)
    assert last <= 5_000_000


IGNORED = {
    "cloudtrail-sns-digest-key": {"digest_file": 1},
    "cloudtrail-sns-validation": {"validation_message": 1},
    "s3-event-two-records-one-digest": {"digest_file": 1},
    "s3-testevent-direct": {"test_event": 1},
    "s3-testevent-through-sns": {"test_event": 1},
    "sns-subscription-confirmation": {"subscription_confirmation": 1},
}
FOLDER = "AWSLogs/123456789012/CloudTrail/us-east-2/2016/08/11/123456789012_CloudTrail_us-east-2_20160811"
LATE = f"{FOLDER}T2215Z_kpaMYavMQA9Ahp7L.json.gz"
THREE = [LATE, f"{FOLDER}T2210Z_zqDkyQv3TK8ZdLr0.json.gz", f"{FOLDER}T2205Z_jaMVRa6JfdLCJYHP.json.gz"]
ONE = (
    "AWSLogs/123456789012/CloudTrail/us-east-2/2013/12/13"
    "/123456789012_CloudTrail_us-west-2_20131213T1920Z_LnPgDQnpkSKEsppV.json.gz"
)
ANNOUNCED: dict[str, list[str]] = {
    "cloudtrail-raw-delivery": THREE,
    "cloudtrail-sns-one-key": [ONE],
    "cloudtrail-sns-three-keys": THREE,
    "eventbridge-s3-object-created": [LATE],
    "s3-event-direct-to-sqs": [LATE],
    "s3-event-through-sns": [LATE],
    "s3-event-two-records-one-digest": [LATE],
    "s3-event-urlencoded-key": [f"my/prefix with space/{LATE}"],
}
ALL_KEYS = sorted({key for keys in ANNOUNCED.values() for key in keys})


@pytest.fixture
def example_logs(workflow: Workflow, cloudtrail_data: Path) -> dict[str, set[str]]:
    """Real logs under the keys that the notifications announce: the event ids by key."""
    logs = {}
    bodies = (body for _, body in objects(cloudtrail_data / "logs"))
    for key, body in zip(ALL_KEYS, bodies, strict=False):
        workflow.s3.put_object(Bucket=EXAMPLE_BUCKET, Key=key, Body=body)
        logs[key] = {record["eventID"] for record in records_of(body)}
    return logs


@pytest.mark.parametrize("name", sorted(ANNOUNCED.keys() | IGNORED.keys()))
def test_a_real_notification_makes_its_logs_searchable(
    workflow: Workflow, example_logs: dict[str, set[str]], cloudtrail_data: Path, name: str
) -> None:
    outcome = workflow.run((cloudtrail_data / "notifications" / f"{name}.json").read_text())
    expected = [event_id for key in ANNOUNCED.get(name, ()) for event_id in example_logs[key]]
    assert sorted(workflow.index.documents) == sorted(expected)
    assert outcome.documents == len(expected)
    assert outcome.counts.get("ignored", {}) == IGNORED.get(name, {})
    assert not outcome.dead_letters


def test_all_real_notifications_in_one_execution(
    workflow: Workflow, example_logs: dict[str, set[str]], cloudtrail_data: Path
) -> None:
    paths = sorted((cloudtrail_data / "notifications").glob("*.json"))
    assert {path.stem for path in paths} == ANNOUNCED.keys() | IGNORED.keys()
    outcome = workflow.run(*(path.read_text() for path in paths))
    assert workflow.index.documents.keys() == set().union(*example_logs.values())
    assert not outcome.dead_letters


def test_a_real_notification_of_logs_that_are_gone_is_redriven_once_they_are_back(
    workflow: Workflow, cloudtrail_data: Path
) -> None:
    body = (cloudtrail_data / "notifications" / "cloudtrail-raw-delivery.json").read_text()
    outcome = workflow.run(body)
    assert [letter["error"]["Cause"] for letter in outcome.dead_letters] == [
        f"s3://{EXAMPLE_BUCKET}/{key}: NoSuchKey The specified key does not exist." for key in THREE
    ]
    for key, (_, log) in zip(THREE, objects(cloudtrail_data / "logs"), strict=False):
        workflow.s3.put_object(Bucket=EXAMPLE_BUCKET, Key=key, Body=log)
    letters = [msgspec.convert(letter, DeadLetter) for letter in outcome.dead_letters]
    again = workflow.run(*(redrive(letter).body for letter in letters))
    assert not again.dead_letters
    assert again.documents == len(workflow.index.documents) > 0


# A part of the key of each odd object, and how many documents it gives or why it is ignored.
ODD_OBJECTS: dict[str, int | str] = {
    "CloudTrail-Digest/us-east-2/2015/08/17/": "digest_file",
    "CloudTrail-Digest/us-east-2/2015/08/20/": "digest_file",
    "CloudTrail-Insight/us-east-1/2019/": 2,
    "CloudTrail-Insight/us-east-1/2020/": 1,
    "AWSLogs/o-exampleorgid/": 1,
    "my/prefix with space/AWSLogs/": 1,
    "_0000000000000000": 0,
    "_1vnLavRRp0ek1mP4": 2,
    "_KPkv8jvndVwJnWl4": 1,
}


@pytest.mark.parametrize("part", ODD_OBJECTS)
@pytest.mark.parametrize(
    "announce", [object_created, lambda key: json.dumps({"s3Bucket": LOGS, "s3ObjectKey": [key]})]
)
def test_an_odd_object_is_handled_as_the_design_says(
    workflow: Workflow, cloudtrail_data: Path, part: str, announce: Any
) -> None:
    ((key, body),) = [(key, body) for key, body in objects(cloudtrail_data / "odd-objects") if part in key]
    workflow.s3.put_object(Bucket=LOGS, Key=key, Body=body)
    outcome = workflow.run(announce(key))
    assert not outcome.dead_letters
    what = ODD_OBJECTS[part]
    if isinstance(what, str):
        assert outcome.counts["ignored"] == {what: 1}
        assert outcome.counts.get("logs", 0) == 0
        assert not workflow.index.uploads
    else:
        assert "ignored" not in outcome.counts
        expected = {record["eventID"]: record for record in records_of(body)}
        assert outcome.documents == what == len(expected)
        assert {
            event_id: json.loads(record_of(add["raw"])) for event_id, add in workflow.index.documents.items()
        } == expected
        assert all(add["log_file"] == f"s3://{LOGS}/{key}" for add in workflow.index.documents.values())


def test_real_insight_events_say_what_they_are_about(workflow: Workflow, cloudtrail_data: Path) -> None:
    for key, body in objects(cloudtrail_data / "odd-objects"):
        if "Insight" in key:
            workflow.s3.put_object(Bucket=LOGS, Key=key, Body=body)
            workflow.run(object_created(key))
    named = {(add["event_source"], add["event_name"]) for add in workflow.index.documents.values()}
    assert named == {
        ("ssm.amazonaws.com", "UpdateInstanceInformation"),
        ("autoscaling.amazonaws.com", "CompleteLifecycleAction"),
    }


def test_logs_and_odd_objects_together_hold_every_event_once(
    workflow: Workflow, cloudtrail_data: Path
) -> None:
    bodies = []
    for folder in ("odd-objects", "logs"):
        for key, body in objects(cloudtrail_data / folder):
            workflow.s3.put_object(Bucket=LOGS, Key=key, Body=body)
            bodies.append(object_created(key))
    assert len(bodies) == 99 + len(ODD_OBJECTS)
    outcome = workflow.run(*bodies)
    assert not outcome.dead_letters
    assert outcome.counts["ignored"] == {"digest_file": 2}
    # Two events came again under the key they have in logs/, three under keys of their own.
    assert outcome.counts["logs"] == len(set(bodies)) - 2 == 105
    assert outcome.counts["duplicates"] == 3
    assert outcome.documents == len(workflow.index.documents) == 4_889 + 3


def test_of_a_topic_that_is_shared_with_aws_config_the_log_is_indexed_and_nothing_dead_lettered(
    workflow: Workflow,
) -> None:
    case = REPOSITORY.parent / "shared" / "cases" / "01-shared-topic-aws-config" / "messages.jsonl"
    if not case.exists():
        pytest.skip("needs the case 01-shared-topic-aws-config beside the repository (../shared/cases)")
    first, *others = case.read_text(encoding="utf-8").splitlines()
    (key,) = json.loads(first)["s3ObjectKey"]
    workflow.s3.put_object(Bucket=LOGS, Key=key, Body=log_of(event("1")))
    outcome = workflow.run(json.dumps({"s3Bucket": LOGS, "s3ObjectKey": [key]}), *others)
    assert not outcome.dead_letters
    assert outcome.documents == 1
    assert outcome.counts["logs"] == 1
    assert sum(outcome.counts["ignored"].values()) == len(others)
