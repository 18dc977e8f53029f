"""What make preflight says of a deployment that is there, and of what is broken around it, on every search backend."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import REPOSITORY
from tests.end_to_end.conftest import Pipeline
from tests.iam.account import ACCOUNT, REGION

STATE, LOGS, ACCESS_LOGS = "preflight-state", "preflight-logs", "preflight-access-logs"
CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}
ANYBODY_OF_THE_ACCOUNT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


class Surroundings(NamedTuple):
    """What somebody brings along: Terraform's folder, a topic for alarms and its key, one that announces logs."""

    folder: Path
    alarms: str
    key: str
    announcements: str


def policy(*statements: tuple[Any, list[str]]) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"}
                for principal, actions in statements
            ],
        }
    )


KEY_POLICY = policy(
    (ANYBODY_OF_THE_ACCOUNT, ["kms:*"]), (CLOUDWATCH, ["kms:GenerateDataKey*", "kms:Decrypt"])
)


class PreflightTests:
    """A class of tests for each backend is a subclass of this one; `pipeline` is the deployment beside it."""

    @pytest.fixture(scope="class")
    @classmethod
    def surroundings(
        cls, pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Surroundings]:
        """The settings of the deployment, with logs, alarms and a state of one's own, all of which are there."""
        s3, sns, kms = pipeline.client("s3"), pipeline.client("sns"), pipeline.client("kms")
        for bucket in (STATE, LOGS, ACCESS_LOGS):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=STATE, VersioningConfiguration={"Status": "Enabled"})
        key = kms.create_key(Policy=KEY_POLICY)["KeyMetadata"]["Arn"]
        alarms = sns.create_topic(Name="preflight-alarms", Attributes={"KmsMasterKeyId": key})["TopicArn"]
        announcements = sns.create_topic(Name="preflight-announcements")["TopicArn"]
        settings = {
            "environment": "local",
            "region": REGION,
            "search_backend": pipeline.outputs["search_backend"],
            "reserved_concurrency": {"index_batch": 8},
            "log_bucket_names": [LOGS],
            "log_topic_arns": [announcements],
            "log_bucket_notifications": [{"bucket": LOGS}],
            "access_log_bucket_name": ACCESS_LOGS,
            "alarm_topic_arns": [alarms],
        }
        backend = {"bucket": STATE, "key": "trailsearch/local.tfstate", "region": REGION}
        folder = tmp_path_factory.mktemp("preflight")
        (folder / "variables.tf").symlink_to(REPOSITORY / "terraform" / "variables.tf")
        (folder / "environments").mkdir()
        for name, values in (("local.tfvars", settings), ("local.s3.tfbackend", backend)):
            lines = (f"{variable} = {json.dumps(value)}\n" for variable, value in values.items())
            (folder / "environments" / name).write_text("".join(lines))
        yield Surroundings(folder, alarms, key, announcements)
        for bucket in (STATE, LOGS, ACCESS_LOGS):
            s3.delete_bucket(Bucket=bucket)
        for topic in (alarms, announcements):
            sns.delete_topic(TopicArn=topic)

    @staticmethod
    def told(pipeline: Pipeline, surroundings: Surroundings) -> tuple[int, dict[str, str]]:
        """How it ends, and what it says of what is not well."""
        done = pipeline.run(
            *("trailsearch.cli.preflight.preflight", "--env", "local", "--json"),
            *("--terraform", str(surroundings.folder)),
        )
        found = json.loads(done.stdout)["findings"]
        wrong = {each["check"]: each["verdict"] for each in found if each["verdict"] != "well"}
        return done.returncode, wrong

    def test_all_is_well(self, pipeline: Pipeline, surroundings: Surroundings) -> None:
        assert self.told(pipeline, surroundings) == (0, {})

    def test_a_state_without_versions_is_said(self, pipeline: Pipeline, surroundings: Surroundings) -> None:
        s3 = pipeline.client("s3")
        s3.put_bucket_versioning(Bucket=STATE, VersioningConfiguration={"Status": "Suspended"})
        try:
            assert self.told(pipeline, surroundings) == (0, {"State bucket": "warning"})
        finally:
            s3.put_bucket_versioning(Bucket=STATE, VersioningConfiguration={"Status": "Enabled"})

    def test_concurrency_that_another_function_has_reserved_is_said(
        self, pipeline: Pipeline, surroundings: Surroundings
    ) -> None:
        client, function = pipeline.client("lambda"), {"FunctionName": "trailsearch-local-split-records"}
        client.put_function_concurrency(**function, ReservedConcurrentExecutions=893)
        try:
            assert self.told(pipeline, surroundings) == (1, {"Lambda concurrency": "failure"})
        finally:
            client.delete_function_concurrency(**function)

    def test_a_key_that_cloudwatch_may_not_use_is_said(
        self, pipeline: Pipeline, surroundings: Surroundings
    ) -> None:
        kms = pipeline.client("kms")
        key = {"KeyId": surroundings.key, "PolicyName": "default"}
        kms.put_key_policy(**key, Policy=policy((ANYBODY_OF_THE_ACCOUNT, ["kms:*"])))
        try:
            assert self.told(pipeline, surroundings) == (0, {"Alarm topic preflight-alarms": "warning"})
        finally:
            kms.put_key_policy(**key, Policy=KEY_POLICY)

    def test_a_topic_that_cloudwatch_may_not_publish_to_is_said(
        self, pipeline: Pipeline, surroundings: Surroundings
    ) -> None:
        sns, topic = pipeline.client("sns"), surroundings.alarms
        before = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
        sns.set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=policy(({"Service": "events.amazonaws.com"}, ["sns:Publish"])),
        )
        try:
            assert self.told(pipeline, surroundings) == (0, {"Alarm topic preflight-alarms": "warning"})
        finally:
            sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=before)

    def test_what_is_gone_is_said(self, pipeline: Pipeline, surroundings: Surroundings) -> None:
        s3, sns = pipeline.client("s3"), pipeline.client("sns")
        for bucket in (LOGS, ACCESS_LOGS):
            s3.delete_bucket(Bucket=bucket)
        sns.delete_topic(TopicArn=surroundings.announcements)
        try:
            assert self.told(pipeline, surroundings) == (
                1,
                {
                    f"Log bucket {LOGS}": "warning",
                    "Log topic preflight-announcements": "failure",
                    f"Access log bucket {ACCESS_LOGS}": "failure",
                },
            )
        finally:
            for bucket in (LOGS, ACCESS_LOGS):
                s3.create_bucket(Bucket=bucket)
            sns.create_topic(Name="preflight-announcements")
