"""Plays a portable plan in the local cloud, by a deployment that serves many plans, one after the other."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any, NamedTuple

from tests.chaos.pipeline import Pipeline
from tests.local_cloud import faults as local
from tests.local_cloud.faults import AnswerLost, Crash, ErrorAnswer, Match, RefusedItems, Reset, Rule
from tests.simulation.compared.outcome import Letter, Look, Outcome, Place, look
from tests.simulation.compared.portable import folder_of, is_passing
from tests.simulation.faults import ANY, Fault, How
from tests.simulation.plan import Delivery, Log, Plan
from tests.simulation.services.search import POISON
from trailsearch.cli.dead_letters.dead_letter_queue import queued_message
from trailsearch.search import Backend
from trailsearch.workflow.dead_letters import read_letter

_MET = 2
_MOST_ROUNDS = 8
_HIDDEN_SECONDS = 120
_ARCHIVED = "InvalidObjectState"

# The requests of each function to S3, by their operation.
_READS = {
    "fetch_logs": ("^/{log_bucket}/{folder}",),
    "split_records": ("^/{staging_bucket}/records/",),
    "index_batch": ("^/{staging_bucket}/batches/",),
}
_WRITES = {
    "fetch_logs": ("^/{staging_bucket}/records/", "^/{staging_bucket}/ledger/.*/fetched"),
    "split_records": (
        r"^/{staging_bucket}/batches/.*/(too-large-)?\d{5}\.json$",
        "^/{staging_bucket}/ledger/.*/split",
    ),
    "index_batch": (
        r"^/{staging_bucket}/batches/.*-[0-9a-f]{16}\.json$",
        "^/{staging_bucket}/ledger/.*/indexed-",
    ),
}
_UPLOAD = {
    Backend.CLOUDSEARCH: Match(method="POST", path="/documents/batch$"),
    Backend.OPENSEARCH: Match(method="POST", path="/_bulk$"),
}
_REFUSALS = {
    Backend.CLOUDSEARCH: Rule(
        ErrorAnswer(400, "DocumentServiceException"),
        Match(method="POST", path="/documents/batch$", body=POISON.decode()),
    ),
    Backend.OPENSEARCH: Rule(
        RefusedItems(400, "mapper_parsing_exception", every=1, having=POISON.decode()),
        _UPLOAD[Backend.OPENSEARCH],
    ),
}
_ANSWERS: Mapping[str, Mapping[How, local.Fault]] = {
    "s3": {
        How.FAILING: ErrorAnswer(500, "InternalError"),
        How.THROTTLED: ErrorAnswer(503, "SlowDown"),
        How.DENIED: ErrorAnswer(403, "AccessDenied"),
    },
    "lambda": {
        How.FAILING: ErrorAnswer(500, "ServiceException"),
        How.THROTTLED: ErrorAnswer(429, "TooManyRequestsException"),
    },
    Backend.CLOUDSEARCH: {
        How.FAILING: ErrorAnswer(500, "500"),
        How.THROTTLED: ErrorAnswer(503, "503"),
        How.DENIED: ErrorAnswer(403, "AccessDenied"),
    },
    Backend.OPENSEARCH: {
        How.FAILING: ErrorAnswer(500, "exception"),
        How.THROTTLED: ErrorAnswer(429, "es_rejected_execution_exception"),
        How.DENIED: ErrorAnswer(403, "AccessDenied"),
    },
}
_LOST: Mapping[How, local.Fault] = {How.NO_CONNECTION: Reset(), How.ANSWER_LOST: AnswerLost()}


class Played(NamedTuple):
    """What a plan came to, and how many of its faults were met by any request."""

    outcome: Outcome
    faults_met: int


def play(plan: Plan, pipeline: Pipeline) -> Played:
    """Play a plan, and tell what it came to; the dead-letter queue is empty before and after.

    Raises:
        NotIdle: the pipeline did not come to rest.
        RuntimeError: there was something in the dead-letter queue, or a redrive has failed.
    """
    player = _Player(plan, pipeline)
    if pipeline.dead_letters():
        raise RuntimeError("the dead-letter queue is not empty")
    try:
        return player.play()
    finally:
        pipeline.faults.clear()
        pipeline.throw_away_dead_letters()
        player.delete_logs()


class _Player:
    def __init__(self, plan: Plan, pipeline: Pipeline) -> None:
        self._plan = plan
        self._pipeline = pipeline
        self._logs: dict[str, Log] = {log.uri: log for each in plan.of(Delivery) for log in each.logs}
        self._always = [*self._of_logs(), _REFUSALS[plan.backend]]

    def play(self) -> Played:
        pipeline = self._pipeline
        rules = [list(self._rules(fault)) for fault in self._plan.of(Fault)]
        pipeline.faults.set([*chain.from_iterable(rules), *self._always])
        self._put(late=False)
        for delivery in self._plan.of(Delivery):
            self._send(delivery)
        pipeline.wait_until_idle()
        counts = iter(pipeline.faults.clear())
        faults_met = sum(sum(each.injected for each in islice(counts, len(of_one))) > 0 for of_one in rules)
        pipeline.faults.set(self._always)
        at_rest = seen = self._look()
        self._put(late=True)
        for _ in range(_MOST_ROUNDS):
            if not seen.letters:
                break
            before = seen
            pipeline.redrive()
            pipeline.wait_until_idle()
            seen = self._look()
            if seen == before:
                break
        return Played(Outcome(at_rest, seen), faults_met)

    def _put(self, *, late: bool) -> None:
        for log in self._logs.values():
            if log.bucket == self._pipeline.log_bucket and log.body is not None and bool(log.late) is late:
                archived: Any = {"StorageClass": "GLACIER"} if log.refused == _ARCHIVED else {}
                self._pipeline.s3.put_object(Bucket=log.bucket, Key=log.key, Body=log.body, **archived)

    def delete_logs(self) -> None:
        """Leave none of its logs behind, which others may look for."""
        for log in self._logs.values():
            if log.bucket == self._pipeline.log_bucket:
                self._pipeline.s3.delete_object(Bucket=log.bucket, Key=log.key)

    def _send(self, delivery: Delivery) -> None:
        attributes: Any = {
            name: {"DataType": "String", "StringValue": value} for name, value in delivery.attributes
        }
        for _ in range(delivery.copies):
            self._pipeline.sqs.send_message(
                QueueUrl=self._pipeline.outputs["ingest_queue_url"],
                MessageBody=delivery.body,
                MessageAttributes=attributes,
            )

    # ── Faults ────────────────────────────────────────────────────────────────────────────────────────────

    def _of_logs(self) -> Iterator[Rule]:
        """What S3 refuses, and what functions die of, whatever else there is."""
        for log in self._logs.values():
            if log.refused and log.refused != _ARCHIVED:
                path = f"/{re.escape(folder_of(self._plan.seed))}.*{log.mark}"
                yield Rule(ErrorAnswer(403, log.refused), Match(method="GET", path=path))
            if log.deadly:
                # Who takes a message apart reads none of its logs.
                body = rf'\A(?!.*"take_apart").*{log.mark}'
                yield Rule(Crash(), Match("POST", _invocation("fetch_logs"), body=body))

    def _rules(self, fault: Fault) -> Iterator[Rule]:
        service = self._plan.backend if fault.service == "search" else fault.service
        how = _LOST.get(fault.how) or _ANSWERS[service][fault.how]
        for match in self._requests(fault):
            yield Rule(how, match, times=_MET if is_passing(fault) else None)

    def _requests(self, fault: Fault) -> Iterator[Match]:
        if fault.service == "search":
            yield _UPLOAD[self._plan.backend]
        elif fault.service == "lambda":
            yield Match(method="POST", path=_invocation(fault.caller))
        else:
            for operation, method, paths in (("GetObject", "GET", _READS), ("PutObject", "PUT", _WRITES)):
                if fault.operation in {ANY, operation}:
                    yield from (Match(method=method, path=self._named(path)) for path in paths[fault.caller])

    def _named(self, path: str) -> str:
        names = {
            "{log_bucket}": self._pipeline.log_bucket,
            "{staging_bucket}": self._pipeline.outputs["staging_bucket_name"],
            "{folder}": folder_of(self._plan.seed),
        }
        for placeholder, name in names.items():
            path = path.replace(placeholder, re.escape(name))
        return path

    # ── What is to be seen ────────────────────────────────────────────────────────────────────────────────

    def _look(self) -> Look:
        found = [document for document, _ in self._pipeline.documents(folder_of(self._plan.seed))]
        return look(self._plan, found, list(self._letters()), Place(self._object, self._input_of))

    def _letters(self) -> Iterator[Letter]:
        sqs, queue = self._pipeline.sqs, self._pipeline.dead_letter_queue
        received: list[Any] = []
        while some := sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=0,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages"):
            received += some
        for message in received:
            sqs.change_message_visibility(
                QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
            yield Letter(message["Body"], read_letter(queued_message(message)))

    def _object(self, bucket: str, key: str) -> bytes | None:
        try:
            return self._pipeline.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._pipeline.s3.exceptions.NoSuchKey:
            return None

    def _input_of(self, execution: str) -> str | None:
        try:
            return self._pipeline.input_of(execution)
        except self._pipeline.stepfunctions.exceptions.ExecutionDoesNotExist:
            return None


def _invocation(function: str) -> str:
    return f"/functions/[^/]*{function.replace('_', '-')}/invocations$"
