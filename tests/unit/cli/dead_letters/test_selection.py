from typing import Any, cast

import click
import pytest
from click.testing import CliRunner

from trailsearch.cli.dead_letters.dead_letter_queue import Received
from trailsearch.cli.dead_letters.selection import Selection, selecting
from trailsearch.workflow.dead_letters import WaitingLetter


def letter(kind: str, error: str, reason: str = "", subject: str = "") -> Received:
    time = "2026-01-01T00:00:00Z"
    return Received(
        cast("Any", {}),
        WaitingLetter(
            message_id=f"{kind} {error}",
            kind=kind,
            subject=subject,
            error=error,
            reason=reason,
            attempts=1,
            first_failed_at=time,
            last_failed_at=time,
            sent_at=time,
        ),
    )


CORRUPT = letter("log", "LogCorrupt", "Not gzip", "s3://logs/a")
MISSING = letter("log", "LogNotFound", "There is none", "s3://logs/b")
THROTTLED = letter("batch", "SearchThrottled", "HTTP 503", "s3://staging/a")
WAITING = [CORRUPT, MISSING, THROTTLED]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(None, None, None), WAITING),
        (Selection("log", None, None), [CORRUPT, MISSING]),
        (Selection("message", None, None), []),
        (Selection(None, "logcorrupt", None), [CORRUPT]),
        (Selection(None, "http 503", None), [THROTTLED]),
        (Selection(None, "s3://logs", None), [CORRUPT, MISSING]),
        (Selection("batch", "s3://logs", None), []),
        (Selection(None, "", None), WAITING),
        (Selection(None, None, 2), [CORRUPT, MISSING]),
        (Selection("log", "not", 1), [CORRUPT]),
        (Selection(None, "notfound", 2), [MISSING]),
    ],
)
def test_what_is_selected_matches_every_filter_and_keeps_its_order(
    selection: Selection, expected: list[Received]
) -> None:
    assert selection.of(WAITING) == expected


@pytest.mark.parametrize(
    ("selection", "everything"),
    [
        (Selection(None, None, None), True),
        (Selection(None, "", None), True),
        (Selection("log", None, None), False),
        (Selection(None, "x", None), False),
        (Selection(None, None, 3), False),
    ],
)
def test_only_without_a_filter_it_is_everything(selection: Selection, everything: bool) -> None:
    assert selection.is_everything is everything


def test_that_nothing_matches_is_said_with_what_was_asked_for() -> None:
    assert Selection("log", "[/x]", None).none_of(1_234) == (
        "None of 1,234 that wait matches KIND=log REASON=[/x]."
    )


@click.command()
@selecting
def command(environment: str, kind: str | None, reason: str | None, limit: int | None) -> None:
    click.echo(repr((environment, kind, reason, limit)))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"ENV": "dev"}, ("dev", None, None, None)),
        ({"ENV": "dev", "KIND": "", "REASON": "", "LIMIT": ""}, ("dev", None, None, None)),
        ({"ENV": "dev", "KIND": "log", "REASON": "a b", "LIMIT": "5"}, ("dev", "log", "a b", 5)),
    ],
)
def test_options_come_from_the_environment(variables: dict[str, str], expected: tuple[Any, ...]) -> None:
    result = CliRunner().invoke(command, env=variables)
    assert result.output == f"{expected!r}\n"


@pytest.mark.parametrize("variables", [{"KIND": "logs"}, {"LIMIT": "0"}, {"LIMIT": "all"}])
def test_what_is_no_filter_is_refused(variables: dict[str, str]) -> None:
    result = CliRunner().invoke(command, env={"ENV": "dev", **variables})
    assert result.exit_code == 2
    (value,) = variables.values()
    assert value in result.output.splitlines()[-1]
