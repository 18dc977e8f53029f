"""Executions that end as their workflow does not mean them to, by a rule as Trailsearch's, to a queue."""

import itertools
import json
from typing import Any

from tests.unit.local_cloud.conftest import Client
from tests.unit.local_cloud.waiting import becomes_true

ROLE = "arn:aws:iam::123456789012:role/workflow"
INPUT = json.dumps([{"body": "<time> <id> \N{SNOWMAN}"}], ensure_ascii=False)
FAILED = {"status": ["FAILED"], "error": [{"exists": False}, None, {"anything-but": ["DeadLettered"]}]}
ENDS = {"$or": [{"status": ["TIMED_OUT", "ABORTED"]}, FAILED]}

names = (f"fails-{number}" for number in itertools.count())


class Machine:
    """A state machine of one state, and a queue that a rule sends its failed executions to."""

    def __init__(
        self,
        client: Client,
        state: dict[str, Any],
        transformer: dict[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        self.stepfunctions, self.sqs = client("stepfunctions"), client("sqs")
        events, name = client("events"), next(names)
        definition = json.dumps({"StartAt": "Only", "States": {"Only": state}, **fields})
        machine = self.stepfunctions.create_state_machine(name=name, definition=definition, roleArn=ROLE)
        self.arn = machine["stateMachineArn"]
        self.queue = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        detail = {"stateMachineArn": [self.arn], **ENDS}
        events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.states"], "detail": detail}))
        target: dict[str, Any] = {"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}
        if transformer:
            target["InputTransformer"] = transformer
        events.put_targets(Rule=name, Targets=[target])

    def start(self) -> str:
        arn: str = self.stepfunctions.start_execution(stateMachineArn=self.arn, input=INPUT)["executionArn"]
        return arn

    def describe(self, execution: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.stepfunctions.describe_execution(executionArn=execution)
        return answer

    def ends(self, execution: str) -> bool:
        return becomes_true(lambda: self.describe(execution)["status"] != "RUNNING")

    def events(self) -> list[dict[str, Any]]:
        messages = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        return [json.loads(message["Body"]) for message in messages.get("Messages", [])]
