"""Compare CloudTrail's signed digests with the log buckets and the ledger, and say whether every log is indexed unaltered."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click
from botocore.exceptions import ClientError

from trailsearch.audit.cloud.ingest_queue import healable, send
from trailsearch.audit.cloud.ledger_reader import kept_since, read_ledger
from trailsearch.audit.cloud.look import Audited, Look, find_places
from trailsearch.audit.comparison import Compared
from trailsearch.audit.counts import Counted, count
from trailsearch.audit.evidence import LIMIT, as_builtins, problems, sentence, without_proof
from trailsearch.aws import clients
from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import CommandFailed, Console, make_console, outside, say
from trailsearch.cli.environment import Environment, EnvironmentNotFound, Queue
from trailsearch.contracts.errors import QueueUnavailable, TrailsearchError
from trailsearch.contracts.settings import Settings
from trailsearch.contracts.times import to_seconds

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# A digest is there an hour after its logs, and CloudTrail and the pipeline take their time.
_BEHIND = 2 * _HOUR


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


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, as dev.")
@click.option("--from", "begin", envvar="FROM", type=Time(), help="When to begin: a day before the end.")
@click.option(
    "--to", "end", envvar="TO", type=Time(), help="When to end: two hours ago, for digests come late."
)
@click.option(
    "--heal",
    "healing",
    envvar="HEAL",
    is_flag=True,
    help="Send logs that nobody has read to the ingest queue.",
)
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print all evidence as JSON.")
def audit(
    environment: str, begin: datetime | None, end: datetime | None, healing: bool, as_json: bool
) -> None:
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
    sent = heal(found.logs, deployed.ingest_queue()) if healing else 0
    if as_json:
        said = said_of(found)
        summary = {"well": not said, "says": sentence(counted(found)), "limit": LIMIT, "problems": said}
        evidence = as_builtins(begin, end, found.digests, found.logs)
        say(json.dumps(evidence | summary | {"sent": sent}, indent=2))
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
    """Look at the digests of the audited time, and compare the logs that they name with the buckets and the ledger.

    Raises:
        CommandFailed: AWS does not let this be looked at, or not now.
    """
    s3 = clients.s3()
    since = kept_since(settings.ledger_retention_days, datetime.now(UTC))
    try:
        ledger = read_ledger(s3, settings.staging_bucket or "", begin)
        look_at = Look(s3, begin, end, ledger.known, since)
        return look_at.at(find_places(s3, settings.log_buckets, begin, end))
    except TrailsearchError as error:
        raise CommandFailed(f"AWS does not let this be looked at: {error}") from error


def heal(logs: Sequence[Compared], queue: Queue) -> int:
    """Announce to the ingest queue the logs that nobody has read and that are as they were delivered; give how many.

    Raises:
        CommandFailed: SQS does not take them.
    """
    missing = healable(logs)
    try:
        send(missing, queue.client, queue.url)
    except QueueUnavailable as error:
        raise CommandFailed(f"The ingest queue does not take the announcement of a log: {error}") from error
    return len(missing)


def counted(found: Audited) -> Counted:
    """Count what was found."""
    return count(found.digests, found.logs, datetime.now(UTC))


def said_of(found: Audited) -> list[str]:
    """Say what is not well, each in a sentence."""
    return without_proof(counted(found)) + problems(found.digests, found.logs)


def print_audit(found: Audited, console: Console, sent: int) -> None:
    """Print what is not well, then how many logs are indexed, and what that proves."""
    said = said_of(found)
    for problem in said:
        console.print(outside(f"✗ {problem}", "bold red"))
    if sent:
        console.print(
            outside(f"{sent:,} of them sent to the ingest queue: audit again when they are indexed")
        )
    elif healable(found.logs):
        console.print(outside("HEAL=1 sends to the ingest queue what was never read"))
    console.print(outside(sentence(counted(found)), "" if said else "bold green"))
    console.print(outside(LIMIT))


if __name__ == "__main__":
    audit()
