"""Bugs that the simulation has to find: in the state machine, in the numbers that Terraform deploys, and in the code.

Each is one that somebody could make. Its text says what is wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast
from unittest.mock import patch

import msgspec

import admit_messages
import audit_logs
import delete_expired
import fetch_logs
import index_batch
import split_records
from tests.simulation.code import running
from tests.simulation.deployed import Deployed
from trailsearch.audit import comparison
from trailsearch.audit.comparison import Outcome
from trailsearch.audit.findings import Finding, LogFinding
from trailsearch.audit.reckoning import Reckoning
from trailsearch.cli.dead_letters import redrive as redriving
from trailsearch.contracts.errors import LogCorrupt, TooManyRefused
from trailsearch.contracts.messages import Pointer
from trailsearch.logs import log_listing
from trailsearch.search.opensearch import index as opensearch_index
from trailsearch.workflow.backfill_store import BackfillStore
from trailsearch.workflow.staging import Staging

Asl = dict[str, Any]


def _nothing(_definition: Asl) -> None:
    pass


def _as_deployed(deployed: Deployed) -> Deployed:
    return deployed


@dataclass(frozen=True)
class Bug:
    """One bug. ``definition`` changes the state machine (``machine``) in place, ``deployed`` the numbers, ``code`` patches the code."""

    definition: Callable[[Asl], None] = _nothing
    deployed: Callable[[Deployed], Deployed] = _as_deployed
    code: Callable[[], AbstractContextManager[Any]] = nullcontext
    machine: str = "index_logs"


# ── The state machine ─────────────────────────────────────────────────────────────────────────────────────


def _state(definition: Asl, *names: str) -> Asl:
    """A state, within the Maps that are named before it."""
    level = definition
    *maps, name = names
    for each in maps:
        level = level["States"][each]["ItemProcessor"]
    return cast("Asl", level["States"][name])


def _without(*names: str, field: str) -> Callable[[Asl], None]:
    def plant(definition: Asl) -> None:
        del _state(definition, *names)[field]

    return plant


def _with(*names: str, **fields: Any) -> Callable[[Asl], None]:
    def plant(definition: Asl) -> None:
        _state(definition, *names).update(fields)

    return plant


def _asked(*names: str, **parameters: Any) -> Callable[[Asl], None]:
    """Other parameters of a Task; a name that ends in _ is a path."""

    def plant(definition: Asl) -> None:
        state = _state(definition, *names)["Parameters"]
        for name, value in parameters.items():
            bare = name.removesuffix("_")
            state.pop(bare, None)
            state.pop(f"{bare}.$", None)
            state[f"{bare}.$" if name.endswith("_") else bare] = value

    return plant


def _caught(*names: str, to: str, which: int = -1) -> Callable[[Asl], None]:
    def plant(definition: Asl) -> None:
        _state(definition, *names)["Catch"][which]["Next"] = to

    return plant


def _of_payload(*names: str, **fields: Any) -> Callable[[Asl], None]:
    def plant(definition: Asl) -> None:
        payload = _state(definition, *names)["Parameters"]["Payload"]
        for name, value in fields.items():
            del payload[f"{name}.$"]
            payload[name] = value

    return plant


def _for_ever(*names: str) -> Callable[[Asl], None]:
    again = [
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "BackoffRate": 1, "MaxAttempts": 99_999_999}
    ]
    return _with(*names, Retry=again)


def _started_without_a_name(definition: Asl) -> None:
    for kind in ("Message", "Part"):
        state = _state(definition, f"Start Executions For {kind}s", f"Start Execution For {kind}")
        del state["Parameters"]["Name.$"]


def _parts_started_without_a_name(definition: Asl) -> None:
    del _state(definition, _PARTS, "Index Part")["Parameters"]["Name.$"]


def _written_twice(definition: Asl) -> None:
    failures = definition["States"]["Dead-Letter Failures"]["ItemProcessor"]
    first = failures["States"]["Send Failure To Dead Letter Queue"]
    failures["States"]["Send Failure Once More"] = dict(first)
    del first["End"]
    first["Next"] = "Send Failure Once More"


def _only_batches_looked_at(definition: Asl) -> None:
    choice = definition["States"]["Anything Dead-Lettered?"]["Choices"][0]
    choice["Or"] = choice["Or"][1:]


def _ends_green(definition: Asl) -> None:
    definition["States"]["Some Work Dead-Lettered"] = {"Type": "Succeed"}


def _ends_after_a_minute(definition: Asl) -> None:
    definition["TimeoutSeconds"] = 60


_PARTS = "Index Parts"
_NEVER = [{"Variable": "$.never", "IsPresent": True, "Next": "Leave Live Traffic Time"}]


# ── Numbers ───────────────────────────────────────────────────────────────────────────────────────────────


def _number(**numbers: Any) -> Callable[[Deployed], Deployed]:
    return lambda deployed: replace(deployed, **numbers)


def _seconds_of(function: str, seconds: int) -> Callable[[Deployed], Deployed]:
    def plant(deployed: Deployed) -> Deployed:
        changed = replace(deployed.functions[function], timeout_seconds=seconds)
        return replace(deployed, functions={**deployed.functions, function: changed})

    return plant


# ── Code ──────────────────────────────────────────────────────────────────────────────────────────────────


def _patched(place: Any, name: str, planted: Callable[..., Any]) -> Callable[[], AbstractContextManager[Any]]:
    """Put a function in place of another, which it gets as its first argument."""
    real = place.__dict__[name]

    def around(*arguments: Any, **named: Any) -> Any:
        return planted(real, *arguments, **named)

    return lambda: patch.object(place, name, around)


def _id_with_the_time(real: Any, lines: bytes, log_file: str) -> list[Any]:
    hour = int(running().env.now // 3600)
    documents = real(lines, log_file)
    return [
        msgspec.structs.replace(document, id=f"{document.id}-{hour}") if hour else document
        for document in documents
    ]


def _batch_without_its_execution(
    real: Any, stage: Any, _execution: str, *arguments: Any, **named: Any
) -> Pointer:
    pointer: Pointer = real(stage, "batch", *arguments, **named)
    return pointer


def _records_without_their_execution(real: Any, stage: Any, _execution: str, *arguments: Any) -> Any:
    return real(stage, "records", *arguments)


def _until_it_is_corrupt(real: Any, *arguments: Any) -> Iterator[Any]:
    try:
        yield from real(*arguments)
    except LogCorrupt:
        return


def _not_halved(_real: Any, documents: Sequence[Any], reason: str, *_arguments: Any) -> Any:
    return index_batch.Halved([index_batch.Refusal(documents, reason)], [], None)


def _begun_anew(real: Any, documents: Sequence[Any], reason: str, *arguments: Any) -> Any:
    halved = real(documents, reason, *arguments)
    if not isinstance(halved.stop, TooManyRefused):
        return halved
    together = [index_batch.Refusal(part, reason) for part in halved.left]
    return index_batch.Halved([*halved.refusals, *together], [], None)


def _with_its_neighbour(real: Any, documents: Sequence[Any], *arguments: Any) -> Any:
    halved = real(documents, *arguments)
    taken = [
        refusal._replace(documents=[*refusal.documents, documents[0]])
        if documents[0] not in refusal.documents
        else refusal
        for refusal in halved.refusals
    ]
    return halved._replace(refusals=taken)


def _judged(status: int, verdict: "opensearch_index.Verdict") -> Callable[..., Any]:
    return lambda real, given, said: verdict if given == status else real(given, said)


def _no_letters(_real: Any, indexed: Any) -> Any:
    return {"documents": indexed.documents}


def _twice(real: Any, *arguments: Any, **named: Any) -> Any:
    real(*arguments, **named)
    return real(*arguments, **named)


def _all_but_the_last(real: Any, *arguments: Any) -> Any:
    parts = real(*arguments)
    return msgspec.structs.replace(parts, messages=parts.messages[:-1])


def _nothing_set_aside(_real: Any, record: Any, _stage: Any) -> Any:
    return record


def _cut(real: Any, record: Any, stage: Any) -> Any:
    admitted = real(record, stage)
    return admitted if admitted is record else {**admitted, "body": record["body"][:1000]}


def _duplicates_dropped_with_all(real: Any, lines: bytes, log_file: str) -> list[Any]:
    documents = real(lines, log_file)
    return [document for document in documents if document.fields.event_time or len(documents) == 1]


def _first_half_alone(real: Any, parts: Sequence[Any]) -> Any:
    return real(parts)[:1]


def _all_kept(_real: Any, received: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    return list(received), []


def _first_message_alone(real: Any, *arguments: Any) -> Any:
    return real(*arguments)[:1]


def _without_the_last_part(real: Any, store: Any) -> Any:
    return real(store)[:-1]


def _sooner(real: Any, before: Any, *arguments: Any) -> Any:
    return real(before + timedelta(days=70), *arguments)


def _no_ledger(_real: Any, *_arguments: Any) -> Any:
    return Reckoning([])


def _nothing_missing(_real: Any, _logs: Any) -> list[Any]:
    return []


def _as_it_was(_real: Any, _log: Any, _body: Any) -> Any:
    return LogFinding(Finding.VALID)


def _never(_real: Any, *_arguments: Any) -> bool:
    return False


def _never_waiting(real: Any, *arguments: Any, **named: Any) -> Any:
    outcome = real(*arguments, **named)
    return Outcome.INDEXED if outcome is Outcome.WAITING else outcome


class _Everything(frozenset[str]):
    def __contains__(self, _each: object) -> bool:
        return True


_INDEX = ("Index Batches", "Index Batch")

BUGS: Mapping[str, Bug] = {
    # The state machine.
    "Fetch Logs has no Catch": Bug(definition=_without("Fetch Logs", field="Catch")),
    "Split Records has no Catch": Bug(definition=_without("Split Records", field="Catch")),
    "Index Batch has no Catch": Bug(definition=_without(*_INDEX, field="Catch")),
    "Fetch Logs is tried again without limit": Bug(definition=_for_ever("Fetch Logs")),
    "Index Batch is tried again without limit": Bug(definition=_for_ever(*_INDEX)),
    "a batch that fails is not kept": Bug(definition=_caught(*_INDEX, to="Send Batch To Dead Letter Queue")),
    "refused documents are not dead-lettered": Bug(
        definition=_with("Index Batches", "Read Dead Letters", Next="Documents Dead-Lettered")
    ),
    "a batch that fails is not dead-lettered": Bug(
        definition=_with("Index Batches", "Keep Batch", Next="Batch Dead-Lettered")
    ),
    "of the dead letters, those of logs are forgotten": Bug(definition=_only_batches_looked_at),
    "a dead letter is written twice": Bug(definition=_written_twice),
    "a message of several is not isolated": Bug(
        definition=_with(
            "Several Messages?",
            Default="Dead-Letter Messages",
            Choices=[{"Variable": "$.never", "IsPresent": True, "Next": "Take Message Apart"}],
        )
    ),
    "a log of several is not isolated": Bug(
        definition=_with("Take Message Apart", Next="Dead-Letter Messages")
    ),
    "an isolation starts the first message only": Bug(
        definition=_with("Start Executions For Messages", ItemSelector={"message.$": "$$.Execution.Input[0]"})
    ),
    "StartExecution has no name": Bug(definition=_started_without_a_name),
    "Split Records forgets redriven batches": Bug(definition=_of_payload("Split Records", batches=[])),
    "Split Records forgets dead letters": Bug(definition=_of_payload("Split Records", dead_letters=[])),
    "a dead letter has the message in place of its body": Bug(
        definition=_asked(
            "Dead-Letter Messages", "Send Message To Dead Letter Queue", MessageBody_="$.message"
        )
    ),
    "Index Batch is given up before its function is": Bug(definition=_with(*_INDEX, TimeoutSeconds=1)),
    "Index Batch is tried once only": Bug(definition=_without(*_INDEX, field="Retry")),
    "an execution in which something failed ends green": Bug(definition=_ends_green),
    "an execution has a minute": Bug(definition=_ends_after_a_minute),
    # The other state machines.
    "a backfill does not wait for its parts": Bug(
        machine="backfill",
        definition=_with(_PARTS, "Index Part", Resource="arn:aws:states:::states:startExecution"),
    ),
    "the execution of a part has no name": Bug(machine="backfill", definition=_parts_started_without_a_name),
    "a part that could not be started is marked as done": Bug(
        machine="backfill",
        definition=_with(_PARTS, "Part Dead-Lettered?", Default="Mark Part Dead-Lettered"),
    ),
    "a backfill goes on while an alarm rings": Bug(
        machine="backfill", definition=_with(_PARTS, "Live Traffic Behind?", Choices=_NEVER)
    ),
    "retention ends after the first round": Bug(
        machine="retention", definition=_with("Anything Left?", Default="Expired Events Deleted")
    ),
    # Numbers.
    "a message is visible again after a second": Bug(deployed=_number(visibility_seconds=1)),
    "messages are kept for ten minutes": Bug(deployed=_number(retention_seconds=600)),
    "handled executions are dead-lettered too": Bug(deployed=_number(handled_errors=frozenset())),
    "fetch_logs has a second": Bug(deployed=_seconds_of("fetch_logs", 1)),
    "index_batch has a second": Bug(deployed=_seconds_of("index_batch", 1)),
    "a message is received once only": Bug(deployed=_number(max_receive_count=1)),
    "aborted executions are not dead-lettered": Bug(
        deployed=_number(event_statuses=frozenset({"TIMED_OUT"}))
    ),
    "no execution is dead-lettered by the rule": Bug(
        deployed=_number(event_statuses=frozenset(), handled_errors=_Everything())
    ),
    # Code.
    "an event's id changes with the hour": Bug(
        code=_patched(split_records, "build_documents", _id_with_the_time)
    ),
    "events without a time are left out beside others": Bug(
        code=_patched(split_records, "build_documents", _duplicates_dropped_with_all)
    ),
    "executions share their records": Bug(
        code=_patched(Staging, "put_records", _records_without_their_execution)
    ),
    "executions share their batches": Bug(code=_patched(Staging, "put_batch", _batch_without_its_execution)),
    "a log that is cut short is taken for a whole one": Bug(
        code=_patched(fetch_logs, "raw_records", _until_it_is_corrupt)
    ),
    "taking a message apart loses the last part": Bug(
        code=_patched(fetch_logs, "take_apart", _all_but_the_last)
    ),
    "large messages are not set aside": Bug(code=_patched(admit_messages, "with_room", _nothing_set_aside)),
    "large messages are cut": Bug(code=_patched(admit_messages, "with_room", _cut)),
    "a refused batch is not halved": Bug(code=_patched(index_batch, "upload_halves", _not_halved)),
    "a redrive of what much is refused of begins anew": Bug(
        code=_patched(index_batch, "upload_halves", _begun_anew)
    ),
    "an isolation takes along a neighbour": Bug(
        code=_patched(index_batch, "upload_halves", _with_its_neighbour)
    ),
    "refused documents are counted as indexed": Bug(code=_patched(index_batch, "to_answer", _no_letters)),
    "documents that are throttled are counted as indexed": Bug(
        code=_patched(opensearch_index, "judge", _judged(429, opensearch_index.Verdict.INDEXED))
    ),
    "documents that are throttled are taken for refused": Bug(
        code=_patched(opensearch_index, "judge", _judged(429, opensearch_index.Verdict.REFUSED))
    ),
    "a batch is staged twice": Bug(code=_patched(Staging, "put_batch", _twice)),
    "a batch is read twice": Bug(code=_patched(Staging, "get_batch", _twice)),
    "only the first of an execution's messages is redriven": Bug(
        code=_patched(fetch_logs, "_messages_of", _first_message_alone)
    ),
    "of a halving that is stopped, a part is forgotten": Bug(
        code=_patched(index_batch, "in_two", _first_half_alone)
    ),
    "copies of a dead letter are redriven, too": Bug(code=_patched(redriving, "divide", _all_kept)),
    "a backfill indexes what is archived": Bug(code=_patched(log_listing, "_is_archived", _never)),
    "a backfill forgets the last part": Bug(code=_patched(BackfillStore, "parts", _without_the_last_part)),
    "retention deletes what has not expired": Bug(code=_patched(delete_expired, "delete_expired", _sooner)),
    "the audit announces nothing": Bug(code=_patched(audit_logs, "healable", _nothing_missing)),
    "the audit does not know the ledger": Bug(code=_patched(audit_logs, "read_ledger", _no_ledger)),
    "the audit does not look into logs that were written again": Bug(
        code=_patched(comparison, "check_log", _as_it_was)
    ),
    "the audit takes what waits for indexed": Bug(code=_patched(comparison, "_outcome", _never_waiting)),
}
