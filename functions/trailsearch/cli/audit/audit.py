"""Compare CloudTrail's signed digests with the log buckets and the ledger, and say whether every log is indexed unaltered."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import click
from botocore.exceptions import ClientError

from trailsearch.audit.chains import walk
from trailsearch.audit.comparison import Compared, Outcome, Stamp, compare
from trailsearch.audit.digests import SignedLog
from trailsearch.audit.evidence import LIMIT, as_builtins, problems, sentence
from trailsearch.audit.findings import DigestFinding, Finding
from trailsearch.audit.reckoning import Reckoning
from trailsearch.aws import clients
from trailsearch.aws.concurrency import map_ahead
from trailsearch.cli.audit.digest_bucket import DigestBucket, DigestsOfChain, PublishedKeys
from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import CommandFailed, Console, make_console, outside, say
from trailsearch.cli.environment import Environment, EnvironmentNotFound, Queue
from trailsearch.contracts.ledger import Entry, folder_of_hour, read_entry
from trailsearch.contracts.settings import Settings
from trailsearch.contracts.times import to_seconds

# No more than the client has connections.
_AT_ONCE = 16
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# A digest is there an hour after its logs, and CloudTrail and the pipeline take their time.
_BEHIND = 2 * _HOUR
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
_MESSAGES_AT_ONCE = 10


class Time(click.ParamType[datetime]):
    """A time in ISO 8601, UTC unless it says otherwise."""

    name = "time"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read a time."""
        try:
            time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is no time, such as 2026-11-25 or 2026-11-25T12:00:00Z", param, ctx)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


class NoLedger(CommandFailed):
    """The functions keep no ledger; says how to let them."""


class Audited(NamedTuple):
    """What an audit found."""

    digests: list[DigestFinding]
    logs: list[Compared]


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, as dev.")
@click.option("--from", "begin", envvar="FROM", type=Time(), help="When to begin: a day before the end.")
@click.option(
    "--to", "end", envvar="TO", type=Time(), help="When to end: two hours ago, for digests come late."
)
@click.option(
    "--heal", envvar="HEAL", is_flag=True, help="Send logs that nobody has read to the ingest queue."
)
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print all evidence as JSON.")
def audit(environment: str, begin: datetime | None, end: datetime | None, heal: bool, as_json: bool) -> None:
    """Say whether every log that CloudTrail has signed is indexed unaltered, and what is not.

    Exits with 0 whether all is well or not, as make status does, and with 1 where it could not look: scripts ask the JSON, whose
    "well" is true or false: make audit ENV=prod JSON=1 | jq -e .well
    """
    end = end or datetime.now(UTC) - _BEHIND
    begin = begin or end - _DAY
    if begin >= end:
        raise CommandFailed(f"It begins at {to_seconds(begin)}, and ends before that, at {to_seconds(end)}")
    deployed = Environment(environment)
    settings = settings_of(deployed)
    found = look(settings, begin, end)
    sent = send(found.logs, deployed.ingest_queue()) if heal else 0
    if as_json:
        say(json.dumps(as_builtins(begin, end, found.digests, found.logs) | {"sent": sent}, indent=2))
    else:
        print_audit(found, make_console(), sent)


def settings_of(deployed: Environment) -> Settings:
    """Give the settings of the function that reads logs.

    Raises:
        EnvironmentNotFound: there is none.
        NoLedger: it keeps no ledger.
    """
    name = f"{deployed.prefix}-fetch-logs"
    try:
        configuration = clients.lambda_functions().get_function_configuration(FunctionName=name)
    except ClientError as error:
        raise EnvironmentNotFound(f"Cannot find the function {name}: {error}") from error
    settings = Settings.from_environment(configuration["Environment"]["Variables"])
    if not settings.ledger:
        raise NoLedger(
            f"{deployed.prefix} keeps no ledger, which an audit compares with: set keep_ledger = true,"
            f" and make apply ENV={deployed.environment}"
        )
    return settings


def look(settings: Settings, begin: datetime, end: datetime) -> Audited:
    """Look at the digests of the audited time, and compare the logs that they name with the buckets and the ledger."""
    digests: list[DigestFinding] = []
    for name in sorted(settings.log_buckets):
        bucket = DigestBucket(clients.s3(), name, begin, end)
        try:
            chains = bucket.chains()
        except ClientError as error:
            digests.append(DigestFinding(Finding.UNREADABLE, name, "", begin, end, str(error)))
            continue
        for chain in sorted(chains, key=str):
            keys = PublishedKeys(chain.region, begin, end)
            digests += walk(DigestsOfChain(bucket, chain), name, begin, end, keys)
        digests += (
            DigestFinding(Finding.VALIDATION_OFF, name, log, begin, end, why)
            for log, why in bucket.without_digests(chains)
        )
    signed = [log for found in digests if found.digest for log in found.digest.logs]
    # The oldest of them may name logs that were delivered, and read, before the audited time.
    since = min((found.digest.begin for found in digests if found.digest), default=begin)
    ledger = Reckoning(entries(settings.staging_bucket or "", min(begin, since)))
    return Audited(digests, list(compared(signed, ledger, begin, end)))


def entries(bucket: str, begin: datetime) -> Iterator[Entry]:
    """Read the ledger from a time on, in the order in which it was written."""
    s3 = clients.s3()

    def keys() -> Iterator[str]:
        hour = begin
        while hour < datetime.now(UTC) + _HOUR:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder_of_hour(hour))
            yield from (found["Key"] for page in pages for found in page.get("Contents", ()))
            hour += _HOUR

    def read(key: str) -> Entry:
        return read_entry(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    return map_ahead(read, keys(), _AT_ONCE)


def compared(
    signed: Sequence[SignedLog], ledger: Reckoning, begin: datetime, end: datetime
) -> Iterator[Compared]:
    """Compare each log that digests name, once, with its bucket and the ledger."""
    buckets = {log.bucket: DigestBucket(clients.s3(), log.bucket, begin, end) for log in signed}
    stamps: dict[tuple[str, str], Stamp] = {}
    for bucket, folder in sorted({(log.bucket, _folder(log.key)) for log in signed}):
        found = buckets[bucket].stamps(folder)
        stamps |= {(bucket, key): stamp for key, stamp in found.items()}

    def one(log: SignedLog) -> Compared:
        def get() -> bytes | None:
            found = buckets[log.bucket].get(log.pointer)
            return found.body if found else None

        reckoned = ledger.of(log.pointer.uri, log.hash)
        return compare(log, reckoned, stamps.get((log.bucket, log.key)), get)

    return map_ahead(one, {log.pointer: log for log in signed}.values(), _AT_ONCE)


def _folder(key: str) -> str:
    return key.rpartition("/")[0] + "/"


def send(logs: Iterable[Compared], queue: Queue) -> int:
    """Announce to the ingest queue the logs that nobody has read and that are as they were delivered; give how many.

    Raises:
        CommandFailed: SQS does not take them.
    """
    missing = [
        each.log for each in logs if each.outcome is Outcome.NEVER_READ and each.in_bucket is Finding.VALID
    ]
    for at in range(0, len(missing), _MESSAGES_AT_ONCE):
        answer = queue.client.send_message_batch(
            QueueUrl=queue.url,
            Entries=[
                {
                    "Id": str(number),
                    "MessageBody": json.dumps({"s3Bucket": log.bucket, "s3ObjectKey": [log.key]}),
                }
                for number, log in enumerate(missing[at : at + _MESSAGES_AT_ONCE])
            ],
        )
        if failed := answer.get("Failed"):
            raise CommandFailed(f"The ingest queue does not take the announcement of a log: {failed[0]}")
    return len(missing)


def print_audit(found: Audited, console: Console, sent: int) -> None:
    """Print what is not well, then how many logs are indexed, and what that proves."""
    said = problems(found.digests, found.logs)
    for problem in said:
        console.print(outside(f"✗ {problem}", "bold red"))
    if sent:
        console.print(
            outside(f"{sent:,} of them sent to the ingest queue: audit again when they are indexed")
        )
    console.print(outside(sentence(found.logs), "" if said else "bold green"))
    console.print(outside(LIMIT))


if __name__ == "__main__":
    audit()
