"""The faults, and the states that meet them, on each search backend."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from tests.chaos import opensearch_scenarios
from tests.chaos.delivery import AS_IT_CAME
from tests.chaos.scenario import (
    AUDIT,
    DEAD_LETTER_SENDS,
    DELETE,
    EVERYWHERE,
    FETCH,
    FUNCTIONS,
    INDEX,
    KEEP,
    PART,
    PASSING,
    PIPE,
    PLAN,
    SPLIT,
    Scenario,
)
from tests.local_cloud.faults import (
    AnswerLost,
    Crash,
    Delay,
    ErrorAnswer,
    Fault,
    Match,
    NoAnswer,
    RefusedItems,
    Reset,
    Rule,
    TimeOut,
    Truncation,
)
from tests.local_cloud.services.opensearch import EngineChoice
from trailsearch.search import Backend

# How often an outage may be met at most without outlasting the retries of a state: 6 retries with 4 requests each
# (``clients``), and as many as Terraform says (index_batch_max_attempts).
_OUTAGE = {FETCH: 27, SPLIT: 27, INDEX: 16}
_CLIENT_TRIES = 4
_LONGER_THAN_A_CLIENT_WAITS = {FETCH: 32, SPLIT: 32, INDEX: 62}


class _Uploads(NamedTuple):
    """The requests in which batches are uploaded, and how a search domain asks for fewer, and refuses documents."""

    match: Match
    throttles: tuple[tuple[int, str], ...]
    unavailable: str
    """The error of an upload that is answered with HTTP 503."""
    refuses_documents: Fault


_UPLOADS = {
    Backend.CLOUDSEARCH: _Uploads(
        Match(method="POST", path="/documents/batch$"),
        ((503, "503"), (507, "507"), (509, "509")),
        "SearchThrottled",
        ErrorAnswer(400, "DocumentServiceException"),
    ),
    Backend.OPENSEARCH: _Uploads(
        Match(method="POST", path="/_bulk$"),
        ((429, "429"), (503, "503")),
        "SearchUnavailable",
        RefusedItems(400, "mapper_parsing_exception", every=1),
    ),
}


class _Deletions(NamedTuple):
    """The requests in which expired events are looked for, and deleted, and how a domain asks for fewer of the latter."""

    search: Match
    deletion: Match
    throttle: int


_DELETIONS = {
    Backend.CLOUDSEARCH: _Deletions(
        Match(path="/2013-01-01/search$"), _UPLOADS[Backend.CLOUDSEARCH].match, 507
    ),
    Backend.OPENSEARCH: _Deletions(
        Match(method="GET", path="/_cat/indices/"),
        Match(method="DELETE", path=r"^/opensearch/.*-events-\d{4}\.\d\d$"),
        429,
    ),
}


def _read(state: str, uploads: _Uploads) -> Match:
    """The request in which a state gets what it works on, or for Index Batch sends it."""
    return {
        FETCH: Match(method="GET", path="^/{log_bucket}/chaos"),
        SPLIT: Match(method="GET", path="^/{staging_bucket}/records/"),
        INDEX: uploads.match,
    }[state]


def _written(state: str, uploads: _Uploads) -> Match:
    """The request whose effect stays when its answer is lost."""
    return {
        FETCH: Match(method="PUT", path="^/{staging_bucket}/records/"),
        SPLIT: Match(method="PUT", path="^/{staging_bucket}/batches/"),
        INDEX: _read(INDEX, uploads),
    }[state]


def _ledger(state: str) -> Match:
    """The request in which a state writes down what it did."""
    entry = {FETCH: "fetched", SPLIT: "split", INDEX: "indexed-"}[state]
    return Match(method="PUT", path=f"^/{{staging_bucket}}/ledger/.*/{entry}")


def _invocation(state: str) -> Match:
    name = {DELETE: "delete-expired", PLAN: "plan-backfill", AUDIT: "audit-logs"}.get(state) or FUNCTIONS[
        state
    ]
    return Match(method="POST", path=f"/functions/[^/]*{name}/invocations$")


_DEAD_LETTER_SEND = Match(target=r"^AmazonSQS\.SendMessage$", body="{dead_letter_queue}")
_DESCRIBE_EXECUTION = Match(target=r"^AWSStepFunctions\.DescribeExecution$")
_START_EXECUTION = Match(target=r"^AWSStepFunctions\.StartExecution$")


def _request_faults(state: str, uploads: _Uploads) -> Iterator[Scenario]:
    """Faults between a function and the service that it calls."""
    throttles = uploads.throttles if state == INDEX else ((503, "SlowDown"),)
    errors = [*throttles, (500, "InternalError"), (502, "BadGateway"), (504, "GatewayTimeout")]
    throttled_answer = ErrorAnswer(*throttles[0])
    read = _read(state, uploads)
    for status, code in errors:
        yield Scenario(f"HTTP {status}", state, (Rule(ErrorAnswer(status, code), read, times=PASSING),))
    passing: tuple[tuple[str, Fault, Match], ...] = (
        ("connection reset", Reset(), read),
        ("truncated answer", Truncation(), read),
        ("answer lost", AnswerLost(), _written(state, uploads)),
        ("ledger: HTTP 503", ErrorAnswer(503, "SlowDown"), _ledger(state)),
        ("ledger: answer lost", AnswerLost(), _ledger(state)),
    )
    for name, fault, match in passing:
        yield Scenario(name, state, (Rule(fault, match, times=PASSING),))
    outage = Rule(throttled_answer, read, times=_OUTAGE[state])
    yield Scenario("outage as long as retries", state, (outage,))
    yield Scenario("slow answer", state, (Rule(Delay(3), read, times=PASSING),))
    yield Scenario("no answer", state, (Rule(NoAnswer(_LONGER_THAN_A_CLIENT_WAITS[state]), read, times=1),))
    lasting: tuple[tuple[str, Fault, Match], ...] = (
        *((f"HTTP {status}", ErrorAnswer(status, code), read) for status, code in [*throttles, errors[-1]]),
        ("connection reset", Reset(), read),
        ("answer lost", AnswerLost(), _written(state, uploads)),
        ("ledger: HTTP 503", ErrorAnswer(503, "SlowDown"), _ledger(state)),
    )
    for name, fault, match in lasting:
        yield Scenario(f"{name}, lasting", state, (Rule(fault, match),), outlasts_retries=True)


def _denials(uploads: _Uploads) -> Iterator[Scenario]:
    """A policy that has not arrived everywhere yet, and one that somebody has to mend."""
    denied = ErrorAnswer(403, "AccessDenied")
    yield Scenario("access denied", INDEX, (Rule(denied, uploads.match, times=PASSING),))
    yield Scenario(
        "access denied, lasting",
        INDEX,
        (Rule(denied, uploads.match),),
        outlasts_retries=True,
        letters="batch: SearchAccessDenied",
    )


def _function_faults(state: str) -> Iterator[Scenario]:
    """Faults of a function, and between Step Functions and Lambda."""
    match = _invocation(state)
    throttled = ErrorAnswer(429, "TooManyRequestsException")
    yield Scenario("Lambda throttled", state, (Rule(throttled, match, times=PASSING),))
    yield Scenario(
        "Lambda HTTP 500", state, (Rule(ErrorAnswer(500, "ServiceException"), match, times=PASSING),)
    )
    yield Scenario("Lambda throttled, lasting", state, (Rule(throttled, match),), outlasts_retries=True)
    for name, fault in (
        ("crash", Crash()),
        ("crash after the work", Crash(after=True)),
        ("time-out", TimeOut()),
        ("time-out after the work", TimeOut(after=True)),
    ):
        yield Scenario(name, state, (Rule(fault, match, times=1),))
        yield Scenario(f"{name}, lasting", state, (Rule(fault, match),), outlasts_retries=True)


def _refused_documents(uploads: _Uploads) -> Rule:
    """The domain refuses every document: a reason for dead letters of kind documents."""
    return Rule(uploads.refuses_documents, uploads.match)


def _dead_letter_send_faults(uploads: _Uploads) -> Iterator[Scenario]:
    """Faults of SQS, met by dead letters of each kind: batch, documents and messages."""
    causes = (
        ("batch", Rule(Crash(), _invocation(INDEX)), "batch: "),
        ("documents", _refused_documents(uploads), "documents: DocumentRefused"),
        ("messages", Rule(Crash(), _invocation(FETCH)), AS_IT_CAME),
    )
    faults: tuple[tuple[str, Fault], ...] = (
        ("throttled", ErrorAnswer(400, "ThrottlingException")),
        ("HTTP 503", ErrorAnswer(503, "ServiceUnavailable")),
        ("connection reset", Reset()),
        ("answer lost", AnswerLost()),
    )
    for kind, cause, letters in causes:
        for name, fault in faults:
            yield Scenario(
                f"{name} ({kind})",
                DEAD_LETTER_SENDS,
                (Rule(fault, _DEAD_LETTER_SEND, times=PASSING), cause),
                outlasts_retries=True,
                letters=letters,
            )
        # The execution fails then, and EventBridge sends a dead letter about it.
        yield Scenario(
            f"HTTP 503, lasting ({kind})",
            DEAD_LETTER_SENDS,
            (Rule(ErrorAnswer(503, "ServiceUnavailable"), _DEAD_LETTER_SEND), cause),
            outlasts_retries=True,
            letters="execution: FAILED",
        )


_START_EXECUTION_REFUSED = Scenario(
    "StartExecution refused, lasting",
    PIPE,
    (Rule(ErrorAnswer(400, "StateMachineDeleting"), _START_EXECUTION),),
    outlasts_retries=True,
    messages_stay_received=True,
    letters=AS_IT_CAME,
)


def _keep_batch_faults() -> Iterator[Scenario]:
    """Faults of S3 while the workflow takes the tag off a batch that it is to dead-letter."""
    tag = Match(method="DELETE", path="^/{staging_bucket}/batches/")
    throttled = ErrorAnswer(503, "SlowDown")
    for name, rule in (
        ("HTTP 503", Rule(throttled, tag, times=PASSING)),
        ("answer lost", Rule(AnswerLost(), tag, times=PASSING)),
        # The dead letter is sent all the same, and redriven before the batch expires.
        ("HTTP 503, lasting", Rule(throttled, tag)),
    ):
        yield Scenario(
            name,
            KEEP,
            (rule, Rule(Crash(), _invocation(INDEX))),
            outlasts_retries=True,
            letters="batch: ",
        )


# Together they are more than the input of an execution, and so is the first with any other.
_LARGE = (210_000, 60_000, 60_000, 30_000, 100)


def _delivery_faults() -> Iterator[Scenario]:
    yield Scenario("duplicate messages", PIPE, announced=2)
    yield Scenario("out-of-order messages", PIPE, shuffled=True)
    yield Scenario("duplicate, out-of-order messages", PIPE, announced=3, shuffled=True)
    yield Scenario(
        "StartExecution's answer lost", PIPE, (Rule(AnswerLost(), _START_EXECUTION, times=PASSING),)
    )
    yield _START_EXECUTION_REFUSED
    yield from _admission_faults()
    yield Scenario("large messages beside", PIPE, beside=_LARGE)
    set_aside = Match(method="PUT", path="^/{staging_bucket}/messages/")
    throttled = ErrorAnswer(503, "SlowDown")
    yield Scenario(
        "large messages beside, HTTP 503", PIPE, (Rule(throttled, set_aside, times=PASSING),), beside=_LARGE
    )
    yield Scenario(
        "large messages beside, HTTP 503, lasting",
        PIPE,
        (Rule(throttled, set_aside),),
        beside=_LARGE,
        outlasts_retries=True,
        messages_stay_received=True,
        letters=AS_IT_CAME,
    )


def _admission_faults() -> Iterator[Scenario]:
    """Faults of the Pipe's enrichment: messages come back after their visibility timeout, for some times."""
    admission = Match(method="POST", path="/functions/[^/]*admit-messages/invocations$")
    throttled = ErrorAnswer(429, "TooManyRequestsException")
    for name, fault in (
        ("throttled", throttled),
        ("crash", Crash()),
        ("crash after the work", Crash(after=True)),
    ):
        yield Scenario(
            f"enrichment {name}", PIPE, (Rule(fault, admission, times=1),), messages_stay_received=True
        )
    yield Scenario(
        "enrichment throttled, lasting",
        PIPE,
        (Rule(throttled, admission),),
        outlasts_retries=True,
        messages_stay_received=True,
        letters=AS_IT_CAME,
    )


def _ended_executions(state: str, uploads: _Uploads) -> Iterator[Scenario]:
    """Executions that are ended from outside while they are in a state."""
    held = (Rule(Delay(30), _read(state, uploads)),)
    aborted = Scenario(
        "execution aborted",
        state,
        held,
        outlasts_retries=True,
        aborted_in=state,
        letters="execution: ABORTED",
    )
    yield aborted
    yield Scenario(
        "execution times out",
        state,
        held,
        outlasts_retries=True,
        execution_seconds=10,
        letters="execution: TIMED_OUT",
    )
    if state == FETCH:
        # boto3 tries five times.
        unavailable = Rule(ErrorAnswer(503, "ServiceUnavailable"), _DESCRIBE_EXECUTION, times=6)
        yield replace(aborted, fault="execution aborted, unknown when redriven", redrive_rules=(unavailable,))


def _redriven_by_make(uploads: _Uploads) -> Iterator[Scenario]:
    """What `make redrive KIND=…` sends back: a batch, and messages that SQS itself has moved."""
    unavailable = Rule(ErrorAnswer(503, "503"), uploads.match)
    yield Scenario(
        "HTTP 503, lasting, make redrive",
        INDEX,
        (unavailable,),
        outlasts_retries=True,
        letters=f"batch: {uploads.unavailable}",
        redrive_kind="batch",
    )
    yield replace(
        _START_EXECUTION_REFUSED,
        fault="StartExecution refused, lasting, make redrive",
        redrive_kind="message",
    )


def _retention_faults(deletions: _Deletions) -> Iterator[Scenario]:
    """Faults while expired events are looked for, and while they are deleted."""
    search, deletion, throttle = deletions
    throttled = ErrorAnswer(503, "503")
    passing: tuple[tuple[str, Fault, Match], ...] = (
        ("search: HTTP 503", throttled, search),
        ("search: HTTP 500", ErrorAnswer(500, "500"), search),
        ("search: HTTP 403", ErrorAnswer(403, "AccessDenied"), search),
        ("search: connection reset", Reset(), search),
        ("search: truncated answer", Truncation(), search),
        (f"deletion: HTTP {throttle}", ErrorAnswer(throttle, str(throttle)), deletion),
        ("deletion: HTTP 502", ErrorAnswer(502, "502"), deletion),
        ("deletion: connection reset", Reset(), deletion),
        ("deletion: truncated answer", Truncation(), deletion),
        ("deletion: answer lost", AnswerLost(), deletion),
        ("Lambda throttled", ErrorAnswer(429, "TooManyRequestsException"), _invocation(DELETE)),
    )
    for name, fault, match in passing:
        yield Scenario(name, DELETE, (Rule(fault, match, times=PASSING),))
    # The first round only counts.
    for name, fault in (
        ("crash after the work", Crash(after=True)),
        ("time-out", TimeOut()),
        ("time-out after the work", TimeOut(after=True)),
    ):
        yield Scenario(name, DELETE, (Rule(fault, _invocation(DELETE), skip=1, times=1),))
    lasting: tuple[tuple[str, Fault, Match], ...] = (
        ("search: HTTP 503", throttled, search),
        ("search: HTTP 403", ErrorAnswer(403, "AccessDenied"), search),
        ("deletion: HTTP 503", throttled, deletion),
        ("crash", Crash(), _invocation(DELETE)),
    )
    for name, fault, match in lasting:
        yield Scenario(f"{name}, lasting", DELETE, (Rule(fault, match),), outlasts_retries=True)
    held = (Rule(Delay(30), deletion),)
    yield Scenario("execution aborted", DELETE, held, outlasts_retries=True, aborted_in=DELETE)


def _backfill_faults() -> Iterator[Scenario]:
    """Faults while a backfill is planned, and while its parts are indexed."""
    listing = Match(method="GET", path="^/{log_bucket}/?$")
    kept = Match(method="PUT", path="^/{staging_bucket}/backfills/chaos[^/]*/(parts|planned)/")
    part = Match(method="GET", path="^/{staging_bucket}/backfills/chaos[^/]*/parts/")
    mark = Match(method="PUT", path="^/{staging_bucket}/backfills/chaos[^/]*/done/")
    slow = ErrorAnswer(503, "SlowDown")
    passing: tuple[tuple[str, str, Fault, Match], ...] = (
        (PLAN, "listing: HTTP 503", slow, listing),
        (PLAN, "listing: connection reset", Reset(), listing),
        (PLAN, "listing: truncated answer", Truncation(), listing),
        (PLAN, "keeping: answer lost", AnswerLost(), kept),
        (PLAN, "Lambda throttled", ErrorAnswer(429, "TooManyRequestsException"), _invocation(PLAN)),
        (PART, "part: HTTP 503", slow, part),
        (PART, "mark: HTTP 503", slow, mark),
        (PART, "mark: answer lost", AnswerLost(), mark),
    )
    for state, name, fault, match in passing:
        yield Scenario(name, state, (Rule(fault, match, times=PASSING),))
    # The first invocation finds the folders.
    for name, fault in (("crash after the work", Crash(after=True)), ("time-out", TimeOut())):
        yield Scenario(name, PLAN, (Rule(fault, _invocation(PLAN), skip=1, times=1),))
    denied = ErrorAnswer(403, "AccessDenied")
    yield Scenario("listing: HTTP 403, lasting", PLAN, (Rule(denied, listing),), outlasts_retries=True)
    yield Scenario("crash, lasting", PLAN, (Rule(Crash(), _invocation(PLAN)),), outlasts_retries=True)
    yield Scenario("part: HTTP 403, lasting", PART, (Rule(denied, part),), outlasts_retries=True)
    yield Scenario("stopped half-way, redriven", PART, aborted_in=PART)
    yield Scenario("stopped half-way, started anew", PART, aborted_in=PART, resumed_anew=True)


def _audit_faults() -> Iterator[Scenario]:
    """Announcements that never arrive, and faults while what they were about is looked for and announced again."""
    listing = Match(method="GET", path="^/{log_bucket}/?$")
    digest = Match(method="GET", path="^/{log_bucket}/.*/CloudTrail-Digest/")
    keys = Match(target=r"\.ListPublicKeys$")
    send = Match(target=r"^AmazonSQS\.SendMessageBatch$")
    announced = Match(method="PUT", path="^/{staging_bucket}/ledger/.*/announced-")
    evidence = Match(method="PUT", path="^/{staging_bucket}/evidence/")
    slow, denied = ErrorAnswer(503, "SlowDown"), ErrorAnswer(403, "AccessDenied")
    throttled = ErrorAnswer(400, "ThrottlingException")
    yield Scenario("announcements dropped", AUDIT)
    passing: tuple[tuple[str, Fault, Match, int], ...] = (
        # More often than boto3 tries: the workflow tries again.
        ("listing: HTTP 503", slow, listing, _CLIENT_TRIES + 1),
        ("digest: HTTP 503", slow, digest, PASSING),
        ("digest: truncated answer", Truncation(), digest, PASSING),
        ("public keys: throttled", throttled, keys, PASSING),
        ("public keys: refused", ErrorAnswer(400, "AccessDeniedException"), keys, PASSING),
        ("announcing: HTTP 503", ErrorAnswer(503, "ServiceUnavailable"), send, PASSING),
        ("announcing: answer lost", AnswerLost(), send, PASSING),
        ("its ledger: answer lost", AnswerLost(), announced, PASSING),
        ("evidence: answer lost", AnswerLost(), evidence, PASSING),
        ("Lambda throttled", ErrorAnswer(429, "TooManyRequestsException"), _invocation(AUDIT), PASSING),
    )
    for name, fault, match, times in passing:
        yield Scenario(name, AUDIT, (Rule(fault, match, times=times),))
    ledger_faults: tuple[tuple[str, Fault], ...] = (("HTTP 503", slow), ("answer lost", AnswerLost()))
    for state in FUNCTIONS:
        for name, fault in ledger_faults:
            yield Scenario(f"ledger of {state}: {name}", AUDIT, (Rule(fault, _ledger(state), times=PASSING),))
    yield Scenario(
        "ledger of Fetch Logs: HTTP 503, lasting",
        AUDIT,
        (Rule(slow, _ledger(FETCH)),),
        letters=AS_IT_CAME,
    )
    # The first invocation plans.
    ends: tuple[tuple[str, Fault], ...] = (
        ("crash after the work", Crash(after=True)),
        ("time-out after the work", TimeOut(after=True)),
    )
    for name, fault in ends:
        yield Scenario(name, AUDIT, (Rule(fault, _invocation(AUDIT), skip=1, times=1),))
    lasting: tuple[tuple[str, Fault, Match], ...] = (
        ("listing: HTTP 503", slow, listing),
        ("public keys: refused", ErrorAnswer(400, "AccessDeniedException"), keys),
        ("announcing: HTTP 503", ErrorAnswer(503, "ServiceUnavailable"), send),
        # Sent, and not written down.
        ("its ledger: HTTP 403", denied, announced),
        ("evidence: HTTP 403", denied, evidence),
    )
    for name, fault, match in lasting:
        yield Scenario(f"{name}, lasting", AUDIT, (Rule(fault, match),), outlasts_retries=True)
    held = (Rule(Delay(30), announced),)
    yield Scenario("aborted after it announced", AUDIT, held, outlasts_retries=True, aborted_in=AUDIT)


def _storm(uploads: _Uploads) -> Scenario:
    """Every request of every state may fail in any way."""
    requests = [
        *(_read(state, uploads) for state in FUNCTIONS),
        _written(FETCH, uploads),
        _written(SPLIT, uploads),
        _DEAD_LETTER_SEND,
    ]
    faults: list[Fault] = [ErrorAnswer(503, "SlowDown"), Reset(), Truncation(), AnswerLost(), Delay(1)]
    invocation_faults: list[Fault] = [
        ErrorAnswer(429, "TooManyRequestsException"),
        Crash(),
        Crash(after=True),
        TimeOut(after=True),
    ]
    rules = [Rule(fault, match, share=0.1) for match in requests for fault in faults]
    rules += [
        Rule(fault, _invocation(state), share=0.1) for state in FUNCTIONS for fault in invocation_faults
    ]
    return Scenario("storm of all faults", EVERYWHERE, tuple(rules), announced=2, shuffled=True)


def scenarios(backend: Backend, engine: EngineChoice = "embedded") -> tuple[Scenario, ...]:
    """All scenarios of a backend, in the order of the table; `engine` is what serves OpenSearch domains."""
    uploads = _UPLOADS[backend]
    table: list[Scenario] = []
    for state in FUNCTIONS:
        table += [
            *_request_faults(state, uploads),
            *_function_faults(state),
            *_ended_executions(state, uploads),
        ]
    table += _denials(uploads)
    table.append(
        Scenario("documents refused, lasting", INDEX, (_refused_documents(uploads),), outlasts_retries=True)
    )
    batch, messages = _redriven_by_make(uploads)
    return (
        *table,
        *(opensearch_scenarios.scenarios(engine) if backend is Backend.OPENSEARCH else ()),
        batch,
        *_keep_batch_faults(),
        *_dead_letter_send_faults(uploads),
        *_delivery_faults(),
        messages,
        *_retention_faults(_DELETIONS[backend]),
        *_backfill_faults(),
        *_audit_faults(),
        _storm(uploads),
    )
