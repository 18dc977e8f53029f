"""The state machine audit: every way through it, what it finds and heals, and how it ends, with the real function too."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

import audit_logs
from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail
from tests.signed_logs import BEGIN, HOUR, HOURS, KEY, TRAIL, uri
from tests.steps import LOGS, STAGING, LambdaContext, event, log_of
from tests.workflow import definition
from tests.workflow.audited import Audited
from tests.workflow.workflow import Run, StepFailed, Workflow, always_fails
from trailsearch.audit import counts, shares
from trailsearch.audit.cloud.audit_store import AuditStore
from trailsearch.audit.cloud.ledger_reader import kept_since
from trailsearch.aws import clients

MACHINE = definition.load(definition.AUDIT)
STATES = {state.name: state for state in definition.states(MACHINE)}
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_HISTORY_EVENTS = 25_000

PROVEN = "Plan Audit > Audit Shares > Audit Share > Sum Up > All Well? > Proven"
NOT_PROVEN = PROVEN.replace("Proven", "Not Proven")
PATHS = [
    PROVEN,
    NOT_PROVEN,
    "Plan Audit > Logs Not Audited",
    "Audit Shares > Logs Not Audited",
    "Sum Up > Logs Not Audited",
]


def announced(audited: Audited) -> list[str]:
    """The keys of the logs that were sent to the ingest queue."""
    return [key for sent in audited.sent for key in json.loads(sent["MessageBody"])["s3ObjectKey"]]


def test_where_all_is_indexed_unaltered_it_is_proven(audited: Audited) -> None:
    audited.deliver()
    audited.index(*audited.logs)
    run = audited.run()
    assert (run.status, " > ".join(run.visits)) == ("SUCCEEDED", PROVEN)
    summary = run.output_of("Proven")["summary"]
    assert summary["says"] == (
        "3 of 3 signed logs indexed unaltered; 6 records = 6 indexed + 0 duplicates + 0 dead-lettered"
    )
    assert (summary["from"], summary["to"]) == (
        f"{BEGIN:%Y-%m-%dT%H:%M:%SZ}",
        f"{BEGIN + HOURS * HOUR:%Y-%m-%dT%H:%M:%SZ}",
    )
    assert "not that CloudTrail recorded every call" in summary["limit"]
    assert audited.sent == []


def test_the_evidence_has_every_log_and_digest_and_says_which_parts_belong_together(audited: Audited) -> None:
    audited.deliver()
    audited.index(*audited.logs)
    summary = audited.audit()
    kept = audited.kept(f"evidence/{BEGIN:%Y/%m/%d/%H}/")
    (of_summary,) = (key for key in kept if key.endswith("summary.json"))
    assert summary["evidence"] == f"s3://{STAGING}/{of_summary}"
    parts = json.loads(kept[of_summary])["parts"]
    folder = of_summary.removesuffix("summary.json")
    assert {f"{folder}{name}" for name in parts} == kept.keys() - {of_summary}
    (evidence,) = (json.loads(gzip.decompress(kept[f"{folder}{name}"])) for name in parts)
    assert {log["log"] for log in evidence["logs"]} == {uri(log) for log in audited.logs}
    assert {log["outcome"] for log in evidence["logs"]} == {"indexed"}
    assert [digest["finding"] for digest in evidence["digests"]] == ["valid"] * HOURS


def test_what_nobody_was_told_of_is_announced_and_then_healed(audited: Audited) -> None:
    audited.deliver()
    lost, *others = audited.logs
    audited.index(*others)
    run = audited.run()
    assert " > ".join(run.visits) == NOT_PROVEN
    summary = run.output_of("Not Proven")["summary"]
    assert (summary["counted"]["logs_missing"], summary["counted"]["logs_sent"]) == (1, 1)
    assert summary["problems"] == [f"1 signed log never read, such as {uri(lost)}"]
    assert announced(audited) == [lost.key]
    audited.index(lost)
    counted = audited.audit()["counted"]
    assert (counted["logs_indexed"], counted["logs_healed"], counted["logs_sent"]) == (HOURS, 1, 0)


def test_what_is_not_read_though_it_was_announced_long_ago_is_not_healed(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited.deliver()
    audited.index(*audited.logs[1:])
    audited.audit()
    assert audited.audit()["counted"]["logs_not_healed"] == 0, "it was announced a moment ago"
    monkeypatch.setattr(counts, "HEALED_WITHIN", timedelta(seconds=-1))
    counted = audited.audit()["counted"]
    assert (counted["logs_not_healed"], counted["logs_missing"]) == (1, 1)
    assert announced(audited) == [audited.logs[0].key] * 3


def test_what_cannot_be_announced_is_not_healed(audited: Audited) -> None:
    audited.deliver()
    deleted, altered, indexed = audited.logs
    audited.index(indexed)
    audited.s3.delete_object(Bucket=LOGS, Key=deleted.key)
    audited.put(Log(altered.key, log_of(event("altered"))))
    counted = audited.audit()["counted"]
    assert (counted["logs_not_healed"], counted["logs_altered"], counted["logs_sent"]) == (2, 1, 0)


def test_each_tampering_is_counted_under_its_name(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    tampered = {
        "altered": DigestedTrail(LOGS, account="222222222222"),
        "digest_missing": DigestedTrail(LOGS, account="333333333333"),
        "chain_broken": DigestedTrail(LOGS, account="444444444444"),
        "forged": DigestedTrail(LOGS, account="555555555555"),
    }
    of_trail: dict[str, slice] = {}
    for name, trail in tampered.items():
        begin = len(audited.logs)
        audited.deliver(trail)
        of_trail[name] = slice(begin, len(audited.logs))
    audited.index(*audited.logs)
    assert audited.audit()["well"]

    log = audited.logs[of_trail["altered"]][0]
    audited.put(Log(log.key, log_of(event("altered"))))
    audited.s3.delete_object(Bucket=LOGS, Key=audited.digests[of_trail["digest_missing"]][1].key)
    for digest in audited.digests[of_trail["chain_broken"]][1:]:
        audited.s3.delete_object(Bucket=LOGS, Key=digest.key)
    forged = audited.digests[of_trail["forged"]][0]
    of_nobody = tampered["forged"].digest([], BEGIN, BEGIN + HOUR, KEY, previous=None)
    assert of_nobody.key == forged.key
    audited.s3.put_object(
        Bucket=LOGS, Key=forged.key, Body=gzip.compress(of_nobody.text), Metadata=forged.metadata
    )
    counted = audited.audit()["counted"]
    assert (counted["logs_altered"], counted["digests_altered"], counted["gaps"]) == (1, 1, 2)
    assert counted["digests_valid"] == 4 * HOURS - 4


def test_where_validation_is_switched_off_it_says_so(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited.deliver()
    off = DigestedTrail(LOGS, region="eu-west-3")
    audited.deliver(off, quiet=True)
    audited.index(*audited.logs)
    now = datetime.now(UTC) + HOUR
    asked = {"from": (BEGIN + HOUR).isoformat(), "to": now.isoformat()}
    problems = audited.audit(asked)["problems"]
    assert [
        each for each in problems if each.startswith("Validation is off: logs of 111122223333 in eu-west-3")
    ]


def test_what_is_older_than_the_ledger_is_not_called_missing_and_not_announced(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited.deliver()
    audited.index(audited.logs[-1])
    assert kept_since(90, datetime.now(UTC)) < BEGIN
    assert kept_since(None, datetime.now(UTC)).year == 1
    monkeypatch.setattr(audit_logs, "kept_since", lambda _days, _now: BEGIN + 2 * HOUR)
    summary = audited.audit()
    assert (summary["counted"]["logs_unknown"], summary["counted"]["logs_missing"]) == (2, 0)
    assert summary["counted"]["logs_indexed"] == 1
    assert "ledger_retention_days" in summary["problems"][0]
    assert audited.sent == []


def test_late_digests_and_trails_of_an_organization_are_looked_at_too(audited: Audited) -> None:
    organization = DigestedTrail(LOGS, organization="o-exampleorgid", account="666666666666")
    audited.deliver(organization)
    late = Log(
        f"{TRAIL.folder('CloudTrail')}{BEGIN:%Y/%m/%d}/{TRAIL.account}_CloudTrail_{TRAIL.region}_late.json.gz",
        log_of(event("late")),
    )
    audited.put(late)
    TRAIL.digest([late], BEGIN, BEGIN + HOUR, KEY, previous=None, generated=datetime.now(UTC)).put(
        audited.s3, LOGS
    )
    audited.index(*audited.logs)
    audited.audit()
    assert announced(audited) == [late.key]
    audited.index(late)
    assert audited.audit()["counted"]["logs_indexed"] == HOURS + 1


def test_every_hour_is_looked_at_by_three_executions_each_link_of_the_chain_by_two(audited: Audited) -> None:
    """One hour after the other: what begins where the one before it began, an hour later."""
    first = audit_logs.window({}, "2026-11-27T09:00:07.123Z")
    second = audit_logs.window({}, "2026-11-27T10:59:59Z")
    assert first == (datetime(2026, 11, 27, 4, tzinfo=UTC), datetime(2026, 11, 27, 7, tzinfo=UTC))
    assert second == (first[0] + HOUR, first[1] + HOUR)
    assert (first[1] - first[0]) / HOUR == 3


@pytest.mark.parametrize("execution_input", [None, [], "x", {}, {"Comment": "Insert here"}, {"from": 1}])
def test_an_input_that_names_no_time_changes_nothing(execution_input: Any) -> None:
    started = "2026-11-27T09:00:07Z"
    assert audit_logs.window(execution_input, started) == audit_logs.window({}, started)


def test_an_input_may_name_another_time(audited: Audited) -> None:
    audited.deliver()
    audited.index(*audited.logs)
    asked = {"from": BEGIN.isoformat(), "to": (BEGIN + HOUR).isoformat()}
    summary = audited.audit(asked)
    assert summary["counted"]["logs_signed"] == 2, "an hour, and the digest that may name its last logs"
    run = audited.run({"from": asked["to"], "to": asked["from"]})
    assert run.error == "LogsNotAudited"
    assert "which is before" in run.cause


def test_many_accounts_are_looked_at_in_shares(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "MOST_PLACES", 2)
    for number in range(5):
        audited.deliver(DigestedTrail(LOGS, account=f"{number}" * 12))
    lost = audited.logs.pop()
    audited.index(*audited.logs)
    run = audited.run()
    assert run.output_of("Plan Audit")["audit"]["shares"] == [0, 1, 2]
    counted = run.output_of("Sum Up")["summary"]["counted"]
    assert (counted["logs_signed"], counted["logs_indexed"]) == (15, 14)
    assert announced(audited) == [lost.key]
    assert len(audited.kept("evidence/")) == 4


def test_a_function_that_crashes_after_it_announced_announces_again_and_loses_nothing(
    audited: Audited,
) -> None:
    audited.deliver()
    audited.index(*audited.logs[1:])
    crashes = ["Runtime.ExitError"]

    def crashing(event: dict[str, Any]) -> Any:
        answer = audit_logs.handler(event, LambdaContext(900))
        if "share" in event and crashes:
            raise StepFailed(crashes.pop())
        return answer

    audited.workflow.steps["audit_logs"] = crashing
    summary = audited.audit()
    assert (summary["counted"]["logs_missing"], summary["counted"]["logs_sent"]) == (1, 1)
    assert announced(audited) == [audited.logs[0].key] * 2


def test_a_bucket_that_cannot_be_listed_hides_none_of_the_others(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited.deliver()
    audited.index(*audited.logs)
    monkeypatch.setenv("LOG_BUCKETS", f"of-others,{LOGS}")
    summary = audited.audit()
    assert (summary["counted"]["not_validated"], summary["counted"]["logs_indexed"]) == (1, HOURS)
    assert summary["problems"][0].startswith("The bucket of-others cannot be looked into: ")


def test_keys_that_cloudtrail_does_not_list_now_are_asked_for_again(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited.deliver()
    audited.index(*audited.logs)
    patient = clients.cloudtrail
    refusals = ["ThrottlingException"] * 2

    def throttled(config: Any) -> Any:
        if refusals:
            answer: Any = {"Error": {"Code": refusals.pop(), "Message": "Rate exceeded"}}
            raise ClientError(answer, "ListPublicKeys")
        return patient(config)

    monkeypatch.setattr(clients, "cloudtrail", throttled)
    assert audited.audit()["well"]
    assert len(audited.workflow.waits) == 2


def test_digests_that_s3_does_not_list_now_are_listed_again(audited: Audited) -> None:
    audited.deliver()
    audited.index(*audited.logs)
    refusals = ["SlowDown"] * 2

    def throttled(params: dict[str, Any], **_of_event: Any) -> Any:
        """Answer in place of S3."""
        if refusals and "/CloudTrail-Digest/" in params["query_string"]["prefix"]:
            answer = {"Error": {"Code": refusals.pop(), "Message": "Please reduce your request rate."}}
            return SimpleNamespace(status_code=503), {**answer, "ResponseMetadata": {"HTTPStatusCode": 503}}
        return None

    audited.s3.meta.events.register("before-call.s3.ListObjectsV2", throttled)
    assert audited.audit()["well"]
    assert (refusals, len(audited.workflow.waits)) == ([], 2)


def test_a_queue_that_takes_nothing_fails_the_audit_and_says_so(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited.deliver()
    refused = {"Failed": [{"Id": "0", "SenderFault": True, "Code": "KmsAccessDenied"}]}
    monkeypatch.setattr(audited, "send_message_batch", lambda **_request: refused)
    run = audited.run()
    assert (run.error, run.visits[-1]) == ("LogsNotAudited", "Logs Not Audited")
    assert "QueueUnavailable" in run.cause
    assert "KmsAccessDenied" in run.cause
    assert "start-execution --state-machine-arn arn:aws:states:" in run.cause


@pytest.mark.parametrize("step", ["plan", "share", "sum_up"])
def test_whatever_step_fails_the_execution_says_why(workflow: Workflow, step: str) -> None:
    answers: dict[str, Any] = {
        "plan": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T03:00:00Z", "shares": [0]},
        "share": {},
    }

    def failing(event: dict[str, Any]) -> Any:
        if step in event:
            return always_fails("StorageAccessDenied")(event)
        return next(answers[each] for each in answers if each in event)

    workflow.steps["audit_logs"] = failing
    run = workflow.run_audit()
    assert (run.status, run.error) == ("FAILED", "LogsNotAudited")
    assert "StorageAccessDenied" in run.cause


def test_what_is_said_has_room_in_an_execution_s_output(audited: Audited) -> None:
    long = "x" * audit_logs._LONGEST_PROBLEM
    found = counts.Found(counts.Counted(digests_valid=1), tuple(long for _ in range(100)))
    store = AuditStore(audited.s3, STAGING, "arn:of:it", BEGIN)
    store.put_found(0, found)
    summary = audit_logs.sum_up(BEGIN, BEGIN + HOUR, [0], store)
    assert summary["problems"][-1] == "and 50 more"
    assert len(msgspec.json.encode(summary)) < 262_144 / 2
    (kept,) = audited.kept("evidence/").values()
    assert len(json.loads(kept)["problems"]) == 100


def test_an_organization_of_1700_account_regions_fits_into_the_history(workflow: Workflow) -> None:
    def run(number: int) -> Run:
        plan = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T03:00:00Z", "shares": list(range(number))}
        workflow.steps["audit_logs"] = lambda event: (
            plan if "plan" in event else {"well": True} if "sum_up" in event else {}
        )
        return workflow.run_audit()

    of_share = (len(run(11).history) - len(run(1).history)) / 10
    assert 1_700 / shares.MOST_PLACES * of_share * 8 < MAX_HISTORY_EVENTS / 2


def test_an_execution_is_over_before_the_schedule_starts_the_next() -> None:
    assert MACHINE["TimeoutSeconds"] < HOUR.total_seconds()


def test_every_state_is_visited_and_every_transition_taken() -> None:
    """Each path is the one of a test above."""
    visits = [path.split(" > ") for path in PATHS]
    assert {name for path in visits for name in path} == STATES.keys()
    possible = {(each.source, each.target) for each in definition.transitions(MACHINE)}
    taken = {pair for path in visits for pair in pairwise(path)}
    # What follows the last state within a Map is what follows the Map.
    assert possible - taken == {("Audit Shares", "Sum Up")}
    assert taken - possible == {("Audit Share", "Sum Up")}
