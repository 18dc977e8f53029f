"""`make verify` proves a deployment on every search backend, leaves nothing behind, and says which row is wrong."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from tests.documentation.statements import OF_VERIFIER, statements
from tests.end_to_end.conftest import Pipeline
from tests.iam import verifier
from tests.iam.account import CENTRAL_LOGS, NOTIFYING_BUCKET, STAGING
from tests.iam.policies import Policies, Policy, rendered
from tests.iam.requests import Request
from tests.iam.simulator import INSTALLED, allowed
from trailsearch.aws import clients
from trailsearch.cli.dead_letters.dead_letter_queue import peek
from trailsearch.cli.environment import Queue
from trailsearch.cli.resource_policy import Answer, decide
from trailsearch.cli.resource_policy import Request as Asked
from trailsearch.cli.verify.checks import State
from trailsearch.cli.verify.synthetic_log import EVENT_SOURCE, MARK
from trailsearch.cli.verify.verify import verify
from trailsearch.search.queries import Query, having

COMMAND = "trailsearch.cli.verify.verify"
PREFIX = "trailsearch-local"
# The topics of others, in other Regions: nothing is subscribed to them here, as the commands for it are yet to be run.
NOT_SUBSCRIBED = {"Subscription to cloudtrail (eu-west-1)", "Subscription to cloudtrail (af-south-1)"}
OWN = {
    "Log in trailsearch-local-logs-123456789012-us-east-1, announced by trailsearch-local-logs (us-east-1)"
}
ROUND_TRIP = {"Corrupt log", "Redrive", "Aborted execution", "Deleted again"}


class Verified(NamedTuple):
    """What a run says: the rows by their names, and what it ended with."""

    rows: dict[str, tuple[State, str]]
    well: bool
    code: int

    def named(self, state: State) -> set[str]:
        """The names of the rows that are in a state."""
        return {name for name, (found, _) in self.rows.items() if found is state}


def read(output: str, code: int) -> Verified:
    found = json.loads(output)
    rows = {each["name"]: (State(each["state"]), each["said"]) for each in found["checks"]}
    assert len(rows) == len(found["checks"])
    return Verified(rows, found["well"], code)


def verified(pipeline: Pipeline, *options: str) -> Verified:
    done = pipeline.run(COMMAND, "--env", "local", "--json", *options)
    assert done.stdout, done.stderr
    return read(done.stdout, done.returncode)


def left_behind(pipeline: Pipeline) -> list[str]:
    """Whatever there is of a run: versions of logs, documents, dead letters."""
    s3, tested = pipeline.client("s3"), pipeline.under_test()
    buckets = [each["Name"] for each in s3.list_buckets()["Buckets"] if each["Name"] != STAGING]
    tested.show_all()
    domain = tested.domain
    events = domain.search(Query(filters=[having("event_source", EVENT_SOURCE)], size=100)).events
    queue = Queue(pipeline.client("sqs"), pipeline.outputs["dead_letter_queue_url"], "")
    with peek(queue) as received:
        letters = [each.letter.subject for each in received if MARK in each.message["Body"]]
    versions = [
        version["Key"]
        for bucket in buckets
        for kind in ("Versions", "DeleteMarkers")
        for version in s3.list_object_versions(Bucket=bucket).get(kind, [])
        if MARK in version["Key"]
    ]
    return [*versions, *(event["id"] for event in events), *letters]


@contextmanager
def without_statement(
    pipeline: Pipeline, get: Callable[[], str], put: Callable[[str], Any], sid: str
) -> Iterator[None]:
    """Take a statement out of a policy for the `with` block."""
    before = get()
    policy = json.loads(before)
    kept = [each for each in policy["Statement"] if not each.get("Sid", "").startswith(sid)]
    assert len(kept) < len(policy["Statement"])
    put(json.dumps({**policy, "Statement": kept}))
    try:
        yield
    finally:
        put(before)


@contextmanager
def queue_policy(pipeline: Pipeline, queue: str, sid: str) -> Iterator[None]:
    sqs, url = pipeline.client("sqs"), pipeline.outputs[queue]
    with without_statement(
        pipeline,
        lambda: str(
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
        ),
        lambda policy: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy}),
        sid,
    ):
        yield


@contextmanager
def key_policy(pipeline: Pipeline, sid: str) -> Iterator[None]:
    kms = pipeline.client("kms")
    key = pipeline.deployment.resources()["aws_kms_key.pipeline"]["key_id"]
    with without_statement(
        pipeline,
        lambda: str(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
        lambda policy: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy),
        sid,
    ):
        yield


@contextmanager
def role_policy(pipeline: Pipeline, sid: str) -> Iterator[None]:
    iam, names = pipeline.client("iam"), {"RoleName": f"{PREFIX}-pipe", "PolicyName": "pipe"}
    with without_statement(
        pipeline,
        lambda: json.dumps(iam.get_role_policy(**names)["PolicyDocument"]),
        lambda policy: iam.put_role_policy(**names, PolicyDocument=policy),
        sid,
    ):
        yield


@contextmanager
def topic_policy(pipeline: Pipeline, sid: str) -> Iterator[None]:
    sns, topic = pipeline.client("sns"), pipeline.outputs["topic_arn"]
    with without_statement(
        pipeline,
        lambda: str(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]),
        lambda policy: sns.set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=policy
        ),
        sid,
    ):
        yield


@contextmanager
def stopped_pipe(pipeline: Pipeline) -> Iterator[None]:
    pipes, name = pipeline.client("pipes"), f"{PREFIX}-ingest"

    def become(state: str) -> None:
        while pipes.describe_pipe(Name=name)["CurrentState"] != state:
            time.sleep(0.1)

    pipes.stop_pipe(Name=name)
    become("STOPPED")
    try:
        yield
    finally:
        pipes.start_pipe(Name=name)
        become("RUNNING")


@contextmanager
def disabled_rule(pipeline: Pipeline) -> Iterator[None]:
    events, name = pipeline.client("events"), f"{PREFIX}-failed-executions"
    events.disable_rule(Name=name)
    try:
        yield
    finally:
        events.enable_rule(Name=name)


@contextmanager
def stopped_trail(pipeline: Pipeline) -> Iterator[None]:
    cloudtrail = pipeline.client("cloudtrail")
    cloudtrail.stop_logging(Name=PREFIX)
    try:
        yield
    finally:
        cloudtrail.start_logging(Name=PREFIX)


@contextmanager
def without_raw_delivery(pipeline: Pipeline) -> Iterator[None]:
    sns = pipeline.client("sns")
    arn = pipeline.deployment.resources()["aws_sns_topic_subscription.ingest[0]"]["arn"]

    def deliver(raw: str) -> None:
        sns.set_subscription_attributes(
            SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue=raw
        )

    deliver("false")
    try:
        yield
    finally:
        deliver("true")


@contextmanager
def renamed_metric(pipeline: Pipeline, alarm: str, old: str, new: str) -> Iterator[None]:
    """Let an alarm watch another metric, or another dimension of one."""
    cloudwatch = pipeline.client("cloudwatch")
    (found,) = cloudwatch.describe_alarms(AlarmNames=[f"{PREFIX}-{alarm}"])["MetricAlarms"]
    kept = ("AlarmName", "ComparisonOperator", "EvaluationPeriods", "Threshold", "TreatMissingData")

    def put(metrics: Any) -> None:
        cloudwatch.put_metric_alarm(**{name: found[name] for name in kept}, Metrics=metrics)

    metrics = json.dumps(found["Metrics"])
    assert f'"{old}"' in metrics
    put(json.loads(metrics.replace(f'"{old}"', f'"{new}"')))
    try:
        yield
    finally:
        put(found["Metrics"])


BROKEN: dict[str, tuple[Callable[[Pipeline], Any], str, str]] = {
    "the ingest queue lets no topic in": (
        lambda pipeline: queue_policy(pipeline, "ingest_queue_url", "TopicsSend"),
        "Ingest queue",
        "does not let arn:aws:sns:us-east-1:123456789012:trailsearch-local-logs do sqs:SendMessage",
    ),
    "the dead-letter queue does not let the rule in": (
        lambda pipeline: queue_policy(pipeline, "dead_letter_queue_url", "FailedExecutionsSend"),
        "Dead-letter queue",
        "does not let the rule for failed executions do sqs:SendMessage",
    ),
    "the key does not let the topics in": (
        lambda pipeline: key_policy(pipeline, "TopicsToQueues"),
        "Key",
        "trailsearch-local-logs do kms:GenerateDataKey",
    ),
    "the key does not let the rule in": (
        lambda pipeline: key_policy(pipeline, "FailedExecutions"),
        "Key",
        "does not let the rule for failed executions do kms:GenerateDataKey",
    ),
    "the Pipe may not start executions": (
        lambda pipeline: role_policy(pipeline, "StartExecutions"),
        "Role of the Pipe",
        "does not let it do states:StartExecution",
    ),
    "the Pipe may not have messages admitted": (
        lambda pipeline: role_policy(pipeline, "AdmitMessages"),
        "Role of the Pipe",
        "does not let it do lambda:InvokeFunction",
    ),
    "the topic does not let CloudTrail in": (
        lambda pipeline: topic_policy(pipeline, "TrailPublishes"),
        "Topic",
        "does not let CloudTrail do sns:Publish",
    ),
    "the Pipe is stopped": (stopped_pipe, "Pipe", "it is STOPPED"),
    "the rule is disabled": (disabled_rule, "Rule for failed executions", "it is DISABLED"),
    "the trail is stopped": (stopped_trail, "Trail", "it is not logging"),
    "the subscription has an envelope": (
        without_raw_delivery,
        "Subscription to trailsearch-local-logs (us-east-1)",
        "no raw message delivery",
    ),
    "a metric of an alarm is renamed": (
        lambda pipeline: renamed_metric(
            pipeline, "dead-letters", "ApproximateNumberOfMessagesVisible", "NumberOfDeadLetters"
        ),
        "Alarm dead-letters",
        "AWS/SQS has no metric NumberOfDeadLetters",
    ),
    "a dimension of an alarm's metric is renamed": (
        lambda pipeline: renamed_metric(pipeline, "lag", "service", "function"),
        "Alarm lag",
        "by service and environment, not by",
    ),
}


class VerifyTests:
    """A class of tests for each backend is a subclass of this one; `pipeline` is the deployment beside it."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def idle(cls, pipeline: Pipeline) -> None:
        """Nothing is left in the dead-letter queue by other tests."""
        tested = pipeline.under_test()
        tested.wait_until_idle()
        tested.throw_away_dead_letters()

    @pytest.fixture(scope="class")
    @classmethod
    def notifying_bucket(cls, pipeline: Pipeline) -> str:
        """The bucket of which the settings say that it sends event notifications, with these and with versions."""
        s3 = pipeline.client("s3")
        s3.create_bucket(Bucket=NOTIFYING_BUCKET)
        s3.put_bucket_versioning(Bucket=NOTIFYING_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        filters = [{"Name": "prefix", "Value": "AWSLogs/"}, {"Name": "suffix", "Value": ".json.gz"}]
        notification = {
            "QueueArn": pipeline.outputs["ingest_queue_arn"],
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": filters}},
        }
        s3.put_bucket_notification_configuration(
            Bucket=NOTIFYING_BUCKET, NotificationConfiguration={"QueueConfigurations": [notification]}
        )
        return NOTIFYING_BUCKET

    def test_what_is_deployed_is_proven_and_nothing_is_left(
        self, pipeline: Pipeline, notifying_bucket: str
    ) -> None:
        found = verified(pipeline, "--wait", "1")
        # What is others', and is not there: a bucket, and topics that nobody has subscribed the queue to.
        absent = {f"Log in {CENTRAL_LOGS}, announced by cloudtrail (eu-west-1)"}
        assert found.named(State.WRONG) == NOT_SUBSCRIBED
        assert found.named(State.UNPROVEN) == absent
        assert (found.well, found.code) == (False, 1)
        by_s3 = {f"Log in {notifying_bucket}, announced by S3 itself"}
        assert {*OWN, *by_s3, *ROUND_TRIP} <= found.named(State.WELL)
        assert "dead-lettered: LogCorrupt" in found.rows["Corrupt log"][1]
        assert len([name for name in found.rows if name.startswith("Alarm ")]) > 15
        assert left_behind(pipeline) == []

    def test_it_prints_a_table_and_can_be_told_to_send_nothing(self, pipeline: Pipeline) -> None:
        done = pipeline.run(COMMAND, "--env", "local", "--dry-run")
        assert done.returncode == 1
        assert re.search(r"^✗ Subscription to cloudtrail", done.stdout, re.MULTILINE)
        assert re.search(r"^✓ +Pipe +RUNNING, from trailsearch-local-ingest", done.stdout, re.MULTILINE)
        assert "Deleted again" not in done.stdout
        assert left_behind(pipeline) == []

    @pytest.mark.parametrize("what", BROKEN)
    def test_what_is_broken_on_purpose_is_the_row_that_is_wrong(self, pipeline: Pipeline, what: str) -> None:
        broken, row, said = BROKEN[what]
        with broken(pipeline):
            found = verified(pipeline, "--dry-run")
        # What the tests before have broken is well again.
        assert found.named(State.WRONG) - NOT_SUBSCRIBED == {row}
        assert said in found.rows[row][1]
        assert found.code == 1

    def test_what_is_mended_is_well(self, pipeline: Pipeline) -> None:
        assert verified(pipeline, "--dry-run").named(State.WRONG) == NOT_SUBSCRIBED

    def test_while_the_pipe_is_stopped_nothing_is_sent(self, pipeline: Pipeline) -> None:
        with stopped_pipe(pipeline):
            found = verified(pipeline, "--wait", "0.1")
        state, said = found.rows["Round trip"]
        assert state is State.UNPROVEN
        assert said.startswith("nothing is sent")
        assert left_behind(pipeline) == []

    def test_a_log_that_no_topic_announces_is_sent_to_the_queue_and_that_is_said(
        self, pipeline: Pipeline
    ) -> None:
        sns, topic = pipeline.client("sns"), pipeline.outputs["topic_arn"]
        subscription = pipeline.deployment.resources()["aws_sns_topic_subscription.ingest[0]"]
        sns.unsubscribe(SubscriptionArn=subscription["arn"])
        try:
            found = verified(pipeline, "--wait", "1")
        finally:
            pipeline.deployment.apply(lambda *_: None)
        row = f"Subscription to {topic.rpartition(':')[2]} (us-east-1)"
        assert found.named(State.WRONG) >= {row}
        assert "make plan shows it" in found.rows[row][1]
        (own,) = OWN
        assert found.rows[own][0] is State.UNPROVEN
        assert "sent to the ingest queue itself; 2 events found" in found.rows[own][1]
        assert found.rows["Redrive"][0] is State.WELL
        assert left_behind(pipeline) == []

    def test_where_others_listen_nothing_is_announced_to_them(self, pipeline: Pipeline) -> None:
        sqs, sns, topic = pipeline.client("sqs"), pipeline.client("sns"), pipeline.outputs["topic_arn"]
        url = sqs.create_queue(QueueName="of-others")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
        try:
            found = verified(pipeline, "--wait", "1")
        finally:
            sns.unsubscribe(SubscriptionArn=subscription)
        (own,) = OWN
        assert found.rows[own][0] is State.UNPROVEN
        assert f"with OTHERS=1, {arn} would get it from the topic, too" in found.rows[own][1]
        assert found.rows["Redrive"][0] is State.WELL
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        assert left_behind(pipeline) == []

    @pytest.mark.parametrize("interrupts", [1, 2])
    def test_what_is_interrupted_is_deleted_or_said_to_be_left(
        self, pipeline: Pipeline, interrupts: int
    ) -> None:
        s3, bucket = pipeline.client("s3"), pipeline.outputs["log_bucket_names"][0]
        with subprocess.Popen(
            [sys.executable, "-m", COMMAND, "--env", "local", "--json"],
            env=pipeline.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # As in a terminal: what runs in the background ignores it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        ) as process:
            while not any(
                MARK in each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])
            ):
                assert process.poll() is None
                time.sleep(0.05)
            for _ in range(interrupts):
                process.send_signal(signal.SIGINT)
                time.sleep(0.5)
            output, errors = process.communicate(timeout=300)
        assert "Traceback" not in errors
        found = read(output, process.returncode)
        assert found.code == 1
        assert found.rows["Interrupted"][0] is State.UNPROVEN
        state, said = found.rows["Deleted again"]
        if state is not State.WELL:
            assert said.startswith("left: ")
            assert interrupts == 2
        tested = pipeline.under_test()
        tested.wait_until_idle()
        if state is State.WELL:
            assert left_behind(pipeline) == []

    def test_the_statements_of_the_readme_let_whoever_verifies_and_nobody_do_more(
        self, pipeline: Pipeline
    ) -> None:
        if not INSTALLED.is_dir():
            pytest.skip("needs the npm tools: make setup")
        backend = pipeline.outputs["search_backend"]
        other = {"opensearch": "cloudsearch", "cloudsearch": "opensearch"}[backend]
        needed = [*verifier.needed(backend), *verifier.needed(other)]
        forbidden = list(verifier.forbidden())
        shown = list(statements(verifier.NAMES, OF_VERIFIER).values())
        policies = rendered(pipeline.deployment.resources())
        assert verifier.DELETES_EVENTS in shown
        assert _denied(policies, shown, needed) == []
        assert len(_denied(policies, shown, forbidden)) == len(forbidden)
        asked = [
            (statement["Sid"], [each for each in shown if each is not statement], request)
            for statement in shown
            for request in needed
            if any(fnmatchcase(request.action, action) for action in _actions(statement))
        ]
        results = allowed((_with(policies, rest), request) for _, rest, request in asked)
        noticed = {sid for (sid, *_), is_allowed in zip(asked, results, strict=True) if not is_allowed}
        assert noticed == {statement["Sid"] for statement in shown}

    def test_whoever_verifies_does_no_more_than_the_statements_of_the_readme_say(
        self, pipeline: Pipeline, notifying_bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in pipeline.variables.items():
            monkeypatch.setenv(name, value)
        _forget_clients()
        done: set[str] = set()

        def note(**called: Any) -> None:
            model = called["model"]
            done.add(_action(model.service_model.service_name, model.name, called["params"]))

        clients._session().register("before-call", note)
        try:
            result = CliRunner().invoke(verify, ["--env", "local", "--json", "--wait", "1"])
        finally:
            _forget_clients()
        assert read(result.stdout, result.exit_code).rows["Redrive"][0] is State.WELL
        # Who is asking, everybody may ask. To search, the search domain's own policy lets in.
        done -= {"sts:GetCallerIdentity", "cloudsearch:search"}
        in_table = {request.action for request in verifier.needed(pipeline.outputs["search_backend"])}
        by_key = {action for action in in_table if action.startswith(("kms:GenerateDataKey", "kms:Decrypt"))}
        # Not seen here: the REST API of an OpenSearch domain, which is no client of botocore's; a bucket without versions.
        unseen = {"es:ESHttpDelete", "s3:DeleteObject"}
        if pipeline.outputs["search_backend"] == "opensearch":
            unseen.add("cloudsearch:DescribeDomains")  # The domain is found before.
        assert done == in_table - by_key - unseen

    def test_a_policy_is_judged_as_the_iam_simulator_judges_it(self, pipeline: Pipeline) -> None:
        if not INSTALLED.is_dir():
            pytest.skip("needs the npm tools: make setup")
        from tests.iam import requests  # noqa: PLC0415

        policies = rendered(pipeline.deployment.resources())
        asked = [
            request
            for request in (*requests.needed(), *requests.forbidden())
            if request.who.endswith(".amazonaws.com") and request.resource in policies.resource
        ]
        judged = allowed((policies, request) for request in asked)
        context = {"aws:SecureTransport": "true"}
        ours = [
            decide(
                policies.resource[request.resource],
                Asked(
                    "Service", request.who, request.action, request.resource, {**context, **request.context}
                ),
            )
            for request in asked
        ]
        assert len(asked) > 50
        # What a condition is about, and the request does not say, decides nothing: of one that is let in, if it exists.
        found = list(zip(map(str, asked), ours, judged, strict=True))
        wrong = {Answer.ALLOWED: False, Answer.DENIED: True}
        assert [each for each, answer, right in found if wrong.get(answer) is right] == []
        unsure = [each for each, answer, right in found if right and answer is Answer.UNSURE]
        assert len(unsure) == 1
        assert "encrypts a log with the bucket key" in unsure[0]


def _with(policies: Policies, shown: list[Policy]) -> Policies:
    """The policies, with statements for whoever verifies."""
    statements = {"Version": "2012-10-17", "Statement": shown}
    return Policies({**policies.identity, verifier.VERIFIER: statements}, policies.resource)


def _actions(statement: Policy) -> list[str]:
    actions: str | list[str] = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def _denied(policies: Policies, shown: list[Policy], asked: list[Request]) -> list[str]:
    results = allowed((_with(policies, shown), request) for request in asked)
    return [str(request) for request, is_allowed in zip(asked, results, strict=True) if not is_allowed]


def _forget_clients() -> None:
    for made in vars(clients).values():
        if forget := getattr(made, "cache_clear", None):
            forget()


_PREFIXES = {
    "cloudsearchdomain": "cloudsearch",
    "monitoring": "cloudwatch",
    "opensearch": "es",
    "stepfunctions": "states",
}
_ACTIONS = {
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "cloudsearch:UploadDocuments": "cloudsearch:document",
    "cloudsearch:Search": "cloudsearch:search",
}


def _action(service: str, operation: str, params: Any) -> str:
    """The IAM action of an operation of botocore's."""
    name = operation.removesuffix("Batch")
    action = f"{_PREFIXES.get(service, service)}:{name}"
    if action == "s3:DeleteObject" and "versionId" in params["query_string"]:
        return "s3:DeleteObjectVersion"
    return _ACTIONS.get(action, action)
