"""Show at a glance whether an environment is well, and what its queues, Pipe, executions and search domain do."""

import json
from collections.abc import Callable, Iterator
from typing import TypeVar

import click
import msgspec
from rich import box
from rich.table import Table
from rich.text import Text

from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import Console, make_console, outside, say
from trailsearch.cli.environment import Environment, EnvironmentNotFound
from trailsearch.cli.status.observe import make_clients, observe
from trailsearch.cli.status.pipeline_status import (
    MAX_LISTED,
    Alarms,
    Audit,
    Execution,
    Executions,
    Metrics,
    Percentiles,
    Pipe,
    PipelineStatus,
    Queue,
    SearchDomain,
    Unreadable,
    duration,
    known,
    problems,
    room,
)
from trailsearch.contracts.wording import counted

_NO_DATA = "no data"
_CAUSE_CHARACTERS = 160
# The name of an execution is a UUID, and cannot be copied where it is broken over two lines.
_WIDE = 110
_STYLES = {"SUCCEEDED": "green", "RUNNING": "blue"}

_T = TypeVar("_T")


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, as dev.")
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print everything as JSON.")
def status(environment: str, as_json: bool) -> None:
    """Show whether an environment is well, and what is not, the worst first.

    Exits with 0 whether all is well or not, and with 1 where it could not look at all: make turns every failure
    into its own 2, which would not tell the one from the other. Scripts ask the JSON, whose "well" is true or
    false and whose "problems" are sentences: make status ENV=prod JSON=1 | jq -e .well
    """
    deployed = Environment(environment)
    observed = observe(deployed, make_clients())
    if isinstance(observed.ingest_queue, Unreadable) and observed.nothing_is_there:
        to_do = f"\n{deployed.what_to_do()}" if observed.ingest_queue.is_not_there else ""
        raise EnvironmentNotFound(
            f"Nothing of {deployed.prefix} can be read: {observed.ingest_queue.cannot_be_read}{to_do}"
        )
    if as_json:
        say(json.dumps(as_builtins(observed), indent=2))
    else:
        print_status(observed, make_console())


def as_builtins(observed: PipelineStatus) -> dict[str, object]:
    """Give everything as plain values: ``well``, ``problems``, and what AWS told; see ``PipelineStatus``."""
    found = problems(observed)
    reckoned = room(observed)
    return {
        "well": not found,
        "problems": found,
        **msgspec.to_builtins(observed),
        "room": reckoned and reckoned._asdict(),
    }


def print_status(observed: PipelineStatus, console: Console) -> None:
    """Print what is not well, then each part in a line, then the last executions."""
    found = problems(observed)
    if not found:
        console.print("[bold green]All is well.[/]")
    for problem in found:
        console.print(outside(f"✗ {problem}", "bold red"))
    parts = Table.grid(padding=(0, 3))
    parts.add_column(style="bold", no_wrap=True)
    parts.add_column(overflow="fold")
    for name, said in in_lines(observed):
        parts.add_row(name, outside(said))
    console.print()
    console.print(parts)
    executions = known(observed.executions)
    if executions and executions.last:
        console.print(_table(executions.last, wide=console.width >= _WIDE))


def in_lines(observed: PipelineStatus) -> Iterator[tuple[str, str]]:
    """Say of each part how it is: its name, and a line."""
    metrics = known(observed.metrics) or Metrics()
    ingest_age, dead_age = metrics.oldest_in_ingest_queue, metrics.oldest_in_dead_letter_queue
    yield "Ingest queue", _said(observed.ingest_queue, lambda queue: _queue(queue, ingest_age))
    yield "Dead-letter queue", _said(observed.dead_letter_queue, lambda queue: _queue(queue, dead_age))
    yield "Pipe", _said(observed.pipe, _pipe)
    yield "Executions", _said(observed.executions, _executions)
    yield "Events indexed", _said(observed.metrics, _events)
    yield "Ignored", _said(observed.metrics, _ignored)
    yield "Lag from delivery", _said(observed.metrics, lambda known: _lag(known.lag_from_delivery))
    yield "Lag from event", _said(observed.metrics, lambda known: _lag(known.lag_from_event))
    yield "Search domain", _said(observed.search_domain, lambda domain: _search_domain(domain, metrics))
    yield "Room", _said(observed.growth, lambda _: _room(observed))
    if observed.audit is not None:
        yield "Audit", _said(observed.audit, _audit)
    yield "Alarms", _said(observed.alarms, _alarms)


def _said(part: _T | Unreadable, say: Callable[[_T], str]) -> str:
    return f"cannot be read: {part.cannot_be_read}" if isinstance(part, Unreadable) else say(part)


def _queue(queue: Queue, oldest_seconds: float | None) -> str:
    counts = f"{queue.waiting:,} waiting, {queue.in_flight:,} in flight, {queue.delayed:,} delayed"
    if not queue.messages:
        return counts
    return f"{counts}; age of the oldest: {_NO_DATA if oldest_seconds is None else duration(oldest_seconds)}"


def _pipe(pipe: Pipe) -> str:
    should = "" if pipe.desired_state == pipe.current_state else f", should be {pipe.desired_state}"
    return f"{pipe.current_state}{should}{f': {pipe.reason}' if pipe.reason else ''}"


def _executions(executions: Executions) -> str:
    counts = [
        f"{count:,}{' or more' if count >= MAX_LISTED else ''} {status}"
        for status, count in sorted(executions.statuses.items())
    ]
    return f"{', '.join(counts) or 'none'} in the last hour"


def _events(metrics: Metrics) -> str:
    return _NO_DATA if metrics.events_indexed is None else f"{metrics.events_indexed:,.0f} in the last hour"


def _ignored(metrics: Metrics) -> str:
    counted = (
        (metrics.objects_ignored, "that is no CloudTrail log", "object", "that are no CloudTrail logs"),
        (metrics.messages_ignored, "that announces none", "message", "that announce none"),
    )
    said = [
        f"{count:,.0f} {name if count == 1 else f'{name}s'} {one if count == 1 else several}"
        for count, one, name, several in counted
        if count
    ]
    return f"{', '.join(said) or 'nothing'} in the last hour"


def _lag(lag: Percentiles | None) -> str:
    return f"p50 {duration(lag.p50)}, p99 {duration(lag.p99)} in the last hour" if lag else _NO_DATA


def _search_domain(domain: SearchDomain, metrics: Metrics) -> str:
    said = [
        _documents(domain, metrics),
        f"{domain.instance_count} {domain.instance_type} {'instance' if domain.instance_count == 1 else 'instances'}",
    ]
    if domain.partition_count is not None:
        said.append(
            f"{domain.partition_count} {'partition' if domain.partition_count == 1 else 'partitions'}"
        )
    if metrics.index_utilization is not None:
        said.append(f"index {metrics.index_utilization:.0f} % full")
    said += _data_nodes(domain, metrics)
    if domain.processing:
        said.append("processing")
    if domain.requires_index_documents:
        said.append("requires IndexDocuments")
    return ", ".join(said)


def _data_nodes(domain: SearchDomain, metrics: Metrics) -> Iterator[str]:
    """Say how the cluster of OpenSearch is; nothing of a backend that has none."""
    if metrics.cluster_red is not None or metrics.cluster_yellow is not None:
        yield "red" if metrics.cluster_red else "yellow" if metrics.cluster_yellow else "green"
    if metrics.writes_blocked:
        yield "takes no writes"
    if domain.volume_gib is not None and metrics.free_storage_mib is not None:
        yield f"{metrics.free_storage_mib / 1024:,.1f} of {domain.volume_gib:,} GiB free"
    if metrics.memory_pressure is not None:
        yield f"memory {metrics.memory_pressure:.0f} % full"


def _documents(domain: SearchDomain, metrics: Metrics) -> str:
    if isinstance(domain.documents, Unreadable):
        return "documents cannot be counted"
    if domain.documents is not None:
        return counted(domain.documents, "document")
    if metrics.searchable_documents is not None:
        return f"{counted(metrics.searchable_documents, 'document')} (by CloudWatch: you may not search)"
    return f"documents: {_NO_DATA}, and you may not search"


def _room(observed: PipelineStatus) -> str:
    reckoned = room(observed)
    return reckoned.said if reckoned else "cannot be told without the search domain"


def _audit(audit: Audit) -> str:
    found = {
        "missing": audit.logs_missing,
        "healed": audit.logs_healed,
        "not healed": audit.logs_not_healed,
        "altered": audit.logs_altered,
        "digests altered": audit.digests_altered,
        "gaps": audit.digest_gaps,
        "not validated": audit.not_validated,
    }
    said = "".join(f", {count:,} {what}" for what, count in found.items() if count)
    return f"{audit.logs_indexed:,} of {audit.logs_signed:,} signed logs indexed unaltered{said}; at {audit.measured_at}"


def _alarms(alarms: Alarms) -> str:
    return f"{len(alarms.ringing)} of {alarms.count} in state ALARM"


def _table(executions: tuple[Execution, ...], *, wide: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("Started", "Status"):
        table.add_column(name, no_wrap=True)
    for name in ("Took", "Messages", "Events") if wide else ("Took",):
        table.add_column(name, no_wrap=True, justify="right")
    table.add_column("Name, and why it failed", overflow="fold", ratio=1)
    for execution in executions:
        counts = ("" if count is None else f"{count:,}" for count in (execution.messages, execution.events))
        table.add_row(
            f"{execution.started_at[0 if wide else 11 : 19]}Z",
            outside(execution.status, _STYLES.get(execution.status, "red")),
            "" if execution.seconds is None else duration(execution.seconds),
            *(counts if wide else ()),
            Text("\n").join(map(outside, filter(None, (execution.name, _why(execution))))),
        )
    return table


def _why(execution: Execution) -> str:
    """Give the error and the first line of its cause."""
    if not execution.error:
        return ""
    line = next(iter((execution.cause or "").splitlines()), "")
    shown = line if len(line) <= _CAUSE_CHARACTERS else f"{line[:_CAUSE_CHARACTERS]}…"
    return f"{execution.error}: {shown}" if shown else execution.error


if __name__ == "__main__":
    status()
