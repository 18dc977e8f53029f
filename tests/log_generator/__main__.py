"""Write generated logs to a folder: `python -m tests.log_generator --out logs --logs 80`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from tests.log_generator import generate_logs


@click.command()
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the logs."
)
@click.option("--logs", type=click.IntRange(min=0), default=80, show_default=True, help="Number of logs.")
@click.option("--seed", type=int, default=1, show_default=True, help="Equal seeds give equal logs.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"]),
    default="2014-09-01",
    show_default=True,
    help="Time of the first events, UTC.",
)
@click.option(
    "--hours", type=click.FloatRange(min=0.1), default=24, show_default=True, help="Hours they spread over."
)
@click.option(
    "--accounts", type=click.IntRange(min=1), default=4, show_default=True, help="Number of accounts."
)
@click.option(
    "--records-per-log", type=click.IntRange(min=1), help="Same size for all logs; else like CloudTrail's."
)
@click.option(
    "--duplicates",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Share of the records that are delivered twice.",
)
@click.option("--story/--no-story", default=True, show_default=True, help="Tell the story of the stolen key.")
def main(  # noqa: PLR0913 - one parameter for each option
    *,
    out: Path,
    logs: int,
    seed: int,
    start: datetime,
    hours: float,
    accounts: int,
    records_per_log: int | None,
    duplicates: float,
    story: bool,
) -> None:
    """Write realistic CloudTrail logs under OUT, each at the key that CloudTrail would give it."""
    records = 0
    generated = generate_logs(
        seed,
        logs,
        start.replace(tzinfo=UTC),
        duration=timedelta(hours=hours),
        accounts=accounts,
        records_per_log=records_per_log,
        duplicates=duplicates,
        story=story,
    )
    for log in generated:
        path = out / log.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(log.body)
        records += log.record_count
    click.echo(f"{logs} logs, {records} records in {out}")


if __name__ == "__main__":
    main()
