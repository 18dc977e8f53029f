import itertools
import json
from typing import Any

from tests.unit.local_cloud.conftest import Client
from tests.unit.local_cloud.services.awslambda.lambda_package import HANDLER, package
from tests.unit.local_cloud.waiting import becomes_true

ROLE = "arn:aws:iam::123456789012:role/pipe"
FIRE_AND_FORGET = {"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}}
PASS = json.dumps({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})

numbers = itertools.count()


class Pipeline:
    """A queue, a pipe and a state machine whose executions succeed with their input as output."""

    def __init__(
        self, client: Client, batch_size: int, window_seconds: int, visibility_seconds: int = 60
    ) -> None:
        self.name = f"pipe-{next(numbers)}"
        self.sqs, self.pipes, self.stepfunctions = client("sqs"), client("pipes"), client("stepfunctions")
        self.iam, self.functions = client("iam"), client("lambda")
        attributes = {"VisibilityTimeout": str(visibility_seconds)}
        self.url = self.sqs.create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]
        self.state_machine_arn = self.stepfunctions.create_state_machine(
            name=self.name, definition=PASS, roleArn=ROLE
        )["stateMachineArn"]
        self.parameters = {
            "SqsQueueParameters": {"BatchSize": batch_size, "MaximumBatchingWindowInSeconds": window_seconds}
        }

    def create(self, **changes: Any) -> None:
        self.pipes.create_pipe(
            Name=self.name,
            Source=self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])[
                "Attributes"
            ]["QueueArn"],
            Target=self.state_machine_arn,
            RoleArn=ROLE,
            SourceParameters=self.parameters,
            **{"TargetParameters": FIRE_AND_FORGET} | changes,
        )

    def enrichment(self, source: str) -> str:
        """Make a function of Python source; return its ARN."""
        role = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        made = self.functions.create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Role=role,
            Handler=HANDLER,
            Code={"ZipFile": package(source)},
        )
        return str(made["FunctionArn"])

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def inputs(self) -> list[list[str]]:
        """Return the bodies that each execution was given, earliest first."""
        executions = self.stepfunctions.list_executions(stateMachineArn=self.state_machine_arn)["executions"]
        described = [
            self.stepfunctions.describe_execution(executionArn=e["executionArn"]) for e in executions
        ]
        return [
            [record["body"] for record in json.loads(execution["input"])] for execution in reversed(described)
        ]

    def in_queue(self) -> tuple[int, int]:
        """Return how many messages are visible and how many are in flight."""
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"]), int(
            attributes["ApproximateNumberOfMessagesNotVisible"]
        )


def test_every_message_starts_an_execution_and_is_deleted(client: Client) -> None:
    pipeline = Pipeline(client, batch_size=1, window_seconds=0)
    pipeline.create()
    pipeline.send("a", "b", "c")

    assert becomes_true(lambda: pipeline.inputs() == [["a"], ["b"], ["c"]])
    assert becomes_true(lambda: pipeline.in_queue() == (0, 0))


def test_a_window_gathers_messages_into_one_execution(client: Client) -> None:
    pipeline = Pipeline(client, batch_size=12, window_seconds=2)
    bodies = [str(number) for number in range(12)]
    pipeline.send(*bodies)
    pipeline.create()

    assert becomes_true(lambda: pipeline.inputs() == [bodies])
    assert becomes_true(lambda: pipeline.in_queue() == (0, 0))


def test_messages_of_an_execution_that_cannot_be_started_stay(client: Client) -> None:
    pipeline = Pipeline(client, batch_size=1, window_seconds=0)
    pipeline.send("a")
    pipeline.stepfunctions.delete_state_machine(stateMachineArn=pipeline.state_machine_arn)
    pipeline.create()

    assert becomes_true(lambda: pipeline.in_queue() == (0, 1))


def test_a_stopped_pipe_takes_no_messages_until_it_is_started(client: Client) -> None:
    pipeline = Pipeline(client, batch_size=1, window_seconds=0)
    pipeline.create(DesiredState="STOPPED")
    pipeline.send("a")
    assert not becomes_true(lambda: pipeline.in_queue() != (1, 0), seconds=1.5)

    pipeline.pipes.update_pipe(Name=pipeline.name, RoleArn=ROLE, DesiredState="RUNNING")
    assert becomes_true(lambda: pipeline.inputs() == [["a"]])


def test_a_pipe_that_cannot_be_run_says_so(client: Client) -> None:
    pipeline = Pipeline(client, batch_size=1, window_seconds=0)
    pipeline.create(TargetParameters=FIRE_AND_FORGET | {"InputTemplate": "{}"})

    def described() -> dict[str, Any]:
        answer: dict[str, Any] = pipeline.pipes.describe_pipe(Name=pipeline.name)
        return answer

    assert becomes_true(lambda: described()["CurrentState"] == "START_FAILED")
    assert "does not run an InputTemplate" in described()["StateReason"]


def test_a_batch_is_handed_to_its_target_as_its_enrichment_gives_it(client: Client) -> None:
    pipeline = Pipeline(client, batch_size=3, window_seconds=2)
    source = (
        "def handler(records, context):\n    return [r | {'body': r['body'].upper()} for r in records[:2]]\n"
    )
    pipeline.send("a", "b", "c")
    pipeline.create(Enrichment=pipeline.enrichment(source))

    assert becomes_true(lambda: pipeline.inputs() == [["A", "B"]])
    assert becomes_true(lambda: pipeline.in_queue() == (0, 0))


def test_nothing_starts_where_an_enrichment_gives_nothing(client: Client) -> None:
    pipeline = Pipeline(client, batch_size=1, window_seconds=0)
    pipeline.create(Enrichment=pipeline.enrichment("def handler(records, context):\n    return []\n"))
    pipeline.send("a")

    assert becomes_true(lambda: pipeline.in_queue() == (0, 0))
    assert pipeline.inputs() == []


def test_messages_on_which_the_enrichment_fails_stay(client: Client) -> None:
    pipeline = Pipeline(client, batch_size=1, window_seconds=0)
    pipeline.create(Enrichment=pipeline.enrichment("def handler(records, context):\n    raise ValueError\n"))
    pipeline.send("a")

    assert becomes_true(lambda: pipeline.in_queue() == (0, 1))
    assert pipeline.inputs() == []


def test_a_batch_that_is_no_input_of_an_execution_comes_back_as_a_batch(client: Client) -> None:
    """As on AWS: one large message holds up those beside it, unless something sees to that."""
    pipeline = Pipeline(client, batch_size=3, window_seconds=2, visibility_seconds=3)
    pipeline.send("a", "x" * 262_000, "b")
    pipeline.create()

    assert becomes_true(lambda: pipeline.in_queue() == (0, 3))
    assert becomes_true(lambda: pipeline.in_queue() == (3, 0))
    assert pipeline.inputs() == []


def test_a_batch_ends_where_the_payload_of_an_invocation_does(client: Client) -> None:
    pipeline = Pipeline(client, batch_size=10, window_seconds=1)
    source = "def handler(records, context):\n    return [r | {'body': r['body'][0]} for r in records]\n"
    pipeline.send(*(f"{number}{'x' * 1_000_000}" for number in range(8)))
    pipeline.create(Enrichment=pipeline.enrichment(source))

    assert becomes_true(lambda: len(list(itertools.chain(*pipeline.inputs()))) == 8)
    assert [len(each) for each in pipeline.inputs()] == [6, 2]
    assert becomes_true(lambda: pipeline.in_queue() == (0, 0))
