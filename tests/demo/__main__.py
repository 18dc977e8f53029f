"""The demo: real Terraform provisions the pipeline in a local cloud, logs flow through it, searches answer.

``make demo [BACKEND=opensearch] [LOGS=folder] [KEEP=1] [UI=1]``. Exits with 1 unless every event that was delivered is found.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import click
from rich import box
from rich.table import Table
from rich.text import Text

from tests.demo.audited import audit_delivered
from tests.demo.backends import DEMOS
from tests.demo.command import LocalCommand, alone
from tests.demo.executions import Executions, read_executions
from tests.iam.verifier import DELETES_EVENTS
from tests.local_cloud.faults import ErrorAnswer, FaultControl, Match, Rule
from tests.local_cloud.pipeline.cloudtrail_delivery import Delivered, Log, deliver, logs_in_folder
from tests.local_cloud.pipeline.idle import wait_until_idle
from tests.local_cloud.pipeline.operator import let_operate
from tests.local_cloud.process import LocalCloud
from tests.local_cloud.sealing import makefile, own_variables
from tests.local_cloud.terraform.deployment import Deployment
from tests.local_cloud.terraform.progress import deploy, progress, step
from tests.log_generator import generate_logs
from trailsearch.audit.comparison import Outcome
from trailsearch.cli.ask import ask_environment, print_reply
from trailsearch.cli.audit.audit import print_audit
from trailsearch.cli.console import CommandFailed, Console, make_console
from trailsearch.cli.dead_letters.dead_letter_queue import peek
from trailsearch.cli.dead_letters.dlq import print_letters
from trailsearch.cli.dead_letters.redrive import move_all, report
from trailsearch.cli.environment import Environment
from trailsearch.cli.package import build_package
from trailsearch.cli.search.search import ask
from trailsearch.cli.search.tables import print_answer
from trailsearch.cli.search.typed import chosen
from trailsearch.contracts.messages import Kind
from trailsearch.contracts.wording import counted
from trailsearch.page.behind import Deployed
from trailsearch.page.server import listen
from trailsearch.page.ui import serve
from trailsearch.questions import load
from trailsearch.search import Backend
from trailsearch.search.queries import EVERYTHING, MAX_PAGE, Query
from trailsearch.workflow.dead_letters import WaitingLetter

ENVIRONMENT = "local"
GENERATED_LOGS = 80
GENERATED_FROM = datetime(2014, 9, 1, tzinfo=UTC)  # The day that the third query asks for.
FACETS = ("event_source", "event_name")
# What the search page shows first: the day of the story, or whatever somebody's own logs are of.
TIMES_OF_STORY = ("2014-09-01", "2014-09-02")
ALL_TIMES = ("2006-01-01", "now")
# About the story, with what is typed.
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "trail-tampering": {},
    "persistence": {},
    "who-is-behind": {"who": "support-readonly"},
}
SECONDS_TO_IDLE = 600
POLL_SECONDS = 0.2
# So slow is no machine; a folder of logs may have millions of records.
RECORDS_PER_SECOND = 100
# As S3 answers where somebody has broken the role's policy: one batch cannot be read. No retry cures that.
UNREADABLE_BATCH = Rule(
    ErrorAnswer(403, "AccessDenied"),
    Match(method="GET", path=f"^/trailsearch-{ENVIRONMENT}-staging-[^/]+/batches/"),
    times=1,
)
# An OpenSearch domain shows what it has taken at its next refresh (index.refresh_interval: 10 s).
SECONDS_TO_REFRESH = 15


@click.command(cls=LocalCommand)
@click.option(
    "--backend",
    envvar="BACKEND",
    type=click.Choice([backend.value for backend in Backend]),
    default=Backend.CLOUDSEARCH.value,
    show_default=True,
    help="What the events are indexed in.",
)
@click.option("--logs", envvar="LOGS", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--keep", envvar="KEEP", is_flag=True, help="Leave the local cloud running.")
@click.option("--ui", envvar="UI", is_flag=True, help="Open the search page in the end, until Ctrl-C.")
@click.option("--stop", is_flag=True, help="Only stop the local cloud that was left running.")
@click.option("--folder", default="build/demo", type=click.Path(path_type=Path), help="Where to work.")
def demo(backend: str, logs: Path | None, keep: bool, ui: bool, stop: bool, folder: Path) -> None:
    """Run the pipeline on this machine."""
    console = make_console()
    with alone(folder, "demo"):
        if stop:
            stop_kept(folder)
            return
        if logs and not logs_in_folder(logs):
            raise CommandFailed(f"There is no .json.gz below {logs}")
        stop_kept(folder)
        complete = run(console, Backend(backend), logs, folder, keep=keep, ui=ui)
    sys.exit(0 if complete else 1)


def run(console: Console, backend: Backend, logs: Path | None, folder: Path, *, keep: bool, ui: bool) -> bool:
    """Run the pipeline in a folder of its own. Returns whether every event that was delivered is found."""
    chosen = DEMOS[backend]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    package = folder / "lambda.zip"
    with step(console, "Building the Lambda package"):
        build_package(package, local=True)
    cloud = LocalCloud(log_file=folder / "cloud.log", outlive_parent=keep)
    with step(console, "Starting the local cloud"):
        cloud.start()
    kept = False
    try:
        # Of the caller's environment it needs the proxies, to ask Terraform's registry.
        deployment = Deployment(folder, cloud.environment(), package, {"search_backend": backend})
        cloud.enter()
        let_operate(boto3.client("iam"), [DELETES_EVENTS])
        outputs = provision(console, deployment)
        with FaultControl(cloud.endpoint_url).inject([UNREADABLE_BATCH]):
            delivered = send(console, logs, outputs)
            with step(console, "Waiting until the queue is empty and all executions have ended"):
                seconds = SECONDS_TO_IDLE + delivered.records / RECORDS_PER_SECOND
                wait_until_idle(boto3.client("sqs"), boto3.client("stepfunctions"), outputs, seconds)
        print_executions(
            console, read_executions(boto3.client("stepfunctions"), outputs["state_machine_arn"])
        )
        redrive_what_failed(console)
        wait_until_shown(console, delivered)
        run_queries(console, chosen.queries)
        if not logs:
            ask_questions(console)
        complete = print_totals(console, delivered, outputs)
        complete &= print_audit_of(console, cloud, outputs)
        if keep:
            kept = True
            print_kept(console, folder, cloud, EVERYTHING if logs else chosen.story)
        if ui:
            open_page(console, ALL_TIMES if logs else TIMES_OF_STORY)
    finally:
        if not kept:
            cloud.stop()
    return complete


def provision(console: Console, deployment: Deployment) -> dict[str, Any]:
    """Apply Trailsearch's Terraform, and show that a second plan is empty."""
    deploy(console, deployment)
    with step(console, "terraform plan: no changes"):
        if changes := deployment.planned_changes():
            raise CommandFailed(f"The second plan is not empty: {', '.join(changes)}")
    return deployment.outputs()


def send(console: Console, folder: Path | None, outputs: dict[str, Any]) -> Delivered:
    """Deliver logs as CloudTrail does: those of a folder, or else generated ones."""
    logs: Iterable[Log]
    if folder:
        files = logs_in_folder(folder)
        count, logs = len(files), (Log(key, path.read_bytes()) for key, path in files.items())
    else:
        generated = generate_logs(seed=2014, logs=GENERATED_LOGS, start=GENERATED_FROM, duplicates=0.02)
        count, logs = GENERATED_LOGS, (Log(log.key, log.body) for log in generated)
    delivered = Delivered()
    with progress(console) as bar:
        task = bar.add_task("Delivering logs to the bucket, notifications to the topic", total=count)
        for delivered in deliver(  # noqa: B007  # the last count is the whole
            logs,
            boto3.client("s3"),
            boto3.client("sns"),
            outputs["log_bucket_names"][0],
            outputs["topic_arn"],
        ):
            bar.advance(task)
    return delivered


def print_executions(console: Console, executions: Executions) -> None:
    """Print what the executions did, state by state."""
    table = Table(
        "State",
        "Entered",
        "Retried",
        "Failed",
        "Median ms",
        box=box.SIMPLE_HEAD,
        title="Executions, state by state",
        title_justify="left",
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for state in executions.states.values():
        duration = state.median_milliseconds
        table.add_row(
            state.name,
            *map(str, (state.entered, state.retried, state.failed)),
            "" if duration is None else f"{duration:,}",
        )
    console.print()
    console.print(table)
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(executions.by_status.items()))
    console.print(f"Executions: {statuses}", highlight=False)
    for cause in executions.causes[:3]:
        console.print(Text.assemble(("Failed:", "red"), " ", cause))


def redrive_what_failed(console: Console) -> None:
    """List what waits in the dead-letter queue, if anything does, and send it back."""
    environment = Environment(ENVIRONMENT)
    letters = waiting_letters(environment)
    if not letters:
        return
    unreadable = [letter.kind for letter in letters] == [Kind.BATCH]
    console.print()
    console.rule(
        f"[bold]{'One batch could not be read' if unreadable else 'What could not be indexed'}: make dlq[/]",
        align="left",
    )
    print_letters(letters, console, len(letters))
    console.rule(
        f"[bold]{'Now it could be' if unreadable else 'Send it back'}: make redrive[/]", align="left"
    )
    sent = move_all(environment.dead_letter_queue(), environment.ingest_queue(), console)
    console.print(f"{sent.messages:,} sent back to the ingest queue.", highlight=False)
    report(environment, sent, console)


def waiting_letters(environment: Environment) -> list[WaitingLetter]:
    """Read what waits in the dead-letter queue."""
    with peek(environment.dead_letter_queue()) as received:
        return [found.letter for found in received]


def wait_until_shown(console: Console, delivered: Delivered) -> None:
    """Wait until the search domain shows as many events as were delivered, or as long as it may take to do so."""
    domain = Environment(ENVIRONMENT).search_domain()
    deadline = time.monotonic() + SECONDS_TO_REFRESH
    with step(console, "Waiting until the search domain shows what it has"):
        while domain.count() < len(delivered.event_ids) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)


def run_queries(console: Console, queries: Iterable[str]) -> None:
    """Run the queries of the original solution, with facets."""
    for query in queries:
        console.print()
        console.rule(Text(query, "bold"), align="left")
        print_answer(ask(Environment(ENVIRONMENT), Query(query, size=5, facets=FACETS)), console)


def ask_questions(console: Console) -> None:
    """Ask about the story of the generated logs what one would ask who looks into it."""
    questions, now = load(), datetime.now(UTC)
    for name, typed in QUESTIONS.items():
        console.print()
        options = "".join(f" {option.upper()}={value}" for option, value in typed.items())
        console.rule(Text(f"make ask Q={name}{options}", "bold"), align="left")
        query = chosen(questions[name].query(), typed, now)._replace(size=5)
        asked = ask_environment(Environment(ENVIRONMENT), questions[name], query, now)
        print_reply(questions[name], asked, console)


def print_totals(console: Console, delivered: Delivered, outputs: dict[str, Any]) -> bool:
    """Print what was delivered, what is found and what waits. Returns whether no event is missing."""
    environment = Environment(ENVIRONMENT)
    found = found_ids(environment)
    complete = found == delivered.event_ids
    console.print()
    console.print(
        f"{delivered.logs:,} logs delivered, {delivered.records:,} records in them,"
        f" {len(delivered.event_ids):,} distinct events, {len(found):,} events found in {outputs['search_domain_name']}.",
        style="bold green" if complete else "bold red",
        highlight=False,
        soft_wrap=True,
    )
    if delivered.unreadable:
        console.print(
            f"{delivered.unreadable:,} more delivered that cannot be read: no whole gzip, or no CloudTrail log in it.",
            highlight=False,
            soft_wrap=True,
        )
    if letters := waiting_letters(environment):
        kinds = Counter((letter.kind, letter.error) for letter in letters)
        counts = ", ".join(f"{count:,} {kind} ({error})" for (kind, error), count in sorted(kinds.items()))
        console.print(Text(f"Waiting in the dead-letter queue: {counts}."), soft_wrap=True)
    return complete


def print_audit_of(console: Console, cloud: LocalCloud, outputs: dict[str, Any]) -> bool:
    """Sign what was delivered, and print what the audit says. Returns whether none of it is missing or altered."""
    console.print()
    console.rule(
        "[bold]Is anything missing? CloudTrail signs what it has delivered: make audit[/]", align="left"
    )
    with step(console, "Signing digests, and auditing them"):
        audited, not_signed = audit_delivered(
            Environment(ENVIRONMENT), outputs["log_bucket_names"][0], cloud.endpoint_url
        )
    print_audit(audited, console, sent=0)
    if not_signed:
        console.print(
            f"Not audited: {counted(not_signed, 'log')} that CloudTrail does not sign, under other keys than its own or no gzip."
        )
    explained = {Outcome.INDEXED, Outcome.DEAD_LETTERED}
    return all(each.outcome in explained for each in audited.logs)


def found_ids(environment: Environment) -> set[str]:
    """Give the ids of all documents in the environment's search domain."""
    return {event["id"] for event in environment.search_domain().scan(Query(size=MAX_PAGE), fields=())}


def print_kept(console: Console, folder: Path, cloud: LocalCloud, query: str) -> None:
    """Write down how to reach the local cloud that goes on running, and say so with a query to try."""
    variables = own_variables(cloud.endpoint_url, cloud.region)
    (folder / "cloud.env").write_text(makefile(variables), encoding="utf-8")
    (folder / "cloud.pid").write_text(f"{cloud.pid}\n", encoding="utf-8")
    console.print(f"\nThe local cloud goes on running at {cloud.endpoint_url}", highlight=False)
    console.print(
        f'  search it:  make search ENV=local QUERY="{query}" FACETS=actor,event_name', highlight=False
    )
    console.print("  look at it: make status ENV=local", highlight=False)
    console.print("  verify it:  make verify ENV=local", highlight=False)
    console.print("  stop it:    make demo-stop", highlight=False)


def open_page(console: Console, times: tuple[str, str]) -> None:
    """Serve the search page of the local cloud, with a range of time to begin with, until somebody presses Ctrl-C."""
    console.print()
    console.rule("[bold]Look around: make ui[/]", align="left")
    since, until = times
    with listen(0) as listening:
        serve(
            Deployed(Environment(ENVIRONMENT)),
            listening,
            browse=console.is_terminal,
            since=since,
            until=until,
        )


def stop_kept(folder: Path) -> None:
    """Stop the local cloud that an earlier demo left running, if there is one."""
    pid_file = folder / "cloud.pid"
    if not pid_file.is_file():
        return
    pid = pid_file.read_text(encoding="utf-8").strip()
    command = subprocess.run(["ps", "-ww", "-o", "command=", "-p", pid], capture_output=True, check=False)
    if b"tests.local_cloud" in command.stdout:  # and not another process, which has the same number by now
        os.kill(int(pid), signal.SIGTERM)
    pid_file.unlink()
    (folder / "cloud.env").unlink(missing_ok=True)


if __name__ == "__main__":
    demo()
