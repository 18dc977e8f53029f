"""The deployed pipeline under test, and what is asked of it."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import boto3

from tests.chaos.backends import BACKENDS
from tests.local_cloud.faults import FaultControl
from tests.local_cloud.pipeline.idle import messages_in, wait_until_idle
from tests.local_cloud.services.opensearch import OpenSearchControl
from trailsearch.cli.package import FUNCTIONS
from trailsearch.search import Backend, SearchSettings, search_backend
from trailsearch.search.queries import MAX_PAGE, Query

# Step Functions would wait up to two minutes before a retry, and in a Wait state.
WAIT_FACTOR = 0.005
REDRIVE_SECONDS = 180
IDLE_SECONDS = 600
# Two looks half a second apart: what is between the queue and an execution is in flight in the queue meanwhile.
QUIET_POLLS = 2
_POLL_SECONDS = 0.1
_OF_THE_DOMAIN = frozenset({"SearchThrottled", "SearchUnavailable"})
# What a domain is made with again, of what it is described by.
_OF_A_DOMAIN = (
    "DomainName",
    "EngineVersion",
    "ClusterConfig",
    "EBSOptions",
    "AccessPolicies",
    "EncryptionAtRestOptions",
    "NodeToNodeEncryptionOptions",
    "DomainEndpointOptions",
)


class Pipeline:
    """One deployment in a local cloud, which serves all runs, one after the other."""

    def __init__(
        self, session: boto3.Session, variables: Mapping[str, str], outputs: Mapping[str, Any]
    ) -> None:
        """Take how to reach the local cloud, the environment variables by which programs reach it, and the outputs of the deployment."""
        self.endpoint_url = endpoint_url = variables["AWS_ENDPOINT_URL"]
        self._variables = {**variables, "PYTHONPATH": str(FUNCTIONS)}
        self.outputs = outputs
        self.s3 = session.client("s3", endpoint_url=endpoint_url)
        self.sns = session.client("sns", endpoint_url=endpoint_url)
        self.sqs = session.client("sqs", endpoint_url=endpoint_url)
        self.stepfunctions = session.client("stepfunctions", endpoint_url=endpoint_url)
        self.cloudwatch = session.client("cloudwatch", endpoint_url=endpoint_url)
        self._functions = session.client("lambda", endpoint_url=endpoint_url)
        self._opensearch = session.client("opensearch", endpoint_url=endpoint_url)
        self._deleted_domain: dict[str, Any] = {}
        self.backend = Backend(outputs["search_backend"])
        self.prefix: str = outputs["search_domain_name"]
        self.domain = search_backend(SearchSettings(self.backend, self.prefix)).domain(
            outputs["search_endpoint"]
        )
        self.engine = OpenSearchControl(endpoint_url)
        self.faults = FaultControl(endpoint_url)
        self.log_bucket: str = outputs["log_bucket_names"][0]
        self.dead_letter_queue: str = outputs["dead_letter_queue_url"]

    def announce(self, message: str) -> None:
        """Publish a notification as CloudTrail does."""
        self.sns.publish(TopicArn=self.outputs["topic_arn"], Message=message)

    def wait_until_idle(self) -> None:
        """Wait until nothing is in the ingest queue and no execution is running.

        Raises:
            NotIdle: that was not so within ten minutes.
        """
        wait_until_idle(self.sqs, self.stepfunctions, self.outputs, IDLE_SECONDS, QUIET_POLLS)

    def waiting_messages(self) -> int:
        """How many messages are in the ingest queue, in flight or not."""
        return messages_in(self.sqs, self.outputs["ingest_queue_url"])

    def running_executions(self) -> list[str]:
        """The ARNs of the executions that are running."""
        answer = self.stepfunctions.list_executions(
            stateMachineArn=self.outputs["state_machine_arn"], statusFilter="RUNNING"
        )
        return [execution["executionArn"] for execution in answer["executions"]]

    def executions(self) -> list[str]:
        """The ARNs of all executions, the newest first."""
        pages = self.stepfunctions.get_paginator("list_executions").paginate(
            stateMachineArn=self.outputs["state_machine_arn"]
        )
        return [execution["executionArn"] for page in pages for execution in page["executions"]]

    def entered_states(self, execution_arn: str) -> Iterator[tuple[str, str]]:
        """Give name and input of the states that an execution has entered, in order."""
        pages = self.stepfunctions.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
        for page in pages:
            for event in page["events"]:
                if entered := event.get("stateEnteredEventDetails"):
                    yield entered["name"], entered["input"]

    def show_all(self) -> None:
        """Make all that the domain has taken found; a CloudSearch domain shows it at once."""
        if self.backend is Backend.OPENSEARCH:
            self.engine.ask_engine("POST", f"/{self.prefix}-events-*/_refresh")

    def failed_uploads(self) -> int:
        """How often Index Batch has failed in the executions that are running, for what the search domain did."""
        return sum(
            details.get("error") in _OF_THE_DOMAIN
            for arn in self.running_executions()
            for page in self.stepfunctions.get_paginator("get_execution_history").paginate(executionArn=arn)
            for event in page["events"]
            for details in event.values()
            if isinstance(details, dict)
        )

    def delete_domain(self) -> None:
        """Delete the OpenSearch domain with all that it holds."""
        found = self._opensearch.describe_domain(DomainName=self.prefix)["DomainStatus"]
        self._deleted_domain = {name: found[name] for name in _OF_A_DOMAIN if name in found}
        self._opensearch.delete_domain(DomainName=self.prefix)

    def make_domain_again(self) -> None:
        """Make the domain that was deleted, as it was, and empty."""
        self._opensearch.create_domain(**self._deleted_domain)

    def start_function_anew(self, name: str) -> None:
        """Let a function's processes end, as an update of it does: it has a MB more from then on, or one less again."""
        function = f"{self.prefix}-{name}"
        memory = self._functions.get_function_configuration(FunctionName=function)["MemorySize"]
        self._functions.update_function_configuration(FunctionName=function, MemorySize=memory ^ 1)

    def merged_index_bytes(self) -> int | None:
        """Merge the OpenSearch indices, and give what they take on disk; None where there is no disk."""
        if self.backend is not Backend.OPENSEARCH or self.engine.engine == "embedded":
            return None
        indices = f"/{self.prefix}-events-*"
        self.engine.ask_engine("POST", f"{indices}/_forcemerge?max_num_segments=1&flush=true")
        # What was merged is on disk as long as a search may read it.
        self.show_all()
        _, answer = self.engine.ask_engine("GET", f"{indices}/_stats/store")
        size: int = answer["_all"]["primaries"]["store"]["size_in_bytes"]
        return size

    def document_ids(self) -> set[str]:
        """The ids of all documents in the domain."""
        self.show_all()
        return {event["id"] for event in self.domain.scan(Query(size=MAX_PAGE), fields=())}

    def documents(self, log_prefix: str) -> Iterator[tuple[str, str]]:
        """Give id and record of every document in the domain whose log's key begins so."""
        self.show_all()
        query = BACKENDS[self.backend].of_logs(f"s3://{self.log_bucket}/{log_prefix}")
        for event in self.domain.scan(Query(query, size=1_000), fields=["raw"]):
            yield event["id"], event["raw"]

    def dead_letters(self) -> list[str]:
        """Give the bodies of all dead letters; they stay in the queue."""
        received = list(self._receive_dead_letters())
        for message in received:
            self.sqs.change_message_visibility(
                QueueUrl=self.dead_letter_queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        return [message["Body"] for message in received]

    def throw_away_dead_letters(self) -> None:
        """Empty the dead-letter queue (PurgeQueue would do it once a minute only)."""
        for message in self._receive_dead_letters():
            self.sqs.delete_message(QueueUrl=self.dead_letter_queue, ReceiptHandle=message["ReceiptHandle"])

    def _receive_dead_letters(self) -> Iterator[Any]:
        while messages := self.sqs.receive_message(
            QueueUrl=self.dead_letter_queue, MaxNumberOfMessages=10, VisibilityTimeout=120, WaitTimeSeconds=0
        ).get("Messages"):
            yield from messages

    def staged_documents(self, bucket: str, key: str) -> Iterator[str]:
        """Give the ids of the documents in a staged batch."""
        body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        yield from (document_id for document_id, _ in BACKENDS[self.backend].documents_in(body))

    def input_of(self, execution_arn: str) -> str:
        """Give the input of an execution."""
        return self.stepfunctions.describe_execution(executionArn=execution_arn)["input"]

    def start_retention(self) -> str:
        """Start to delete expired events, as the schedule does, and give the ARN of the execution."""
        arn = self.outputs["retention_state_machine_arn"]
        return self.stepfunctions.start_execution(stateMachineArn=arn, input="{}")["executionArn"]

    def start_backfill(self, given: Mapping[str, Any]) -> str:
        """Start the state machine backfill, as its commands do, and give the ARN of the execution."""
        arn = self._machine("backfill")
        return self.stepfunctions.start_execution(stateMachineArn=arn, input=json.dumps(given))[
            "executionArn"
        ]

    def start_audit(self, time: Mapping[str, str]) -> str:
        """Start the state machine audit over a time, as an operator does, and give the ARN of the execution."""
        arn = self.outputs["audit_state_machine_arn"]
        return self.stepfunctions.start_execution(stateMachineArn=arn, input=json.dumps(time))["executionArn"]

    def empty_log_bucket(self) -> None:
        """Delete what other runs have delivered."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.log_bucket)
        for found in [found for page in pages for found in page.get("Contents", ())]:
            self.s3.delete_object(Bucket=self.log_bucket, Key=found["Key"])

    def kept_of_backfill(self, name: str) -> str:
        """Read what a backfill keeps in the staging bucket."""
        answer = self.s3.get_object(Bucket=self.outputs["staging_bucket_name"], Key=f"backfills/{name}")
        return answer["Body"].read().decode()

    def kept_below(self, folder: str) -> int:
        """Count what a backfill keeps in a folder."""
        listed = self.s3.list_objects_v2(
            Bucket=self.outputs["staging_bucket_name"], Prefix=f"backfills/{folder}"
        )
        return listed["KeyCount"]

    def _machine(self, name: str) -> str:
        beginning: str = self.outputs["state_machine_arn"].removesuffix("index-logs")
        return beginning + name

    def end_of(self, execution_arn: str) -> tuple[str, str]:
        """Wait until an execution has ended, and give its status and its output, or else its error.

        Raises:
            TimeoutError: it is running still after ten minutes.
        """
        deadline = time.monotonic() + IDLE_SECONDS
        while time.monotonic() < deadline:
            execution = self.stepfunctions.describe_execution(executionArn=execution_arn)
            if execution["status"] != "RUNNING":
                return execution["status"], execution.get("output", execution.get("error", ""))
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"{execution_arn} is still running after {IDLE_SECONDS} s")

    def redrive(self) -> int:
        """Move all dead letters to the ingest queue, as the console's "Start DLQ redrive" does, and count them.

        Raises:
            TimeoutError: the message move task has not ended within three minutes.
            RuntimeError: it has failed.
        """
        arn = self._arn(self.dead_letter_queue)
        self.sqs.start_message_move_task(SourceArn=arn, DestinationArn=self.outputs["ingest_queue_arn"])
        deadline = time.monotonic() + REDRIVE_SECONDS
        while time.monotonic() < deadline:
            (task,) = self.sqs.list_message_move_tasks(SourceArn=arn)["Results"]
            if task["Status"] == "COMPLETED":
                return int(task["ApproximateNumberOfMessagesMoved"])
            if task["Status"] == "FAILED":
                raise RuntimeError(f"The message move task has failed: {task['FailureReason']}")
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"The message move task is still running after {REDRIVE_SECONDS} s")

    def make_redrive(self, kind: str) -> int:
        """Send dead letters of a kind back as `make redrive KIND=…` does, and count them.

        Raises:
            RuntimeError: it does not end well; says what it printed.
        """
        command = [
            sys.executable,
            "-m",
            "trailsearch.cli.dead_letters.redrive",
            "--env",
            "local",
            "--kind",
            kind,
        ]
        run = subprocess.run(command, env=self._variables, capture_output=True, text=True, check=False)
        sent = re.search(r"([\d,]+) sent back", run.stdout)
        if run.returncode or not sent:
            raise RuntimeError(f"make redrive ends with {run.returncode}: {run.stdout}{run.stderr}")
        return int(sent[1].replace(",", ""))

    def set_execution_timeout(self, seconds: int) -> int:
        """Set how long an execution may take that starts from now on, and give how long it might before."""
        arn = self.outputs["state_machine_arn"]
        definition = json.loads(self.stepfunctions.describe_state_machine(stateMachineArn=arn)["definition"])
        before = int(definition["TimeoutSeconds"])
        changed = json.dumps(definition | {"TimeoutSeconds": seconds})
        self.stepfunctions.update_state_machine(stateMachineArn=arn, definition=changed)
        return before

    def _arn(self, queue_url: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        return answer["Attributes"]["QueueArn"]
