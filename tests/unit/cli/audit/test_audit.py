"""``make audit`` on logs that the functions have read, or have not, and digests of them."""

import gzip
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

import index_batch
from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail
from tests.signed_logs import BEGIN, HOUR, HOURS, TRAIL, SignedLogs, let_cloudtrail_list_its_keys, uri
from tests.steps import LOGS, STAGING, FakeIndex, LambdaContext, event, log_of
from trailsearch.audit.cloud import digest_bucket
from trailsearch.audit.comparison import Stamp
from trailsearch.audit.digests import SignedObject
from trailsearch.aws import clients
from trailsearch.cli.audit.audit import audit
from trailsearch.cli.environment import Environment, Queue
from trailsearch.contracts.messages import Pointer
from trailsearch.contracts.times import to_seconds

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

INGEST = "https://sqs.us-east-1.amazonaws.com/111122223333/ingest"


class Deployed(SignedLogs):
    """A deployed environment, with the command."""

    def audit(self, *options: str) -> dict[str, Any]:
        """Audit the three hours, and give the evidence."""
        result = self.run("--json", *options)
        evidence: dict[str, Any] = json.loads(result)
        return evidence

    def run(self, *options: str) -> str:
        begin, end = BEGIN.isoformat(), (BEGIN + (HOURS - 1) * HOUR).isoformat()
        arguments = ["--env", "test", "--from", begin, "--to", end, *options]
        result = CliRunner().invoke(audit, arguments)
        assert result.exit_code == 0, result.output
        return result.output


@pytest.fixture
def variables(context: LambdaContext, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of Fetch Logs, as Lambda tells them."""
    monkeypatch.setenv("LEDGER", "true")
    variables = {
        "ENVIRONMENT": "test",
        "STAGING_BUCKET": STAGING,
        "LOG_BUCKETS": LOGS,
        "LEDGER": "true",
    }
    configuration = {"Environment": {"Variables": variables}}
    functions = SimpleNamespace(get_function_configuration=lambda **_request: configuration)
    monkeypatch.setattr(clients, "lambda_functions", lambda: functions)
    return variables


@pytest.fixture
def deployed(
    s3: "S3Client",
    index: FakeIndex,
    context: LambdaContext,
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Deployed:
    deployed = Deployed(s3, context)
    let_cloudtrail_list_its_keys(monkeypatch)
    queue: Any = deployed
    monkeypatch.setattr(Environment, "ingest_queue", lambda _environment: Queue(queue, INGEST, "arn"))
    return deployed


def outcomes(evidence: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """What became of each log, and of its object, by its URI."""
    return {log["log"]: (log["outcome"], log["in_bucket"]) for log in evidence["logs"]}


def test_all_logs_that_are_signed_and_indexed_are_well(deployed: Deployed) -> None:
    deployed.deliver()
    deployed.index(*deployed.logs)
    evidence = deployed.audit()
    assert evidence["problems"] == []
    assert evidence["well"]
    assert evidence["says"] == (
        "3 of 3 signed logs indexed unaltered; 6 records = 6 indexed + 0 duplicates + 0 dead-lettered"
    )
    assert [each["finding"] for each in evidence["digests"]] == ["valid"] * HOURS
    assert outcomes(evidence) == {uri(log): ("indexed", "valid") for log in deployed.logs}
    said = deployed.run()
    assert evidence["says"] in " ".join(said.split())
    assert "not that CloudTrail recorded every call" in " ".join(said.split())


def test_logs_that_were_read_are_not_fetched_again(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.deliver()
    deployed.index(*deployed.logs)
    fetched = []
    get = digest_bucket.DigestBucket.get

    def noted(bucket: digest_bucket.DigestBucket, pointer: Pointer) -> SignedObject | None:
        fetched.append(pointer.key)
        return get(bucket, pointer)

    monkeypatch.setattr(digest_bucket.DigestBucket, "get", noted)
    assert deployed.audit()["well"]
    assert sorted(fetched) == sorted(digest.key for digest in deployed.digests)


def test_a_log_that_was_never_announced_is_named_and_healed(deployed: Deployed) -> None:
    deployed.deliver()
    lost, *announced = deployed.logs
    deployed.index(*announced)
    evidence = deployed.audit()
    assert not evidence["well"]
    assert outcomes(evidence)[uri(lost)] == ("never_read", "valid")
    assert evidence["problems"] == [f"1 signed log never read, such as {uri(lost)}"]
    assert "HEAL=1 sends to the ingest queue what was never read" in deployed.run()
    assert (evidence["sent"], deployed.sent) == (0, [])

    assert deployed.audit("--heal")["sent"] == 1
    (message,) = deployed.sent
    assert json.loads(message["MessageBody"]) == {
        "s3Bucket": LOGS,
        "s3ObjectKey": [lost.key],
        "backfill": True,
    }
    deployed.index(lost)
    assert deployed.audit()["well"]


def alter(deployed: Deployed, log: Log) -> Log:
    altered = Log(log.key, log_of(event("altered")))
    deployed.put(altered)
    return altered


def test_a_log_that_was_altered_before_it_was_read_is_named_and_not_healed(deployed: Deployed) -> None:
    deployed.deliver()
    before, unread, other = deployed.logs
    deployed.index(alter(deployed, before), other)
    alter(deployed, unread)
    evidence = deployed.audit("--heal")
    assert outcomes(evidence) == {
        uri(before): ("altered", "altered"),
        uri(unread): ("never_read", "altered"),
        uri(other): ("indexed", "valid"),
    }
    assert evidence["sent"] == 0


def test_a_log_that_was_altered_or_deleted_after_it_was_read_is_named(deployed: Deployed) -> None:
    deployed.deliver()
    altered, deleted, again = deployed.logs
    deployed.index(*deployed.logs)
    alter(deployed, altered)
    deployed.s3.delete_object(Bucket=LOGS, Key=deleted.key)
    deployed.put(Log(again.key, gzip.compress(gzip.decompress(again.body), mtime=1)))
    evidence = deployed.audit()
    assert outcomes(evidence) == {
        uri(altered): ("indexed", "altered"),
        uri(deleted): ("indexed", "missing"),
        uri(again): ("indexed", "valid"),
    }
    assert len(evidence["problems"]) == 2


def test_what_is_dead_lettered_is_explained(deployed: Deployed, index: FakeIndex) -> None:
    deployed.deliver()
    unreadable, *others = deployed.logs
    deployed.put(Log(unreadable.key, b"no gzip"))
    deployed.index(*deployed.logs)
    deployed.put(unreadable)
    evidence = deployed.audit()
    assert outcomes(evidence)[uri(unreadable)] == ("dead_lettered", "valid")
    assert evidence["says"].startswith("2 of 3 signed logs indexed unaltered; 4 records = 4 indexed")
    assert others


def test_a_log_whose_batches_are_not_indexed_waits(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.deliver()
    with monkeypatch.context() as patched:
        patched.setattr(index_batch, "handler", lambda _event, _context: {})
        deployed.index(*deployed.logs)
    evidence = deployed.audit()
    assert {outcome for outcome, _ in outcomes(evidence).values()} == {"waiting"}
    assert evidence["says"].endswith("+ 0 dead-lettered + 6 waiting")


def test_digests_that_are_missing_or_forged_are_named(deployed: Deployed) -> None:
    deployed.deliver()
    deployed.index(*deployed.logs)
    deployed.s3.delete_object(Bucket=LOGS, Key=deployed.digests[1].key)
    evidence = deployed.audit()
    assert [each["finding"] for each in evidence["digests"]] == ["valid", "missing", "valid"]
    assert evidence["problems"] == [f"1 digest missing, such as s3://{LOGS}/{deployed.digests[1].key}"]


def test_a_gap_is_named_with_its_time(deployed: Deployed) -> None:
    deployed.deliver()
    deployed.index(*deployed.logs)
    deployed.s3.delete_object(Bucket=LOGS, Key=deployed.digests[2].key)
    deployed.s3.delete_object(Bucket=LOGS, Key=deployed.digests[1].key)
    (problem,) = deployed.audit()["problems"]
    assert problem.startswith("No digests from ")


def test_logs_without_digests_are_said_to_have_validation_off(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.deliver()
    for region in ("eu-west-1", "trailsearch-verify"):
        deployed.deliver(DigestedTrail(LOGS, region=region, name="unvalidated"), quiet=True)
    deployed.index(*deployed.logs)
    stamps = digest_bucket.DigestBucket.stamps

    def in_time(bucket: digest_bucket.DigestBucket, folder: str) -> dict[str, Stamp]:
        """moto writes everything now, which is after the audited time."""
        found = stamps(bucket, folder)
        return {key: stamp._replace(modified_at=to_seconds(BEGIN + HOUR)) for key, stamp in found.items()}

    monkeypatch.setattr(digest_bucket.DigestBucket, "stamps", in_time)
    evidence = deployed.audit()
    (problem,) = evidence["problems"]
    assert problem.startswith("Validation is off: logs of 111122223333 in eu-west-1 have no digests")
    assert {each["finding"] for each in evidence["digests"]} == {"valid", "validation_off"}


def test_trails_of_every_account_region_organization_and_prefix_are_found(deployed: Deployed) -> None:
    trails = [
        TRAIL,
        DigestedTrail(LOGS, account="444455556666", region="eu-west-1", name="other"),
        DigestedTrail(LOGS, region="us-isob-east-1", name="isolated"),
        DigestedTrail(LOGS, region="of-a-new-form-2r", name="new"),
        DigestedTrail(LOGS, organization="o-exampleorgid", name="organization"),
        DigestedTrail(LOGS, prefix="some/prefix/", name="below"),
        DigestedTrail(LOGS, name="second"),
    ]
    for trail in trails:
        deployed.deliver(trail)
    deployed.index(*deployed.logs)
    evidence = deployed.audit()
    assert evidence["problems"] == []
    assert len(evidence["logs"]) == len(trails) * HOURS


def test_a_region_that_this_account_has_not_enabled_has_no_known_keys(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_request: Any) -> None:
        answer: Any = {
            "Error": {"Code": "UnrecognizedClientException", "Message": "The security token is invalid"}
        }
        raise ClientError(answer, "ListPublicKeys")

    monkeypatch.setattr(clients, "cloudtrail", lambda _config: SimpleNamespace(list_public_keys=refuse))
    deployed.deliver()
    digests = deployed.audit()["digests"]
    assert {each["finding"] for each in digests} == {"unknown_key"}
    assert "cannot ask CloudTrail in us-east-1" in digests[0]["why"]


def test_an_object_that_is_larger_than_any_log_is_not_fetched(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.deliver()
    deployed.index(*deployed.logs)
    large = deployed.logs[0]
    monkeypatch.setattr(digest_bucket, "MAX_LOG_BYTES", 10_000)
    deployed.put(Log(large.key, bytes(10_001)))
    assert outcomes(deployed.audit())[uri(large)] == ("indexed", "altered")


def test_a_bucket_that_cannot_be_looked_into_hides_none_of_the_others(
    deployed: Deployed, variables: dict[str, str]
) -> None:
    deployed.deliver()
    deployed.index(*deployed.logs)
    variables["LOG_BUCKETS"] = f"of-others,{LOGS}"
    evidence = deployed.audit()
    (problem,) = evidence["problems"]
    assert problem.startswith("The bucket of-others cannot be looked into: ")
    assert evidence["says"].startswith("3 of 3 signed logs indexed unaltered;")


def test_nothing_is_proven_without_digests(deployed: Deployed) -> None:
    evidence = deployed.audit()
    assert evidence["problems"] == ["There is no valid digest of this time: nothing is proven"]
    assert not evidence["well"]


def test_without_a_ledger_it_says_how_to_keep_one(deployed: Deployed, variables: dict[str, str]) -> None:
    del variables["LEDGER"]
    result = CliRunner().invoke(audit, ["--env", "test"])
    assert result.exit_code == 1
    assert "keep_ledger = true" in result.output


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--from", "yesterday"], "yesterday is no time"),
        (["--from", "2026-11-25", "--to", "2026-11-24T12:00:00+01:00"], "ends before that"),
    ],
)
def test_times_that_cannot_be_are_refused(options: list[str], says: str) -> None:
    result = CliRunner().invoke(audit, ["--env", "test", *options])
    assert result.exit_code
    assert says in result.output
