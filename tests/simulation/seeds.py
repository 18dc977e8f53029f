"""From a seed to a plan.

By ``random.Random``, so that a seed stays what it is in every version of Hypothesis, and costs next to nothing; a plan is a
list of parts, of which Hypothesis finds a smallest one that fails (``shrinking``).
"""

import gzip
import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any
from urllib.parse import quote_plus

from tests.log_generator import generate_logs
from tests.simulation.code import CTRL_C
from tests.simulation.deployed import LOG_BUCKET, Deployed, read
from tests.simulation.faults import ANY, Fault, How
from tests.simulation.plan import DEADLY, Act, Backfill, Deed, Delivery, Fate, Log, Old, Part, Plan
from trailsearch.events.documents import build_document
from trailsearch.search import Backend

ENVIRONMENTS = ("dev", "staging", "prod")
_Kind = tuple[str, Sequence[str], Sequence[str], Sequence[How]]
_EVENT_ID = re.compile(r'("eventID":")[^"]*(")')
_HOUR = 3600.0
_FUNCTIONS = ("admit_messages", "fetch_logs", "split_records", "index_batch")
_NOT_RECOGNIZED = frozenset({"MessageNotRecognized"})


def draw(seed: int, backend: Backend | None = None) -> Plan:
    """Draw the plan of a seed; the backend too, unless it is given."""
    random = Random(seed)
    drawn = random.choice(list(Backend))
    chosen = backend or drawn
    environment = random.choice(ENVIRONMENTS)
    deployed = read(environment, chosen)
    span = random.choice((60.0, 600.0, _HOUR))
    drawer = _Drawer(random, deployed, span)
    flood = random.random() < 0.03
    parts: list[Part] = [drawer.delivery() for _ in range(50 if flood else random.choice((1, 2, 4, 8, 12)))]
    parts += drawer.twins(parts)
    if random.random() < 0.85:
        times = [part.at for part in parts if isinstance(part, Delivery)]
        for _ in range(random.choice((0, 1, 1, 2, 3))):
            parts += drawer.acts()
        redriven = [part.at for part in parts if isinstance(part, Act) and part.deed is Deed.REDRIVE]
        for _ in range(random.choice((1, 1, 2, 3, 5))):
            parts.append(drawer.fault(times, redriven))
    skews: tuple[tuple[str, float], ...] = ()
    if random.random() < 0.3:
        skews = tuple((name, random.uniform(-300, 300)) for name in (*_FUNCTIONS, "operator"))
    staged_safely = not any(isinstance(part, Fault) and part.service in {"s3", ANY} for part in parts)
    idle_days = random.choice((0, 0, 0, 2, 10)) if staged_safely else 0
    ensure_ascii, small_batches = random.random() < 0.5, random.random() < 0.3
    is_audited = random.random() < 0.2
    parts = drawer.others(parts, is_audited=is_audited)
    return Plan(
        seed,
        chosen,
        environment,
        tuple(parts),
        skews,
        idle_days=0 if is_audited else idle_days,
        ensure_ascii=ensure_ascii,
        small_batches=small_batches,
        is_audited=is_audited,
        audit_at=random.uniform(0, _HOUR),
        retention_at=random.uniform(0, 2 * span) if random.random() < 0.3 else None,
    )


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


@cache
def _usual_records() -> Sequence[tuple[str, str]]:
    """Records as CloudTrail writes them, each as the texts before and behind its eventID."""
    logs = generate_logs(
        seed=20, logs=25, start=datetime(2026, 1, 1, tzinfo=UTC), records_per_log=3, story=False
    )
    texts = [
        json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        for log in logs
        for record in json.loads(gzip.decompress(log.body))["Records"]
    ]
    found = [(_EVENT_ID.search(text), text) for text in texts]
    return [(text[: match.end(1)], text[match.start(2) :]) for match, text in found if match]


# Odd ones, which are indexed all the same. ``@`` becomes an id.
_ODD_RECORDS = (
    "17",
    '"a text"',
    "null",
    "[]",
    "{}",
    '{"eventID":17}',
    '{"eventID":"@ with a space"}',
    '{"noEventID":"@"}',
    '{"eventID":"@","eventTime":"0001-01-01T00:00:00Z"}',
    '{"eventID":"@","eventTime":"soon","eventName":["a",{"b":1e400}]}',
    '{"eventID":"@","eventName":"\\ud800","errorMessage":"\\u0000\\ufffe"}',
    '{"eventID":"@","userIdentity":"nobody","requestParameters":"\U0001f600","eventTime":"2026-01-01T00:00:00Z"}',
    '{"eventID":"@","eventCategory":"Aggregated","timeWindow":7}',
)


class _Drawer:
    def __init__(self, random: Random, deployed: Deployed, span: float) -> None:
        self._random = random
        self._deployed = deployed
        self._span = span
        self._number = 0

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    # ── Logs ──────────────────────────────────────────────────────────────────────────────────────────────

    def log(self) -> Log:
        random = self._random
        key = f"{self._key()}{random.choice(('', '', ' +é'))}.json.gz"
        chance = random.random()
        if chance < 0.62:
            return self._readable(key)
        if chance < 0.70:
            return self._readable(key, late=random.choice((5.0, 900.0)))
        if chance < 0.73:
            restored = random.choice((60.0, 3 * _HOUR))
            return replace(self._readable(key), refused="InvalidObjectState", restored=restored)
        unreadable: Sequence[tuple[bytes | None, str, str]] = (
            (b"", "LogCorrupt", ""),
            (b"no gzip", "LogCorrupt", ""),
            (_gzip(b'{"Records":[{"eventID":"lost"}]}')[:-9], "LogCorrupt", ""),
            (_gzip(b'{"Records":[{"eventID":"\xff"}]}'), "LogCorrupt", ""),
            (_gzip(b'{"x":1}'), "LogWithoutRecords", ""),
            (None, "LogNotFound", ""),
            (b"archived", "LogUnreadable", "InvalidObjectState"),
            (b"denied", "LogUnreadable", "AccessDenied"),
        )
        if chance < 0.93:
            body, error, refused = random.choice(unreadable)
            return Log(LOG_BUCKET, key, body, errors=frozenset({error}), refused=refused)
        if chance < 0.96:
            return Log("of-somebody-else", key, b"", errors=frozenset({"LogBucketUnknown"}))
        return Log(LOG_BUCKET, key, b"deadly", errors=DEADLY, deadly=True)

    def _readable(self, key: str, late: float = 0.0, *, poisonous: bool = False) -> Log:
        random = self._random
        poisonous = random.random() < 0.05 or poisonous
        share = random.choice((0.3, 0.6, 1.0)) if poisonous else 0.0
        records = [self._record(share) for _ in range(30 if poisonous else random.choice((0, 1, 3, 3, 6)))]
        text = "[" + ",".join(record for record, _ in records) + "]"
        # An array is a log only if it has objects alone.
        if random.random() < 0.9 or any(record[0] != "{" for record, _ in records):
            text = f'{{"Records":{text}}}'
        fates: dict[str, Fate] = {}
        for record, fate in records:
            line = record.encode()
            fates[build_document(line, "s3://any/log").id] = fate
        return Log(LOG_BUCKET, key, _gzip(text.encode()), tuple(fates.items()), late=late)

    def _record(self, poisonous: float) -> tuple[str, Fate]:
        chance = 0.95 if self._random.random() < poisonous else self._random.random()
        if chance < 0.75:
            before, behind = self._random.choice(_usual_records())
            return f"{before}{self._id()}{behind}", Fate.FOUND
        if chance < 0.93:
            return self._random.choice(_ODD_RECORDS).replace("@", self._id()), Fate.FOUND
        if chance < 0.997:
            return f'{{"eventID":"{self._id()}","requestParameters":{{"name":"poison"}}}}', Fate.REFUSED
        size = 1_100_000 if self._deployed.backend is Backend.CLOUDSEARCH else 5_600_000
        return f'{{"eventID":"{self._id()}","errorMessage":"{"x" * size}"}}', Fate.TOO_LARGE

    # ── Messages ──────────────────────────────────────────────────────────────────────────────────────────

    def delivery(self) -> Delivery:
        random = self._random
        at = random.uniform(0, self._span)
        copies = random.choice((1, 1, 1, 1, 2))
        chance = random.random()
        if chance < 0.7:
            logs = tuple(self.log() for _ in range(random.choice((1, 1, 1, 2, 4))))
            what, body, wrong, mark = self._announcement(logs)
            return Delivery(at, what, body, logs, wrong, mark, copies, self._attributes())
        if chance < 0.85:
            what, body = random.choice(_FOREIGN)(random)
            return Delivery(at, what, body, copies=copies)
        mark = f"wrong-{self._next():04}"
        what, body, error = self._wrong(mark)
        return Delivery(at, what, body, (), frozenset({error}), mark, copies, self._attributes())

    def _attributes(self) -> tuple[tuple[str, str], ...]:
        if self._random.random() < 0.9:
            return ()
        return tuple((f"a{number}", "<" * 2_000) for number in range(self._random.choice((1, 10))))

    def _announcement(self, logs: tuple[Log, ...]) -> tuple[str, str, frozenset[str], str]:
        random = self._random
        bucket, keys = logs[0].bucket, [log.key for log in logs]
        of_several = len({log.bucket for log in logs}) > 1
        forms = ["S3 event", "S3 event", "S3 event with a wrong entry"]
        if not of_several:
            forms += [
                "CloudTrail",
                "CloudTrail",
                "CloudTrail",
                "SNS envelope",
                "backfill",
                "CloudTrail, huge",
            ]
            forms += ["CloudTrail with a wrong key"]
        if len(logs) == 1:
            forms += ["EventBridge"]
        form = random.choice(forms)
        mark = f"wrong-{self._next():04}" if "wrong" in form else ""
        cloudtrail: dict[str, Any] = {"s3Bucket": bucket, "s3ObjectKey": keys}
        match form:
            case "CloudTrail":
                body = json.dumps(cloudtrail)
            case "CloudTrail, huge":
                body = json.dumps(cloudtrail | {"padding": "\u00e9" * 100_000}, ensure_ascii=False)
            case "backfill":
                body = json.dumps(cloudtrail | {"backfill": True})
            case "SNS envelope":
                body = json.dumps(
                    {"Type": "Notification", "Message": json.dumps(cloudtrail), "TopicArn": "arn:aws:sns:::t"}
                )
            case "CloudTrail with a wrong key":
                body = json.dumps(cloudtrail | {"s3ObjectKey": [*keys, {mark: 1}]})
            case "EventBridge":
                detail = {"bucket": {"name": bucket}, "object": {"key": keys[0]}}
                body = json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
            case _:
                wrong: list[Any] = [{mark: 1}] if mark else []
                body = json.dumps({"Records": [*wrong, *map(_s3_event, logs)]})
        return f"{form} about {len(logs)} log(s)", body, _NOT_RECOGNIZED if mark else frozenset(), mark

    def _wrong(self, mark: str) -> tuple[str, str, str]:
        execution = self._deployed.arn("states", f"execution:{self._deployed.prefix}-index-logs:{mark}")
        letter = {
            "dead_letter": 1,
            "kind": "execution",
            "environment": "elsewhere",
            "execution": execution,
            "failed_at": "2026-01-01T00:00:00Z",
            "error": {"Error": "TIMED_OUT"},
        }
        large = {
            "bucket": self._deployed.staging_bucket,
            "key": f"messages/{'0' * 64}",
            "large_message": 1,
            "bytes": 1,
            "begins": mark,
        }
        return self._random.choice(
            (
                ("no JSON", f"{mark} is no JSON", "MessageNotRecognized"),
                ("no JSON, huge", f"{mark} {'<' * 200_000}", "MessageNotRecognized"),
                ("no notification", json.dumps({mark: 1}), "MessageNotRecognized"),
                (
                    "no keys",
                    json.dumps({"mark": mark, "s3Bucket": "logs", "s3ObjectKey": []}),
                    "MessageNotRecognized",
                ),
                ("arrays within arrays", f'"{mark}"' + "[" * 5_000, "MessageNotRecognized"),
                (
                    "a strange dead letter",
                    json.dumps({"mark": mark, "dead_letter": 2}),
                    "MessageNotRecognized",
                ),
                ("a dead letter about no execution", json.dumps(letter), "ExecutionNotFound"),
                ("a large message that is not there", json.dumps(large), "MessageNotFound"),
            )
        )

    def twins(self, parts: Sequence[Part]) -> list[Part]:
        """Some logs are announced once more, in another message."""
        random = self._random
        logs = [log for part in parts if isinstance(part, Delivery) for log in part.logs]
        if not logs or random.random() < 0.7:
            return []
        log = random.choice(logs)
        body = json.dumps({"s3Bucket": log.bucket, "s3ObjectKey": [log.key]})
        return [Delivery(random.uniform(0, self._span), "CloudTrail about a log once more", body, (log,))]

    # ── Faults ────────────────────────────────────────────────────────────────────────────────────────────

    def fault(self, times: Sequence[float], redriven: Sequence[float]) -> Fault:
        """Draw a fault that begins at about the time of a delivery, or of a redrive, if it is the operator's."""
        random = self._random
        kind = random.choice([each for each in _FAULTS if redriven or "operator" not in each[2]])
        begin = random.choice(redriven if "operator" in kind[2] else times) + random.uniform(-60.0, 5.0)
        return self._fault_from(begin, kind)

    def _fault_from(self, begin: float, kind: _Kind) -> Fault:
        random = self._random
        service, operations, callers, hows = kind
        return Fault(
            begin,
            begin + random.choice((120.0, 900.0, _HOUR, 3 * _HOUR)),
            service,
            random.choice(operations),
            random.choice(callers),
            random.choice(hows),
            random.choice((0.2, 0.5, 1.0)),
            random.getrandbits(32),
        )

    # ── Backfill, retention, audit ────────────────────────────────────────────────────────────────────────

    def others(self, parts: Sequence[Part], *, is_audited: bool) -> list[Part]:
        """Draw what concerns the other state machines, and executions that are aborted while they have work."""
        random = self._random
        drawn = [self._dropped(part) if is_audited and isinstance(part, Delivery) else part for part in parts]
        times = [part.at for part in parts if isinstance(part, Delivery)]
        failing = any(isinstance(part, Fault) for part in parts)
        if is_audited and random.random() < 0.5:
            drawn += [self._tampered() for _ in range(random.choice((1, 1, 2)))]
        if random.random() < 0.2:
            backfill = self._backfill(with_acts=failing)
            drawn += backfill
            times += [part.at for part in backfill if isinstance(part, Backfill)] * 3
        if random.random() < 0.3:
            drawn.append(self._old())
        if failing and random.random() < 0.06:
            drawn += self._halved()
        if failing and random.random() < 0.15:
            waits = random.random() * self._deployed.pipe_window_seconds
            drawn.append(Act(random.choice(times) + waits + random.uniform(0, 6), Deed.ABORT))
        if failing and random.random() < 0.4:
            kind = random.choice(_FAULTS_OF_OTHERS)
            begin = random.choice((*times, 0.0, _HOUR)) + random.uniform(-60.0, 60.0)
            drawn.append(self._fault_from(begin, kind))
        return drawn

    def _key(self) -> str:
        return (
            "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/01/111122223333_CloudTrail_us-east-1_20260101T0000Z_"
            f"{self._next():04}"
        )

    def _tampered(self) -> Delivery:
        """A signed log that somebody alters or deletes, before it is read or after; or whose announcement never arrives, too."""
        random = self._random
        usual = [random.choice(_usual_records()) for _ in range(3)]
        records = [f"{before}{self._id()}{behind}" for before, behind in usual]
        ids = [build_document(record.encode(), "s3://any/log").id for record in records]
        log = Log(
            LOG_BUCKET,
            f"{self._key()}.json.gz",
            _gzip(f'{{"Records":[{",".join(records)}]}}'.encode()),
            tuple((each, Fate.FOUND) for each in ids),
        )
        after = random.choice((0.1, 60.0, 900.0, 2 * _HOUR)) * random.uniform(0.5, 1.5)
        deleted = random.random() < 0.5
        log = (
            replace(log, deleted=after, errors=frozenset({"LogNotFound"}))
            if deleted
            else replace(log, altered=after)
        )
        body = json.dumps({"s3Bucket": log.bucket, "s3ObjectKey": [log.key]})
        what = f"CloudTrail about a log that is {'deleted' if deleted else 'altered'}"
        return Delivery(random.uniform(0, self._span), what, body, (log,), copies=random.choice((0, 1, 1)))

    def _halved(self) -> list[Part]:
        """A log of which a whole batch is refused, and a domain so slow that the time for halving it runs out."""
        random = self._random
        at = random.uniform(0, self._span)
        log = self._readable(f"{self._key()}.json.gz", poisonous=True)
        body = json.dumps({"s3Bucket": log.bucket, "s3ObjectKey": [log.key]})
        slow = Fault(
            at,
            at + _HOUR,
            "search",
            ANY,
            "index_batch",
            How.SLOW,
            random.choice((0.3, 0.6)),
            random.getrandbits(32),
        )
        return [Delivery(at, "CloudTrail about a log of which much is refused", body, (log,)), slow]

    def _dropped(self, delivery: Delivery) -> Delivery:
        """A third of the announcements never arrive, of logs that CloudTrail has signed."""
        good = delivery.logs and not delivery.wrong and not any(log.errors for log in delivery.logs)
        return replace(delivery, copies=0) if good and self._random.random() < 0.3 else delivery

    def _backfill(self, *, with_acts: bool) -> list[Part]:
        random = self._random
        at = random.uniform(0, self._span)
        logs = []
        for _ in range(random.choice((0, 1, 4, 8, 15))):
            day = random.choice(("2025/10/30", "2025/11/01", "2025/11/30", "2025/12/15"))
            log = self._of_days_gone_by()
            logs.append(replace(log, key=log.key.replace("2026/01/01", day)))
        parts: list[Part] = [Backfill(at, "2025-10-01", "2025-12-31", tuple(logs))]
        if with_acts:
            for _ in range(random.choice((0, 1, 2))):
                stopped = at + random.uniform(0, 120)
                parts.append(Act(stopped, Deed.STOP_BACKFILL))
                parts.append(Act(stopped + random.uniform(0, 600), Deed.RESUME_BACKFILL))
            if random.random() < 0.3:
                rings = at + random.uniform(-60, 60)
                parts += [
                    Act(max(0.0, rings), Deed.RING),
                    Act(rings + random.uniform(60, _HOUR), Deed.SILENCE),
                ]
        return parts

    def _of_days_gone_by(self) -> Log:
        while True:
            log = replace(self.log(), late=0.0, restored=None)
            if log.body is not None and log.bucket == LOG_BUCKET and (not log.refused or log.errors):
                return replace(log, left_out=self._random.random() < 0.15)

    def _old(self) -> Old:
        random = self._random
        times = (
            "1999-01-01",
            "2006-01-01",
            "2024-02-29",
            "2025-01-01",
            "2025-09-30",
            "2025-11-15",
            "2025-12-31",
        )
        return Old(
            tuple(
                (f"old-{self._next()}", f"{random.choice(times)}T12:00:00Z")
                for _ in range(random.choice((1, 5, 30)))
            )
        )

    # ── People ────────────────────────────────────────────────────────────────────────────────────────────

    def acts(self) -> list[Part]:
        random = self._random
        at = random.uniform(0, 2 * self._span)
        match random.choice(
            ("redrive", "redrive", "redrive", "redrives", "abort", "deploy", "pipe", "domain")
        ):
            case "redrive":
                return [self._redrive(at)]
            case "redrives":
                return [self._redrive(at), self._redrive(at + random.uniform(0, 5))]
            case "abort":
                return [Act(at, Deed.ABORT)]
            case "deploy":
                return [Act(at, Deed.DEPLOY)]
            case "pipe":
                return [Act(at, Deed.STOP_PIPE), Act(at + random.choice((60.0, _HOUR)), Deed.START_PIPE)]
        return [Act(at, Deed.FILL_DOMAIN), Act(at + random.choice((300.0, 2 * _HOUR)), Deed.MEND_DOMAIN)]

    def _redrive(self, at: float) -> Act:
        random = self._random
        options = random.choice(
            (
                (),
                (),
                ("--no-wait",),
                ("--no-wait", "--limit", "1"),
                ("--no-wait", "--kind", "batch"),
                ("--no-wait", "--kind", "log"),
                ("--no-wait", "--reason", "unavailable"),
                ("--dry-run",),
            )
        )
        interrupted = None
        if random.random() < 0.2:
            interrupted = (random.uniform(0.1, 20.0), random.choice((CTRL_C, "kill")))
        return Act(at, Deed.REDRIVE, options, interrupted)


_AUDIT, _PLAN = "audit_logs", "plan_backfill"
_PASSING = (How.FAILING, How.THROTTLED, How.NO_CONNECTION, How.ANSWER_LOST, How.SLOW)
_CRASHES = (How.CRASH_BEFORE, How.CRASH_AFTER)
# Service, operations, callers, and how they fail.
_FAULTS: Sequence[_Kind] = (
    ("s3", (ANY, "GetObject", "PutObject"), (ANY, *_FUNCTIONS), (*_PASSING, How.DENIED)),
    ("s3", (ANY, "GetObject", "PutObject"), _FUNCTIONS, _CRASHES),
    ("s3", ("DeleteObjectTagging",), ("workflow",), (*_PASSING, How.DENIED)),
    ("sqs", ("SendMessage",), ("workflow",), (*_PASSING, How.DENIED)),
    ("sqs", ("ReceiveMessage", "DeleteMessage"), ("pipe",), _PASSING),
    ("sqs", (ANY, "SendMessageBatch", "DeleteMessageBatch"), ("operator",), (*_PASSING, How.HALF, *_CRASHES)),
    ("sqs", ("ReceiveMessage", "ChangeMessageVisibilityBatch"), ("operator",), (*_PASSING, How.HALF)),
    ("sqs", ("StartMessageMoveTask",), ("operator",), (*_PASSING, How.DENIED)),
    ("states", ("StartExecution",), ("pipe", "workflow", ANY), (*_PASSING, How.DENIED)),
    ("states", (ANY,), (ANY,), (*_PASSING, How.DENIED)),
    ("lambda", ("Invoke",), (ANY, *_FUNCTIONS), (*_PASSING, How.HALF)),
    ("lambda", ("Invoke",), (ANY, *_FUNCTIONS), (How.THROTTLED, How.SLOW, How.HALF)),
    ("search", (ANY, "Bulk", "UploadDocuments"), (ANY,), (*_PASSING, How.HALF, How.DENIED)),
    ("search", (ANY, "Bulk", "UploadDocuments"), (ANY,), (How.HALF, How.THROTTLED, *_CRASHES)),
    ("events", ("PutEvents",), ("rule",), (How.SLOW, How.ANSWER_LOST)),
)
# Those of calls that only backfill, retention and audit make.
_FAULTS_OF_OTHERS: Sequence[_Kind] = (
    ("s3", (ANY, "ListObjectsV2", "PutObject"), (_AUDIT, _PLAN), (*_PASSING, How.DENIED, *_CRASHES)),
    ("states", ("StartExecution",), ("workflow",), (How.DENIED, How.NO_CONNECTION)),
    ("states", ("StartExecution", "DescribeExecution"), ("workflow",), (How.ANSWER_LOST, How.SLOW)),
    ("s3", ("GetObject", "PutObject"), ("workflow",), (*_PASSING, How.DENIED)),
    ("sqs", ("SendMessageBatch",), (_AUDIT,), (*_PASSING, How.HALF, How.DENIED, *_CRASHES)),
    ("cloudtrail", ("ListPublicKeys",), (_AUDIT,), (*_PASSING, How.DENIED)),
    ("cloudwatch", ("DescribeAlarms",), ("workflow",), _PASSING),
    ("states", (ANY, "StartExecution"), ("operator", "schedule"), (*_PASSING, How.DENIED)),
    ("search", (ANY,), ("delete_expired",), (*_PASSING, How.DENIED, *_CRASHES)),
    ("lambda", ("Invoke",), (_AUDIT, _PLAN, "delete_expired"), (*_PASSING, How.HALF)),
)


def _s3_event(log: Log) -> dict[str, Any]:
    key = quote_plus(log.key, safe="/")
    return {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": log.bucket}, "object": {"key": key}},
    }


def _config(random: Random) -> tuple[str, str]:
    size = random.choice((10, 5_000, 200_000))
    notification = {"messageType": "ConfigurationItemChangeNotification", "configurationItem": "x" * size}
    return f"AWS Config's, of {size:,} bytes", json.dumps(notification)


_FOREIGN: Sequence[Callable[[Random], tuple[str, str]]] = (
    _config,
    lambda _: (
        "GuardDuty's",
        json.dumps({"source": "aws.guardduty", "detail-type": "Finding", "detail": {}}),
    ),
    lambda _: ("CloudWatch's", json.dumps({"AlarmName": "cpu", "NewStateValue": "ALARM"})),
    lambda _: ("Auto Scaling's", json.dumps({"Event": "autoscaling:EC2_INSTANCE_LAUNCH"})),
    lambda _: ("CloudTrail's validation", "CloudTrail validation message."),
    lambda _: ("S3's test event", json.dumps({"Event": "s3:TestEvent"})),
    lambda _: (
        "CloudTrail's of a digest",
        json.dumps({"s3Bucket": LOG_BUCKET, "s3ObjectKey": ["AWSLogs/1/CloudTrail-Digest/x.json.gz"]}),
    ),
)
