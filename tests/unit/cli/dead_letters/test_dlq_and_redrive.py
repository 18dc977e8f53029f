import json
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError, ProxyConnectionError
from click.testing import CliRunner, Result

from tests.unit.cli.conftest import Deployed
from tests.workflow.samples import REFUSED_DOCUMENTS, UNREADABLE_LOG
from trailsearch.aws import clients
from trailsearch.cli import environment as looking
from trailsearch.cli.dead_letters import dead_letter_queue, move_task
from trailsearch.cli.dead_letters import redrive as redriving
from trailsearch.cli.dead_letters.dead_letter_queue import peek, send_back
from trailsearch.cli.dead_letters.dlq import dlq
from trailsearch.cli.dead_letters.redrive import redrive
from trailsearch.cli.environment import Environment
from trailsearch.page import behind

LOG = msgspec.json.encode(UNREADABLE_LOG).decode()
DOCUMENTS = msgspec.json.encode(REFUSED_DOCUMENTS).decode()
FAILED_EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:trailsearch-test-index-logs:failed"
EXECUTION = json.dumps(
    {
        "dead_letter": 1,
        "kind": "execution",
        "environment": "test",
        "execution": FAILED_EXECUTION,
        "failed_at": "2001-01-01T00:00:00Z",
        "error": {"Error": "FAILED"},
    }
)
ERROR = {"error": {"DataType": "String", "StringValue": '{"Error":"StorageAccessDenied","Cause":"no"}'}}
BODIES = [LOG, DOCUMENTS, EXECUTION, "a message that SQS moved", "a message whose step failed"]


@pytest.fixture(autouse=True)
def short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The local SQS has one server, which knows at once that a queue is empty."""
    monkeypatch.setattr(dead_letter_queue, "_LONG_POLL_SECONDS", 0)


@pytest.fixture
def waiting(deployed: Deployed) -> Deployed:
    """All forms that dead letters have."""
    for body in BODIES:
        attributes: Any = ERROR if "step" in body else {}
        deployed.sqs.send_message(
            QueueUrl=deployed.dead_letters, MessageBody=body, MessageAttributes=attributes
        )
    return deployed


def run(command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--env", "test", *arguments])


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return sorted(message["Body"] for message in messages)


def test_dlq_lists_every_form_and_consumes_nothing(waiting: Deployed) -> None:
    for _ in range(2):
        result = run(dlq, "--json")
        assert result.exit_code == 0
        letters = json.loads(result.output)
        assert sorted(letter["error"] for letter in letters) == [
            "DocumentRefused",
            "FAILED",
            "LogCorrupt",
            "NotificationUndelivered",
            "StorageAccessDenied",
        ]
        assert [letter["first_failed_at"] for letter in letters] == sorted(
            letter["first_failed_at"] for letter in letters
        )
    assert bodies(waiting.waiting(waiting.dead_letters)) == sorted(BODIES)


def test_dlq_prints_tables_by_kind_and_one_by_one(waiting: Deployed) -> None:
    output = run(dlq).output
    assert "5 waiting." in output
    for text in ("s3://logs/key", "LogCorrupt", "StorageAccessDenied", "has expired"):
        assert text in output


def test_dlq_says_how_many_wait_where_it_lists_fewer(waiting: Deployed) -> None:
    lines = run(dlq, "--limit", "2").output.splitlines()
    assert lines[-1] == "2 of 5 waiting."
    assert "Waiting" not in "".join(lines)


REFUSALS = [
    ClientError(
        {"Error": {"Code": "ExpiredToken", "Message": "The security token is expired"}}, "GetQueueUrl"
    ),
    ClientError({"Error": {"Code": "AccessDenied", "Message": "You may not"}}, "GetQueueUrl"),
    ProxyConnectionError(proxy_url="http://localhost:1"),
]


@pytest.mark.parametrize("command", [dlq, redrive])
@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: type(refusal).__name__)
def test_where_sqs_cannot_be_asked_nobody_is_told_to_deploy(
    monkeypatch: pytest.MonkeyPatch, deployed: Deployed, command: Any, refusal: Exception
) -> None:
    def refuse(**_request: object) -> None:
        raise refusal

    monkeypatch.setattr(clients.sqs(), "get_queue_url", refuse)
    result = run(command)
    assert result.exit_code == 1
    assert str(refusal) in result.output
    assert "make apply" not in result.output


@pytest.mark.parametrize("code", ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"])
def test_where_sqs_says_that_there_is_no_queue_it_is_told_how_to_deploy(
    monkeypatch: pytest.MonkeyPatch, deployed: Deployed, code: str
) -> None:
    def refuse(**_request: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "None"}}, "GetQueueUrl")

    monkeypatch.setattr(clients.sqs(), "get_queue_url", refuse)
    result = run(dlq)
    assert result.output.endswith(
        "\nDeploy it with: make apply ENV=test. Or is it one of dev, staging, prod?\n"
    )


def test_an_environment_that_there_is_may_be_in_another_region(
    monkeypatch: pytest.MonkeyPatch, deployed: Deployed
) -> None:
    monkeypatch.setattr(looking, "environments", lambda: ["dev", "test"])
    said = looking.Environment("test").what_to_do()
    assert said == "Deploy it with: make apply ENV=test. Or is it in another Region than us-east-1?"


def test_dlq_says_of_an_execution_where_it_ended_and_what_had_failed_before(deployed: Deployed) -> None:
    stepfunctions = boto3.client("stepfunctions")
    (machine,) = stepfunctions.list_state_machines()["stateMachines"]
    failed_before = {"messageId": "m", "body": LOG}
    arn = stepfunctions.start_execution(
        stateMachineArn=machine["stateMachineArn"], name="before", input=json.dumps([failed_before])
    )["executionArn"]
    body = EXECUTION.replace(FAILED_EXECUTION, arn)
    deployed.sqs.send_message(QueueUrl=deployed.dead_letters, MessageBody=body)
    (letter,) = json.loads(run(dlq, "--json").output)
    assert (letter["kind"], letter["state"], letter["environment"]) == ("execution", "Done", "test")
    assert letter["attempts"] == UNREADABLE_LOG.attempts + 1
    assert letter["first_failed_at"] == "2001-01-01T00:00:00Z"


def test_dlq_says_that_nothing_waits(deployed: Deployed) -> None:
    assert run(dlq).output == "Nothing waits in the dead-letter queue.\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--kind", "log"], [LOG]),
        (["--kind", "execution"], [EXECUTION]),
        (["--reason", "storageaccessdenied"], ["a message whose step failed"]),
        (["--reason", "s3://logs/key"], [LOG, DOCUMENTS]),
        (["--limit", "1"], [EXECUTION]),
    ],
)
def test_redrive_sends_what_is_selected_and_leaves_the_rest(
    waiting: Deployed, arguments: list[str], expected: list[str]
) -> None:
    result = run(redrive, "--no-wait", *arguments)
    assert result.exit_code == 0, result.output
    assert f"{len(expected)} sent back" in result.output
    assert bodies(waiting.waiting(waiting.ingest)) == sorted(expected)
    assert bodies(waiting.waiting(waiting.dead_letters)) == sorted(set(BODIES) - set(expected))


def test_redrive_keeps_the_attributes_of_messages(waiting: Deployed) -> None:
    run(redrive, "--no-wait", "--reason", "StorageAccessDenied")
    (message,) = waiting.waiting(waiting.ingest)
    assert message["MessageAttributes"] == ERROR


def test_redrive_without_a_filter_moves_everything_by_sqs_itself(waiting: Deployed) -> None:
    result = run(redrive, "--no-wait")
    assert "5 sent back" in result.output
    assert bodies(waiting.waiting(waiting.ingest)) == sorted(BODIES)
    assert waiting.waiting(waiting.dead_letters) == []
    tasks = waiting.sqs.list_message_move_tasks(
        SourceArn=waiting.sqs.get_queue_attributes(
            QueueUrl=waiting.dead_letters, AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
    )["Results"]
    assert tasks[0]["Status"] == "COMPLETED"


@pytest.mark.parametrize("arguments", [[], ["--kind", "log"]])
def test_what_sqs_took_more_than_once_is_redriven_once(waiting: Deployed, arguments: list[str]) -> None:
    for _ in range(2):
        put(waiting, LOG)
    expected = [LOG] if arguments else BODIES
    result = run(redrive, "--no-wait", *arguments)
    assert result.exit_code == 0, result.output
    assert f"{len(expected)} sent back" in result.output
    assert "Copies of them, deleted: 2." in result.output
    assert bodies(waiting.waiting(waiting.ingest)) == sorted(expected)
    assert bodies(waiting.waiting(waiting.dead_letters)) == sorted(set(BODIES) - set(expected))


def test_copies_of_what_is_not_selected_stay(waiting: Deployed) -> None:
    put(waiting, LOG)
    result = run(redrive, "--no-wait", "--reason", "StorageAccessDenied")
    assert "Copies" not in result.output
    assert bodies(waiting.waiting(waiting.dead_letters)).count(LOG) == 2


def test_what_is_sent_one_by_one_in_place_of_a_move_task_is_sent_once(
    waiting: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(waiting, EXECUTION)
    MoveTasks(monkeypatch, REFUSED, [])
    result = run(redrive, "--no-wait")
    assert "5 sent back" in result.output
    assert "Copies of them, deleted: 1." in result.output
    assert bodies(waiting.waiting(waiting.ingest)) == sorted(BODIES)


def test_the_page_says_which_of_those_chosen_are_gone_and_which_were_copies(waiting: Deployed) -> None:
    put(waiting, LOG)
    page = behind.Deployed(Environment("test"))
    chosen = [letter["id"] for letter in page.dead_letters()["letters"] if letter["kind"] == "log"]
    assert len(chosen) == 2
    assert page.redrive([*chosen, "gone"]) == {
        "redriven": 1,
        "notes": [
            "Copies of them, deleted: 1. SQS had taken the same message more than once.",
            "1 of those chosen is not there any more.",
        ],
    }


def test_a_dry_run_sends_nothing(waiting: Deployed) -> None:
    result = run(redrive, "--dry-run", "--kind", "log")
    assert "1 of 5 waiting." in result.output
    assert waiting.waiting(waiting.ingest) == []
    assert len(waiting.waiting(waiting.dead_letters)) == len(BODIES)


def test_nothing_is_lost_where_sqs_does_not_take_a_message(
    waiting: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = Environment("test").dead_letter_queue(), Environment("test").ingest_queue()
    send = target.client.send_message_batch

    def send_all_but_the_first(**request: Any) -> Any:
        return send(**(request | {"Entries": request["Entries"][1:]})) | {
            "Failed": [{"Id": "0", "SenderFault": True}]
        }

    monkeypatch.setattr(target.client, "send_message_batch", send_all_but_the_first)
    with peek(source) as received:
        assert sum(send_back(received, source, target)) == len(BODIES) - 1
    sent, left = waiting.waiting(waiting.ingest), waiting.waiting(waiting.dead_letters)
    assert len(left) == 1
    assert bodies(sent + left) == sorted(BODIES)


def test_messages_are_visible_again_after_an_interruption(waiting: Deployed) -> None:
    with pytest.raises(KeyboardInterrupt), peek(Environment("test").dead_letter_queue()):
        raise KeyboardInterrupt
    assert len(waiting.waiting(waiting.dead_letters)) == len(BODIES)


@pytest.mark.parametrize(
    ("arguments", "filters"),
    [
        (["--kind", "batch"], "KIND=batch"),
        (["--kind", "log", "--reason", "nothing like it"], "KIND=log REASON=nothing like it"),
    ],
)
def test_where_nothing_is_selected_nothing_is_sent_nor_waited_for(
    waiting: Deployed, arguments: list[str], filters: str
) -> None:
    result = run(redrive, *arguments)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"None of 5 that wait matches {filters}.",
        "0 sent back to the ingest queue.",
    ]
    assert len(waiting.waiting(waiting.dead_letters)) == len(BODIES)


@pytest.mark.parametrize("arguments", [[dlq], [redrive, "--dry-run"]])
def test_what_no_filter_matches_is_not_nothing(waiting: Deployed, arguments: list[Any]) -> None:
    result = run(*arguments, "--reason", "nothing like it")
    assert result.exit_code == 0
    assert result.output == "None of 5 that wait matches REASON=nothing like it.\n"


def test_machines_are_told_an_empty_list_where_no_filter_matches(waiting: Deployed) -> None:
    result = run(dlq, "--json", "--kind", "batch")
    assert json.loads(result.stdout) == []
    assert result.stderr == "None of 5 that wait matches KIND=batch.\n"


@pytest.mark.parametrize("command", [dlq, redrive])
def test_an_unknown_environment_is_named(deployed: Deployed, command: Any) -> None:
    result = CliRunner().invoke(command, ["--env", "nowhere"])
    assert result.exit_code == 1
    assert "trailsearch-nowhere-dead-letter" in result.output


def put(deployed: Deployed, body: str, **attributes: str) -> None:
    """Send to the dead-letter queue."""
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    deployed.sqs.send_message(QueueUrl=deployed.dead_letters, MessageBody=body, MessageAttributes=typed)


def test_what_looks_like_markup_is_printed_as_it_is(deployed: Deployed) -> None:
    put(deployed, "[red]closing[/tag]", error='{"Error":"[/e]","Cause":"[bold]"}')
    result = run(dlq)
    assert result.exit_code == 0, result.exception
    for text in ("[red]closing[/tag]", "[/e]: [bold]"):
        assert text in result.output


def test_machines_are_told_too_that_a_batch_has_expired(waiting: Deployed) -> None:
    expired = {letter["kind"]: letter["expired"] for letter in json.loads(run(dlq, "--json").output)}
    assert (expired["documents"], expired["execution"], expired["log"]) == (True, True, None)


@pytest.fixture
def boom(deployed: Deployed) -> str:
    """A dead letter about an execution, which alone says that it failed with ``Boom``. Gives its ARN."""
    stepfunctions = boto3.client("stepfunctions")
    fails = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "Boom", "Cause": "It broke"}}}
    machine = stepfunctions.create_state_machine(
        name="fails", definition=json.dumps(fails), roleArn="arn:aws:iam::123456789012:role/r"
    )
    execution = stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    put(deployed, EXECUTION.replace(FAILED_EXECUTION, execution))
    return execution


@pytest.mark.parametrize(
    "arguments", [[], ["--reason", "boom"], ["--reason", "it broke", "--kind", "execution"]]
)
def test_dlq_says_why_an_execution_failed(deployed: Deployed, boom: str, arguments: list[str]) -> None:
    put(deployed, LOG)
    letters = json.loads(run(dlq, "--json", *arguments).output)
    (letter,) = (letter for letter in letters if letter["kind"] == "execution")
    assert len(letters) == (1 if arguments else 2)
    assert (letter["subject"], letter["expired"]) == (boom, False)
    assert (letter["error"], letter["reason"]) == ("Boom", "It broke")


def test_an_execution_is_redriven_by_why_it_failed(deployed: Deployed, boom: str) -> None:
    put(deployed, LOG)
    assert "1 of 2 waiting." in run(redrive, "--dry-run", "--reason", "Boom").output
    assert "1 sent back" in run(redrive, "--no-wait", "--reason", "Boom").output
    assert bodies(deployed.waiting(deployed.ingest)) == [EXECUTION.replace(FAILED_EXECUTION, boom)]
    assert bodies(deployed.waiting(deployed.dead_letters)) == [LOG]


def test_what_another_reader_hides_is_not_nothing(deployed: Deployed) -> None:
    put(deployed, "hidden")
    (message,) = deployed.sqs.receive_message(QueueUrl=deployed.dead_letters, VisibilityTimeout=60)[
        "Messages"
    ]
    result = run(dlq)
    deployed.sqs.change_message_visibility(
        QueueUrl=deployed.dead_letters, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
    )
    assert "Nothing waits" not in result.output
    assert "About 1 more cannot be seen now" in result.output


def test_ctrl_c_while_messages_are_received_hides_none(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(25):
        put(deployed, str(number))
    queue = Environment("test").dead_letter_queue()
    receive = queue.client.receive_message

    def interrupted(**request: Any) -> Any:
        answer = receive(**request)
        os.kill(os.getpid(), signal.SIGINT)
        return answer

    monkeypatch.setattr(queue.client, "receive_message", interrupted)
    with pytest.raises(KeyboardInterrupt), peek(queue):
        pass
    assert len(deployed.waiting(deployed.dead_letters)) == 25


def test_ctrl_c_while_messages_are_sent_leaves_none_in_both_queues(
    waiting: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = Environment("test").dead_letter_queue(), Environment("test").ingest_queue()
    send = target.client.send_message_batch

    def interrupted(**request: Any) -> Any:
        answer = send(**request)
        os.kill(os.getpid(), signal.SIGINT)
        return answer

    monkeypatch.setattr(target.client, "send_message_batch", interrupted)
    with pytest.raises(KeyboardInterrupt), peek(source) as received:
        list(send_back(received[:2], source, target))
    sent, left = waiting.waiting(waiting.ingest), waiting.waiting(waiting.dead_letters)
    assert (len(sent), bodies(sent + left)) == (2, sorted(BODIES))


def test_what_fails_in_sqs_is_sent_once_more(waiting: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letter_queue, "_RETRY_PAUSES_SECONDS", (0.0,))
    source, target = Environment("test").dead_letter_queue(), Environment("test").ingest_queue()
    send, requests = target.client.send_message_batch, []

    def fail_the_first(**request: Any) -> Any:
        requests.append(len(request["Entries"]))
        if len(requests) > 1:
            return send(**request)
        first, *others = request["Entries"]
        return send(**(request | {"Entries": others})) | {
            "Failed": [{"Id": first["Id"], "SenderFault": False}]
        }

    monkeypatch.setattr(target.client, "send_message_batch", fail_the_first)
    with peek(source) as received:
        assert list(send_back(received, source, target)) == [len(BODIES)]
    assert requests == [len(BODIES), 1]
    assert bodies(waiting.waiting(waiting.ingest)) == sorted(BODIES)
    assert waiting.waiting(waiting.dead_letters) == []


def test_the_trace_of_a_message_is_kept(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    deployed.sqs.send_message(
        QueueUrl=deployed.dead_letters,
        MessageBody="traced",
        MessageSystemAttributes={"AWSTraceHeader": trace},
    )
    source, target = Environment("test").dead_letter_queue(), Environment("test").ingest_queue()
    send, entries = target.client.send_message_batch, []

    def record(**request: Any) -> Any:
        entries.extend(request["Entries"])
        return send(**request)

    # moto takes this attribute, and loses it where several messages are sent at once.
    monkeypatch.setattr(target.client, "send_message_batch", record)
    with peek(source) as received:
        list(send_back(received, source, target))
    assert [entry["MessageSystemAttributes"] for entry in entries] == [{"AWSTraceHeader": trace}]


def meanwhile(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    """Let something take place while a redrive waits for its executions."""
    monkeypatch.setattr(redriving, "wait_until_idle", lambda *_arguments, **_options: what())


@pytest.mark.parametrize("arguments", [[], ["--kind", "log"]])
@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param({}, id="SQS moved it"),
        pytest.param(
            {"error": '{"Error":"Sandbox.Timedout"}', "failed_at": "2026-01-01T00:00:00Z"},
            id="its step failed",
        ),
    ],
)
def test_what_comes_back_with_its_old_body_has_come_back(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, attributes: dict[str, str], arguments: list[str]
) -> None:
    """SQS's own time counts: neither a body that is years old nor the clock of this machine."""
    put(deployed, LOG)

    def come_back() -> None:
        for message in deployed.waiting(deployed.ingest):
            put(deployed, message["Body"], **attributes)

    meanwhile(monkeypatch, come_back)
    result = run(redrive, *arguments)
    assert result.exit_code == 1, result.output
    assert "Came back" in result.output


def test_what_was_not_sent_has_not_come_back(waiting: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(monkeypatch, lambda: None)
    result = run(redrive, "--kind", "log")
    assert result.exit_code == 0, result.output
    assert "Nothing came back." in result.output


def test_a_failed_execution_whose_event_is_under_way_is_no_success(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(deployed, LOG)
    monkeypatch.setattr(clients, "stepfunctions", FailedExecutions)
    meanwhile(monkeypatch, lambda: None)
    result = run(redrive, "--kind", "log")
    assert result.exit_code == 1, result.output
    assert "1 TIMED_OUT" in result.output


class FailedExecutions:
    """Step Functions with one execution, which timed out just now."""

    def get_paginator(self, _operation: str) -> "FailedExecutions":
        return self

    def paginate(self, **_request: str) -> list[Any]:
        execution = {"executionArn": "arn", "status": "TIMED_OUT", "startDate": datetime.now(UTC)}
        return [{"executions": [execution]}]

    def describe_execution(self, **_request: str) -> dict[str, str]:
        return {"input": json.dumps([{"messageId": "1", "body": LOG}])}


def test_what_sqs_does_not_take_is_no_success(waiting: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redriving, "send_back", lambda *_arguments: iter([0]))
    result = run(redrive, "--kind", "log")
    assert result.exit_code == 1
    assert "SQS did not take 1" in result.output


class MoveTasks:
    """Message move tasks of a client: what starts one answers or raises, and what is listed, look by look; the last stays."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, start: Any, *looks: list[dict[str, Any]]) -> None:
        self.start, self.looks = start, list(looks)
        monkeypatch.setattr(move_task, "_POLL_SECONDS", 0)
        queue = Environment("test").dead_letter_queue()
        monkeypatch.setattr(queue.client, "start_message_move_task", self._start)
        monkeypatch.setattr(queue.client, "list_message_move_tasks", self._list)
        monkeypatch.setattr(Environment, "dead_letter_queue", lambda _environment: queue)

    def _start(self, **_request: str) -> Any:
        if isinstance(self.start, ClientError):
            raise self.start
        if callable(self.start):
            self.start()
        return {"TaskHandle": "ours"}

    def _list(self, **_request: object) -> Any:
        return {"Results": self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]}


def task(status: str, moved: int, started: int = 200, **more: Any) -> dict[str, Any]:
    return {"Status": status, "ApproximateNumberOfMessagesMoved": moved, "StartedTimestamp": started, **more}


EARLIER = task("COMPLETED", 1_000, 100)


def moving(deployed: Deployed, how_many: int) -> Callable[[], None]:
    """Let SQS move some messages, whatever it says of it."""

    def move() -> None:
        for message in deployed.sqs.receive_message(
            QueueUrl=deployed.dead_letters, MaxNumberOfMessages=how_many
        )["Messages"]:
            deployed.sqs.send_message(QueueUrl=deployed.ingest, MessageBody=message["Body"])
            deployed.sqs.delete_message(
                QueueUrl=deployed.dead_letters, ReceiptHandle=message["ReceiptHandle"]
            )

    return move


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param([[EARLIER], [EARLIER], [task("COMPLETED", 5), EARLIER]], id="not listed at once"),
        pytest.param(
            [[], [task("RUNNING", 0, TaskHandle="ours")], [task("RUNNING", 9, 300), task("COMPLETED", 5)]],
            id="another after it",
        ),
        pytest.param(
            [[], [task("COMPLETED", 0)], [task("COMPLETED", 2)], [task("COMPLETED", 5)]],
            id="counted late",
        ),
        pytest.param([[], [task("COMPLETED", 3)]], id="never counted"),
        pytest.param(
            [[], [task("COMPLETED", 0, ApproximateNumberOfMessagesToMove=0)]], id="not counted at all"
        ),
    ],
)
def test_what_a_move_task_moved_is_said_however_sqs_counts_and_lists_it(
    waiting: Deployed, monkeypatch: pytest.MonkeyPatch, looks: list[list[dict[str, Any]]]
) -> None:
    MoveTasks(monkeypatch, moving(waiting, 10), *looks)
    result = run(redrive, "--no-wait")
    assert result.exit_code == 0, result.output
    assert "5 sent back" in result.output
    assert "did not take" not in result.output


def test_what_a_move_task_leaves_is_said(waiting: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    MoveTasks(monkeypatch, moving(waiting, 3), [EARLIER], [task("COMPLETED", 3), EARLIER])
    result = run(redrive, "--no-wait")
    assert result.exit_code == 1, result.output
    assert "3 sent back" in result.output
    assert "SQS did not take 2" in result.output


REFUSED = ClientError(
    {"Error": {"Code": "AWS.SimpleQueueService.UnsupportedOperation", "Message": "Not from SNS"}}, "Start"
)


def test_what_sqs_does_not_start_to_move_is_sent(waiting: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    MoveTasks(monkeypatch, REFUSED, [])
    result = run(redrive, "--no-wait")
    assert result.exit_code == 0, result.output
    assert "5 sent back" in result.output
    assert "Not from SNS" in result.output
    assert bodies(waiting.waiting(waiting.ingest)) == sorted(BODIES)
    assert waiting.waiting(waiting.dead_letters) == []


def test_what_a_move_task_leaves_when_it_fails_is_sent(
    waiting: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = task("FAILED", 2, FailureReason="CouldNotDetermineMessageSource")
    MoveTasks(monkeypatch, moving(waiting, 2), [], [failed])
    result = run(redrive, "--no-wait")
    assert result.exit_code == 0, result.output
    assert "5 sent back" in result.output
    assert "CouldNotDetermineMessageSource" in result.output
    assert bodies(waiting.waiting(waiting.ingest)) == sorted(BODIES)
    assert waiting.waiting(waiting.dead_letters) == []


@pytest.mark.parametrize(
    ("listed", "says"),
    [([task("CANCELLED", 1)], "cancelled the task"), ([EARLIER], "does not list the task")],
)
def test_a_move_task_that_somebody_cancelled_or_nobody_lists_is_no_success(
    waiting: Deployed, monkeypatch: pytest.MonkeyPatch, listed: list[dict[str, Any]], says: str
) -> None:
    MoveTasks(monkeypatch, None, [EARLIER], listed)
    result = run(redrive, "--no-wait")
    assert result.exit_code == 1
    assert says in result.output


def test_reading_ends_where_sqs_gives_the_same_again(
    waiting: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does once reading takes longer than messages are hidden."""
    monkeypatch.setattr(dead_letter_queue, "HIDDEN_SECONDS", 0)
    with peek(Environment("test").dead_letter_queue()) as received:
        assert sorted(found.message["Body"] for found in received) == sorted(BODIES)
    assert received.complete


def test_a_list_that_takes_too_long_to_read_says_that_it_is_not_all(
    waiting: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letter_queue, "READING_SECONDS", -1)
    for command in (dlq, redrive):
        result = run(command, "--kind", "log")
        assert "This is not all" in result.stderr
    assert len(waiting.waiting(waiting.dead_letters)) == len(BODIES)


def fail_to_make_visible(
    monkeypatch: pytest.MonkeyPatch, fails: Callable[[int, dict[str, Any]], Any]
) -> list[int]:
    """Let ChangeMessageVisibilityBatch do what ``fails`` answers or raises, by number of the request."""
    monkeypatch.setattr(dead_letter_queue, "_RETRY_PAUSES_SECONDS", (0.0, 0.0))
    queue = Environment("test").dead_letter_queue()
    change, requests = queue.client.change_message_visibility_batch, []

    def answer(**request: Any) -> Any:
        requests.append(len(request["Entries"]))
        return fails(len(requests), request) or change(**request)

    monkeypatch.setattr(queue.client, "change_message_visibility_batch", answer)
    monkeypatch.setattr(Environment, "dead_letter_queue", lambda _environment: queue)
    return requests


def failed(request: dict[str, Any], *, sender_fault: bool) -> dict[str, Any]:
    return {"Failed": [{"Id": each["Id"], "SenderFault": sender_fault} for each in request["Entries"]]}


def test_what_sqs_does_not_make_visible_at_once_is_tried_again(
    waiting: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = fail_to_make_visible(
        monkeypatch, lambda number, request: failed(request, sender_fault=False) if number == 1 else None
    )
    result = run(dlq)
    assert requests == [len(BODIES)] * 2
    assert result.stderr == ""
    assert len(waiting.waiting(waiting.dead_letters)) == len(BODIES)


def test_one_failed_request_leaves_the_others_visible(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(25):
        put(deployed, str(number))

    def deny(number: int, _request: dict[str, Any]) -> None:
        if number == 1:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "ChangeMessageVisibilityBatch")

    fail_to_make_visible(monkeypatch, deny)
    with peek(Environment("test").dead_letter_queue()) as received:
        handles = [found.message["ReceiptHandle"] for found in received]
    assert len(received.still_hidden) == 10
    assert len(deployed.waiting(deployed.dead_letters)) == 15
    for handle in handles:
        deployed.sqs.delete_message(QueueUrl=deployed.dead_letters, ReceiptHandle=handle)


def test_a_redrive_that_leaves_out_what_stays_hidden_is_no_success(
    waiting: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden: list[dict[str, Any]] = []

    def fail_some(_number: int, request: dict[str, Any]) -> Any:
        if len(request["Entries"]) == len(BODIES):
            hidden.extend(request["Entries"][:2])
            waiting.sqs.change_message_visibility_batch(
                QueueUrl=waiting.dead_letters, Entries=request["Entries"][2:]
            )
        return failed(request | {"Entries": hidden}, sender_fault=False)

    fail_to_make_visible(monkeypatch, fail_some)
    result = run(redrive, "--no-wait")
    assert result.exit_code == 1
    assert "SQS did not make 2 visible again" in result.stderr
    assert "3 sent back" in result.output
    assert "SQS did not take 2" in result.output
    assert len(waiting.waiting(waiting.ingest)) == 3
    for entry in hidden:
        waiting.sqs.delete_message(QueueUrl=waiting.dead_letters, ReceiptHandle=entry["ReceiptHandle"])


def test_what_was_deleted_meanwhile_is_not_hidden(waiting: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_to_make_visible(monkeypatch, lambda _number, request: failed(request, sender_fault=True))
    with peek(Environment("test").dead_letter_queue()) as received:
        for found in received:
            waiting.sqs.delete_message(
                QueueUrl=waiting.dead_letters, ReceiptHandle=found.message["ReceiptHandle"]
            )
    assert received.still_hidden == frozenset()
