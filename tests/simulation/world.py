"""One run of a plan: the pipeline, whoever uses it, and time."""

import gc
import gzip
import itertools
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sized
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from math import ceil, log2
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

import simpy

import admit_messages
import audit_logs
import delete_expired
import fetch_logs
import index_batch
import plan_backfill
import split_records
from tests.simulation import backfilling, operator
from tests.simulation.code import Code, Ended, in_virtual_time, moment
from tests.simulation.deployed import ACCOUNT_ID, REGION, Deployed
from tests.simulation.faults import Fault, Faults
from tests.simulation.plan import Act, Backfill, Deed, Delivery, Log, Old, Plan
from tests.simulation.services.alarms import Alarms
from tests.simulation.services.cloudtrail import HOUR, CloudTrail, Trail, is_signed
from tests.simulation.services.events import FailedExecutions
from tests.simulation.services.executions import Execution, Executions, StepFunctions
from tests.simulation.services.functions import Functions
from tests.simulation.services.ground import Ground
from tests.simulation.services.pipe import Pipe
from tests.simulation.services.s3 import S3, Buckets, StoredObject
from tests.simulation.services.schedules import Schedule
from tests.simulation.services.search import CloudSearch, Domain, OpenSearch
from tests.simulation.services.sqs import Message, Queue, Sqs
from trailsearch.audit.cloud import digest_bucket
from trailsearch.aws import clients, telemetry
from trailsearch.aws.telemetry import logger
from trailsearch.cli.environment import Environment
from trailsearch.contracts.errors import MessageNotRecognized, TooManyRefused
from trailsearch.contracts.messages import DeadLetter
from trailsearch.search import Backend, search_backend
from trailsearch.workflow import backfill_parts

HANDLERS = (
    admit_messages,
    audit_logs,
    delete_expired,
    fetch_logs,
    index_batch,
    plan_backfill,
    split_records,
)
ROUNDS = 3
"""So many redrives bring all in, once nothing fails any more: a batch that the domain refuses may be halved as often."""
NOTHING_HAPPENED = gzip.compress(b'{"Records":[]}', 1, mtime=0)
"""What somebody who alters a log makes of it."""
LOGS_OF_A_PART = 3
"""So few logs has a part of a backfill here, in place of 500, so that there are several parts."""
RESUMED = 6
"""So often is a backfill begun or resumed, once nothing fails any more, until it has to have ended."""
MAX_REFUSALS = 8
"""So few uploads does the domain refuse here, in place of 100, until the rest of a batch is left to a redrive."""
MOST_EXECUTIONS = 5_000
"""The busiest of five thousand plans has a quarter of them: what multiplies has far more."""
MOST_STEPS = 500_000
"""So often may anything happen at all: nearly ten times as often as in the busiest of five thousand plans."""
_BEFORE_THE_WORLD = -30 * 24 * HOUR
_MOST_WAITED_SECONDS = 600.0
_LOOK_SECONDS = 60.0
# Longer than an operator's visibility timeout, who went away with what he was looking at.
_QUIET_SECONDS = 420.0
_DAY = 24 * 60 * 60.0
SETTLED_SECONDS = 3 * _DAY
"""By then all is quiet: the longest execution and its retries, the latest event, and some more."""


class Endless(Exception):
    """Something goes on that should have come to an end; says what."""


class Line(NamedTuple):
    """One line of a timeline."""

    at: float
    who: str
    what: str


class _Environment(simpy.Environment):
    """Time, which ends where too much happens in it."""

    steps = 0
    executions: Sized = ()

    def step(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS or len(self.executions) > MOST_EXECUTIONS:
            raise Endless(f"after {len(self.executions):,} executions and {self.steps:,} steps more goes on")
        super().step()


@dataclass
class World:
    """All that there is in a run. ``trace`` says whether it is told (``lines``)."""

    plan: Plan
    deployed: Deployed
    trace: bool = False
    lines: list[Line] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    phase: str = "faults"

    def __post_init__(self) -> None:
        self.env = _Environment()
        self.random = Random(self.plan.seed)
        self.faults = Faults(self.plan.of(Fault))
        deployed = self.deployed
        self.ground = Ground(self.env, self.random, deployed, self.faults, self.say, self.trace)
        self.buckets = Buckets(
            self.env,
            deployed.staging_bucket,
            deployed.expires_soon_days,
            deployed.staging_days,
            {
                "records": deployed.expires_soon_days,
                "audits": deployed.expires_soon_days,
                "backfills": deployed.backfill_days,
                "ledger": deployed.ledger_days,
                "evidence": deployed.ledger_days,
            },
        )
        self.domain = Domain(self.env, deployed.backend, retention_days=deployed.search_retention_days)
        self.ingest, self.dead_letters = (self._queue(name) for name in ("ingest", "dead-letter"))
        self.ingest.redrive_to(self.dead_letters, deployed.max_receive_count)
        self.queues = {deployed.queue_url(queue.name): queue for queue in (self.ingest, self.dead_letters)}
        functions = Functions(self.ground, dict(self.plan.skews))
        self.alarms = Alarms(self.env, self.ingest, deployed.oldest_message_seconds)
        self.executions = Executions(self.ground, functions, self.queues, self.buckets, self.alarms)
        self.env.executions = self.executions.all
        self.trail = Trail(self.ground, self.buckets)
        self.schedules = [
            Schedule(self.ground, self.executions, machine, first, every)
            for machine, first, every in (
                ("audit", self.plan.audit_at if self.plan.is_audited else None, HOUR),
                ("retention", self.plan.retention_at, _DAY),
            )
            if first is not None
        ]
        self.rule = FailedExecutions(self.ground, self.dead_letters)
        self.executions.ended.append(self.rule.hear)
        ensure_ascii = self.plan.ensure_ascii
        self.pipe = Pipe(self.ground, self.ingest, functions, self.executions, ensure_ascii=ensure_ascii)
        self.clients = self._clients()
        self.operators = 0
        self.waiting_at_first: list[Message] = []
        self.rounds: list[int] = []
        self.sent_back: set[tuple[str, str]] = set()
        self.tampered: dict[str, float] = {}
        self.last_audit: Execution | None = None
        self.last_retention: Execution | None = None

    def _queue(self, name: str) -> Queue:
        deployed = self.deployed
        return Queue(
            self.env,
            self.random,
            name,
            deployed.arn("sqs", f"{deployed.prefix}-{name}"),
            visibility_seconds=deployed.visibility_seconds if name == "ingest" else 30.0,
            retention_seconds=deployed.retention_seconds,
            max_bytes=deployed.max_message_bytes,
        )

    def _clients(self) -> Mapping[str, Any]:
        sts = SimpleNamespace(
            meta=SimpleNamespace(region_name=REGION),
            get_caller_identity=lambda: {
                "Account": ACCOUNT_ID,
                "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/operator",
            },
        )
        search: Any = OpenSearch(self.ground, self.domain)
        if self.deployed.backend is Backend.CLOUDSEARCH:
            search = CloudSearch(self.ground, self.domain, clients._SEARCH_CONFIG)
        return {
            "s3": S3(self.ground, self.buckets, clients._S3_CONFIG),
            "sqs": Sqs(self.ground, self.queues),
            "stepfunctions": StepFunctions(self.ground, self.executions),
            "sts": sts,
            "cloudtrail": CloudTrail(self.ground),
            "search": search,
        }

    def say(self, who: str, what: str) -> None:
        """Tell what has happened now."""
        if self.trace:
            self.lines.append(Line(self.env.now, who, what))

    # ── What the plan has ──────────────────────────────────────────────────────────────────────────────────

    def run(self) -> None:
        """Run it all: what the plan has, and after it an operator who redrives until nothing good waits."""
        global _world  # noqa: PLW0603
        _world = self
        search_backend.cache_clear()
        admit_messages._stage.cache_clear()
        digest_bucket._list_public_keys.cache_clear()
        self._put_what_is_there()
        self.env.process(self.pipe.run())
        self.env.process(self.alarms.run())
        if self.plan.is_audited:
            self.env.process(self.trail.run())
        for schedule in self.schedules:
            self.env.process(schedule.run())
        for backfill in self.plan.of(Backfill):
            self.env.process(self._begin_backfill(backfill))
        for delivery in self.plan.of(Delivery):
            self.env.process(self._deliver(delivery))
        for act in self.plan.of(Act):
            self.env.process(self._act(act))
        for fault in self.plan.of(Fault):
            self.env.process(self._tell(fault))
        self.env.run(self.env.process(self._days()))

    def _put_what_is_there(self) -> None:
        for backfill in self.plan.of(Backfill):
            for log in backfill.logs:
                self._store(log, _BEFORE_THE_WORLD)
        prefix = self.deployed.prefix
        for old in self.plan.of(Old):
            for document, time in old.documents:
                index = "events"
                if self.deployed.backend is Backend.OPENSEARCH:
                    month = time[:7].replace("-", ".") if time >= "2006" else "undated"
                    index = f"{prefix}-events-{month}"
                    self.domain.made_by_template.add(index)
                self.domain.write(index, document, time)

    def _store(self, log: Log, at: float) -> None:
        if log.body is not None and (log.bucket, log.key) not in self.buckets.objects:
            self.buckets.objects[log.bucket, log.key] = StoredObject(
                log.body,
                at,
                refused="InvalidObjectState" if log.left_out else log.refused,
                deadly=log.deadly,
                storage_class="GLACIER" if log.left_out else "STANDARD",
            )

    def _begin_backfill(self, backfill: Backfill) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(backfill.at)
        environment = self.deployed.environment
        yield from self._operate(
            f"backfill of {len(backfill.logs)} log(s)",
            lambda: backfilling.begin(environment, backfill.first, backfill.last),
        )

    def _operate(self, what: str, run: Callable[[], Any]) -> Generator[simpy.Event, Any, Any]:
        """Let a person do something with a backfill; gives what came of it, or None."""
        self.say("person", f"begins: {what}")
        self.operators += 1
        skew = dict(self.plan.skews).get("operator", 0.0)
        end = yield self.env.process(Code(self.env, run, "operator", self.random, skew=skew).process())
        self.operators -= 1
        if isinstance(end.error, backfilling.TOLD):
            self.say("person", f"is told: {str(end.error)[:200]}")
        elif isinstance(end.error, Ended):
            self.say("person", "is gone")
        elif end.error is not None:
            self.violations.append(f"crash: {what} raises {type(end.error).__name__}: {end.error}")
        else:
            self.say("person", f"is done: {end.value}")
        return end.value

    def _tell(self, fault: Fault) -> Generator[simpy.Event, Any, None]:
        if self.trace:
            yield self.env.timeout(max(0.0, fault.begin))
            self.say("fault", f"begins: {fault}")
            yield self.env.timeout(max(0.0, fault.end - self.env.now))
            self.say("fault", f"ends: {fault}")

    def _deliver(self, delivery: Delivery) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(delivery.at)
        for log in delivery.logs:
            self.env.process(self._put(log))
        attributes = {
            name: {"DataType": "String", "StringValue": value} for name, value in delivery.attributes
        }
        for _ in range(delivery.copies):
            message = self.ingest.send(delivery.body, attributes, delay=self.random.choice((0.0, 0.0, 2.0)))
            self.say("SNS", f"delivers {message.id}: {delivery}")

    def _put(self, log: Log) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(log.late)
        if (log.bucket, log.key) not in self.buckets.objects:
            self._store(log, self.env.now)
            if is_signed(log):
                self.trail.delivered.append((self.env.now, log))
            if log.restored is not None:
                yield self.env.timeout(log.restored)
                self.buckets.objects[log.bucket, log.key].refused = ""
                self.say("person", f"has restored {log.uri}")
            if log.tampered is not None:
                yield from self._tamper(log, log.tampered)

    def _tamper(self, log: Log, after: float) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(after)
        self.tampered[log.uri] = self.env.now
        if log.deleted is not None:
            del self.buckets.objects[log.bucket, log.key]
        else:
            self.buckets.put(log.bucket, log.key, NOTHING_HAPPENED)
        self.say("somebody", f"{'alters' if log.deleted is None else 'deletes'} {log.uri}")

    def _act(self, act: Act) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(act.at)
        if act.deed is not Deed.REDRIVE:
            self.say("person", str(act))
        match act.deed:
            case Deed.REDRIVE:
                yield from self._redrive(act)
            case Deed.ABORT:
                yield from self._abort()
            case Deed.STOP_BACKFILL:
                yield from self._operate("backfill-stop", lambda: backfilling.stop(self.deployed.environment))
            case Deed.RESUME_BACKFILL:
                yield from self._operate(
                    "backfill RESUME=1", lambda: backfilling.resume(self.deployed.environment)
                )
            case Deed.RING | Deed.SILENCE:
                self.alarms.ring("lag", ringing=act.deed is Deed.RING)
            case Deed.DEPLOY:
                # Functions start anew, and forget; executions that run keep their definition.
                search_backend.cache_clear()
                admit_messages._stage.cache_clear()
                self.executions.deploy()
            case Deed.STOP_PIPE | Deed.START_PIPE:
                self.pipe.running = act.deed is Deed.START_PIPE
            case Deed.FILL_DOMAIN | Deed.MEND_DOMAIN:
                self.domain.full = act.deed is Deed.FILL_DOMAIN
                self.domain.was_full = True

    def _abort(self) -> Generator[simpy.Event, Any, None]:
        """Abort an execution of the workflow, retention or audit, as soon as there is one."""
        end = self.env.now + _MOST_WAITED_SECONDS
        while self.env.now < end and self.phase == "faults":
            running_now = [self.executions.all[arn] for arn in sorted(self.executions.running)]
            if some := [each for each in running_now if each.machine != "backfill"]:
                self.executions.abort(self.random.choice(some))
                return
            yield self.env.timeout(1.0)

    def _redrive(self, act: Act) -> Generator[simpy.Event, Any, None]:
        self.say("person", f"begins: {act}")
        self.operators += 1
        environment = self.deployed.environment
        code = Code(
            self.env,
            lambda: operator.run_redrive(environment, act.options),
            "operator",
            self.random,
            skew=dict(self.plan.skews).get("operator", 0.0),
        )
        process = self.env.process(code.process())
        if act.interrupted:
            after, how = act.interrupted
            yield process | self.env.timeout(after)
            if not process.triggered:
                process.interrupt(how)
        end = yield process
        self.operators -= 1
        match end.error:
            case None:
                self.say("person", f"is done, exit code {end.value}")
            case Ended() | KeyboardInterrupt():
                self.say("person", "is gone")
            case error if type(error).__name__ in _EXPECTED:
                self.say("person", f"is told: {str(error)[:200]}")
            case error:
                self.violations.append(f"crash: make redrive raises {type(error).__name__}: {error}")

    # ── After it ───────────────────────────────────────────────────────────────────────────────────────────

    def _days(self) -> Generator[simpy.Event, Any, None]:
        ends = [fault.end for fault in self.plan.of(Fault)]
        ends += [act.at for act in self.plan.of(Act)]
        ends += [
            delivery.at
            + max((log.late + (log.restored or log.tampered or 0.0) for log in delivery.logs), default=0)
            for delivery in self.plan.of(Delivery)
        ]
        ends += [backfill.at for backfill in self.plan.of(Backfill)]
        yield self.env.timeout(max([0.0, *ends]))
        self.domain.full, self.pipe.running = False, True
        self.alarms.ring("lag", ringing=False)
        self.phase = "after the faults"
        self.say("world", "nothing fails any more")
        yield from self._settle()
        yield from self._end_backfills()
        if self.plan.is_audited:
            yield from self._audit_all()
        self.waiting_at_first = list(self.dead_letters.messages.values())
        if self.plan.idle_days:
            yield self.env.timeout(self.plan.idle_days * _DAY)
        last = ROUNDS
        for number in itertools.count():
            if number == ROUNDS:  # By now, the domain has seen all.
                last += self._halvings()
            if number >= ROUNDS and (number == last or not self._halvings()):
                break
            self.phase = f"redrive {number + 1}"
            self.rounds.append(len(self.dead_letters.messages))
            yield from self._redrive(Act(self.env.now, Deed.REDRIVE, ("--no-wait",)))
            yield from self._settle()
        self.rounds.append(len(self.dead_letters.messages))
        self.phase = "at the end"
        for schedule in self.schedules:
            schedule.over = True
        if self.plan.is_audited:
            self.last_audit = yield from self._audit_all()
        self.last_retention = self.executions.start("{}", machine="retention")
        yield from self._settle()

    def _halvings(self) -> int:
        """Give after how many redrives no batch is left with more bad documents than are found at once: each halves it."""
        documents = [0]
        for message in self.dead_letters.messages.values():
            with suppress(MessageNotRecognized):
                letter = DeadLetter.from_body(message.body)
                if letter and letter.batch and letter.error.error == TooManyRefused.__name__:
                    documents.append(letter.batch.documents)
        return ceil(log2(max(documents))) if any(documents) else 0

    def _end_backfills(self) -> Generator[simpy.Event, Any, None]:
        self.phase = "backfill"
        for backfill in self.plan.of(Backfill):
            yield from self._end_backfill(backfill)

    def _end_backfill(self, backfill: Backfill) -> Generator[simpy.Event, Any, None]:
        def go_on() -> bool:
            return backfilling.go_on(self.deployed.environment, backfill.first, backfill.last)

        for _ in range(RESUMED):
            ended = yield from self._operate("backfill, until it has ended", go_on)
            yield from self._settle()
            if ended:
                return
        self.violations.append(f"endless: a backfill has not ended after {RESUMED} times")

    def _audit_all(self) -> Generator[simpy.Event, Any, Execution]:
        """Audit the whole time in which logs were delivered, once CloudTrail has signed them all."""
        latest = max([0.0, *(at for at, _ in self.trail.delivered)])
        end = (latest // HOUR + 1) * HOUR
        yield self.env.timeout(max(0.0, end + HOUR / 4 - self.env.now))
        hours = {"from": moment(-HOUR).isoformat(), "to": moment(end).isoformat()}
        audit = self.executions.start(json.dumps(hours), machine="audit")
        yield from self._settle()
        return audit

    def _settle(self) -> Generator[simpy.Event, Any, None]:
        """Wait until nothing happens any more.

        Raises:
            Endless: that takes longer than it may.
        """
        begin, quiet = self.env.now, 0.0
        while quiet < _QUIET_SECONDS:
            yield self.env.timeout(_LOOK_SECONDS)
            busy = self.busy()
            quiet = 0.0 if busy else quiet + _LOOK_SECONDS
            if self.env.now - begin > SETTLED_SECONDS:
                raise Endless(f"{self.phase}: after {SETTLED_SECONDS / _DAY:.0f} days there is still {busy}")

    def busy(self) -> str:
        """Say what goes on; nothing, if nothing does."""
        if self.ingest.messages:
            return f"{len(self.ingest.messages)} message(s) in the ingest queue"
        if self.executions.running:
            return f"{len(self.executions.running)} execution(s)"
        if self.rule.pending:
            return "an event on its way"
        if self.operators:
            return "an operator at work"
        return ""


# What a command tells a person, as it is meant to.
_EXPECTED = frozenset({"CommandFailed", "EnvironmentNotFound", "Interrupted"})

_COLLECTED_AFTER = (100_000, 20, 20)
_METRIC = SimpleNamespace(add_dimension=lambda *_, **__: None)
_world: World | None = None


def _search_domain(_environment: Environment) -> SimpleNamespace:
    assert _world is not None
    return SimpleNamespace(name=_world.deployed.backend)


def _client(name: str) -> Callable[..., Any]:
    def give(*_: Any, **__: Any) -> Any:
        assert _world is not None
        return _world.clients[name]

    return give


@contextmanager
def simulated() -> Iterator[None]:
    """Let the product's code live in simulated worlds, one after the other."""
    with ExitStack() as stack:
        # To look for what is gone, all the time, takes a tenth of a run.
        stack.callback(gc.set_threshold, *gc.get_threshold())
        gc.set_threshold(*_COLLECTED_AFTER)
        for name, client in {
            "s3": "s3",
            "sqs": "sqs",
            "stepfunctions": "stepfunctions",
            "sts": "sts",
            "cloudtrail": "cloudtrail",
            "opensearch_domain": "search",
            "cloudsearch_domain": "search",
        }.items():
            stack.enter_context(patch.object(clients, name, _client(client)))
        # What is logged and measured is not looked at here, and takes half of the time.
        stack.enter_context(patch.object(telemetry, "single_metric", lambda *_, **__: nullcontext(_METRIC)))
        for name in ("add_metric", "flush_metrics"):
            stack.enter_context(patch.object(telemetry.metrics.provider, name, lambda *_, **__: None))
        # Whose contexts do not end in the order in which they began, where functions run at the same time.
        silent = SimpleNamespace(catch_warnings=nullcontext, filterwarnings=lambda *_: None)
        stack.enter_context(patch.object(telemetry, "warnings", silent))
        stack.enter_context(patch.object(backfill_parts, "MAX_LOGS", LOGS_OF_A_PART))
        stack.enter_context(patch.object(index_batch, "MAX_REFUSALS", MAX_REFUSALS))
        level = logger.log_level
        logger.setLevel("CRITICAL")
        stack.callback(logger.setLevel, level)
        stack.enter_context(patch.object(Environment, "deployed_search_domain", _search_domain))
        stack.enter_context(operator.silent())
        stack.enter_context(in_virtual_time())
        yield
