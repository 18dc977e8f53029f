"""Commands that the READMEs show run against the deployment. They run last, by their name: they leave things behind."""

import json
import re
import shutil
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.documentation.commands import Shown, shown_commands
from tests.documentation.kinds import Kind, as_command, each_once, kind_of, searches, targets
from tests.documentation.searched import ACCOUNT, searched_logs
from tests.documentation.shell import Shell
from tests.end_to_end.conftest import Pipeline
from tests.iam.account import CENTRAL_LOGS, NOTIFYING_BUCKET
from tests.local_cloud.pipeline.cloudtrail_delivery import deliver
from tests.local_cloud.pipeline.idle import wait_until_idle
from tests.local_cloud.process import ACCOUNT_ID
from trailsearch.contracts.errors import LogUnreadable, SearchThrottled, TrailsearchError
from trailsearch.contracts.messages import BatchRef, DeadLetter, Execution, LogRef
from trailsearch.contracts.messages import Kind as LetterKind
from trailsearch.search import Backend

OPERATOR = each_once(
    [
        *(shown for shown in shown_commands() if kind_of(shown) is Kind.OPERATOR),
        *searches(Backend.CLOUDSEARCH),
    ]
)
CLOUD = [shown for shown in shown_commands() if kind_of(shown) is Kind.CLOUD]


class Expected(NamedTuple):
    """What a command that a pattern fits is to print, and what to end with."""

    command: str
    printed: str
    codes: tuple[int, ...] = (0,)


# The first one that fits counts.
EXPECTED = [
    Expected(r"aws sqs send-message", r'"MessageId"'),
    Expected(r"aws s3 cp s3://.+/messages/", r"^a large message$"),
    Expected(r"aws s3api create-bucket", r'"Location"'),
    Expected(r"aws s3api put-bucket-versioning|aws organizations enable-aws-service-access", r"\A\Z"),
    Expected(r"aws cloudtrail describe-trails", r'"trailList"'),
    Expected(r"aws stepfunctions list-executions", r'"executions"'),
    Expected(r"aws stepfunctions start-execution", r'"executionArn"'),
    # It has found the trail, and its keys; nobody has signed digests here.
    Expected(r"aws cloudtrail validate-logs", r"^No digests found$"),
    Expected(r"make search .*\| jq", r'^ *"eventID": '),
    # What it prints goes to a file.
    Expected(r"make search .*ALL=1", r"^([1-9][\d,]*) events? found, \1 written\.$"),
    Expected(r"make (search|ask)|QUERY=", r"^[1-9][\d,]* events? found, [1-9][\d,]* shown\.$"),
    # It tells by what it ends with whether all is well, and here faults were injected.
    # Of the logs of others, in this deployment, not all are there.
    Expected(r"make verify", r"^✓ +Deleted again +all that was made *$", (2,)),
    Expected(r"make status .*\| jq -e", r"^(true|false)$", (0, 1)),
    Expected(r"make status", r"^(All is well\.$|✗ )"),
    # The log buckets and topics of others, which the deployment is set to, are not there.
    Expected(r"make audit .*\| jq", r"nothing is proven"),
    Expected(r"make audit", r"^✗ There is no valid digest(.|\n)*^0 of 0 signed logs indexed unaltered; "),
    Expected(r"make preflight .*\| jq", r"^true$"),
    Expected(r"make preflight", r"^! The apply goes through; \d+ of \d+ checks want a look\.$"),
    Expected(r"make dlq .*JSON=1", r'"error": "LogUnreadable"'),
    Expected(r"make dlq", r"^2 waiting\.$"),
    Expected(r"make redrive .*DRY_RUN=1", r"^2 waiting\.$"),
    Expected(r"make redrive .*KIND=batch", r"^1 sent back(.|\n)*^Nothing came back\.$"),
    Expected(r"make redrive", r"^2 sent back(.|\n)*^Nothing came back\.$"),
    # It asks for the days, and prints nothing else.
    Expected(r"make backfill( ENV=\S+)?$", r"\A\Z", (2,)),
    # None of the logs here is of these days.
    Expected(
        r"make backfill .*(DRY_RUN|YES)=1",
        r"^Backfill \d{8}T\d{6}Z, from 202\d-\d\d-\d\d to 202\d-\d\d-\d\d \(UTC\)$",
    ),
    Expected(r"make backfill-status", r"^State +complete *$"),
    Expected(r"make backfill-stop", r"^No backfill is running\.$"),
    Expected(r"make output .*NAME=", r"\A\S+\n\Z"),
    Expected(r"make output", r"^state_machine_arn = "),
]

# What a sentence leaves out of a command that it names.
LEFT_OUT = {
    "aws cloudtrail validate-logs": "--trail-arn {trail_arn} --start-time 2026-11-01T00:00:00Z",
}
# What is there already where one types it.
STATE_BUCKET = "terraform-state-of-the-readme"
BEFORE = {
    "aws organizations ": "aws organizations create-organization",
    "aws s3api put-": f"aws s3api head-bucket --bucket {STATE_BUCKET} || aws s3api create-bucket --bucket {STATE_BUCKET}",
}


@pytest.fixture(scope="module")
def shell(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("shell"), pipeline.variables)
    shell.use_local_cloud(pipeline.cloud.package.parent / "terraform")
    return shell


@pytest.fixture(scope="module")
def log(pipeline: Pipeline) -> LogRef:
    """The story, and a log with what else the queries ask for, all indexed; gives that log."""
    wait(pipeline)
    logs = searched_logs()
    bucket = pipeline.outputs["log_bucket_names"][0]
    topic = pipeline.outputs["topic_arn"]
    for _ in deliver(logs, pipeline.client("s3"), pipeline.client("sns"), bucket, topic):
        pass
    wait(pipeline)
    return LogRef(bucket, logs[-1].key)


@pytest.fixture(scope="module")
def execution(pipeline: Pipeline, log: LogRef) -> str:
    """The execution that has succeeded with that log; the logs of others may be gone by now."""
    stepfunctions = pipeline.client("stepfunctions")
    return next(
        arn
        for arn, status in executions(pipeline).items()
        if status == "SUCCEEDED" and log.key in stepfunctions.describe_execution(executionArn=arn)["input"]
    )


@pytest.fixture
def two_letters(pipeline: Pipeline, log: LogRef, execution: str) -> None:
    """Let a log and a batch wait in the dead-letter queue, and nothing else, whose causes are mended by now."""
    throw_away_dead_letters(pipeline)
    sqs, queue = pipeline.client("sqs"), pipeline.outputs["dead_letter_queue_url"]
    for letter in (
        letter_about(execution, LetterKind.LOG, LogUnreadable("AccessDenied"), log=log),
        letter_about(execution, LetterKind.BATCH, SearchThrottled("HTTP 509"), batch=staged(pipeline)),
    ):
        sqs.send_message(QueueUrl=queue, MessageBody=msgspec.json.encode(letter).decode())


@pytest.fixture
def buckets_of_others(pipeline: Pipeline) -> Iterator[None]:
    """The log buckets of others, which the deployment is set to: a backfill lists them, too."""
    s3 = pipeline.client("s3")
    for name in (CENTRAL_LOGS, NOTIFYING_BUCKET):
        s3.create_bucket(Bucket=name)
    yield
    for name in (CENTRAL_LOGS, NOTIFYING_BUCKET):
        s3.delete_bucket(Bucket=name)


def throw_away_dead_letters(pipeline: Pipeline) -> None:
    pipeline.under_test().throw_away_dead_letters()


def letter_about(execution: str, kind: LetterKind, error: TrailsearchError, **about: Any) -> DeadLetter:
    return Execution(execution, "Fetch Logs", "local").dead_letter(kind, error, **about)


def staged(pipeline: Pipeline) -> BatchRef:
    """A batch in the staging bucket."""
    s3, bucket = pipeline.client("s3"), pipeline.outputs["staging_bucket_name"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix="batches/")["Contents"]
    newest = max(found, key=lambda each: each["LastModified"])
    body = s3.get_object(Bucket=bucket, Key=newest["Key"])["Body"].read()
    return BatchRef(bucket, newest["Key"], documents=len(json.loads(body)), bytes=len(body))


def wait(pipeline: Pipeline) -> None:
    wait_until_idle(pipeline.client("sqs"), pipeline.client("stepfunctions"), pipeline.outputs)


def expected_of(command: str) -> Expected:
    """What a command is to print.

    Raises:
        LookupError: nobody has said that yet.
    """
    for expected in EXPECTED:
        if re.search(expected.command, command):
            return expected
    raise LookupError(command)


def check(shell: Shell, shown: Shown, command: str) -> None:
    if "jq" in command and not shutil.which("jq"):
        pytest.skip("needs jq")
    expected = expected_of(command)
    done = shell.run(command)
    assert done.returncode in expected.codes, f"{done.stdout}\n{done.stderr}"
    printed = done.stderr if "ALL=1" in command else done.stdout
    assert re.search(expected.printed, printed, re.MULTILINE), f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("shown", OPERATOR, ids=str)
def test_an_operator_command_says_what_it_is_for(
    shell: Shell, log: LogRef, shown: Shown, request: pytest.FixtureRequest
) -> None:
    if {"dlq", "redrive"} & set(targets(shown.text)):
        request.getfixturevalue("two_letters")
    if "backfill" in targets(shown.text):
        request.getfixturevalue("buckets_of_others")
    check(shell, shown, as_command(shown))


@pytest.mark.parametrize("shown", CLOUD, ids=str)
def test_a_command_of_the_aws_cli_does_what_it_says_and_the_pipeline_takes_what_it_sends(
    pipeline: Pipeline, shell: Shell, log: LogRef, execution: str, shown: Shown
) -> None:
    outputs = pipeline.outputs
    values = {
        "your-state-bucket": STATE_BUCKET,
        "log bucket": log.bucket,
        "account": ACCOUNT,
        "execution ARN": execution,
        "staging bucket": outputs["staging_bucket_name"],
        "SHA-256": "0" * 64,
    }
    pipeline.client("s3").put_object(
        Bucket=values["staging bucket"], Key=f"messages/{values['SHA-256']}", Body=b"a large message\n"
    )
    names = {**outputs, "trail_arn": f"arn:aws:cloudtrail:us-east-1:{ACCOUNT_ID}:trail/trailsearch-local"}
    for beginning, command in BEFORE.items():
        if shown.text.startswith(beginning):
            assert shell.run(command).returncode == 0
    before = set(executions(pipeline))
    rest = LEFT_OUT[shown.text].format(**names) if shown.text in LEFT_OUT else ""
    check(shell, shown, f"{shown.filled(values.__getitem__)} {rest}".strip())
    if "sqs send-message" in shown.text:
        wait(pipeline)
        caused = {status for arn, status in executions(pipeline).items() if arn not in before}
        assert caused == {"SUCCEEDED"}


def executions(pipeline: Pipeline) -> dict[str, str]:
    pages = (
        pipeline.client("stepfunctions")
        .get_paginator("list_executions")
        .paginate(stateMachineArn=pipeline.outputs["state_machine_arn"])
    )
    return {each["executionArn"]: each["status"] for page in pages for each in page["executions"]}


def test_what_terraform_prints_to_go_on_with_is_what_the_readmes_name(pipeline: Pipeline) -> None:
    """Commands in Terraform's outputs make targets that are among those that run here."""
    printed = {target for command in pipeline.outputs["commands"].values() for target in targets(command)}
    assert printed <= {target for shown in OPERATOR for target in targets(shown.text)}


def test_every_command_has_something_to_print() -> None:
    for shown in OPERATOR + CLOUD:
        assert expected_of(shown.text)
