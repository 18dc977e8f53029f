"""The command that plans a backfill says what there is and what it takes."""

import json
from datetime import date

import pytest
from click.testing import CliRunner, Result

from trailsearch.cli.backfill import backfill as backfilling
from trailsearch.cli.environment import Environment, FoundDomain
from trailsearch.contracts.backfill import Counted, Scope
from trailsearch.contracts.errors import LogsNotListed
from trailsearch.search import Backend, SearchSettings, search_backend

COUNTED = Counted(logs=12_345, bytes=2_500_000_000, archived_logs=7, archived_bytes=70_000_000, parts=79)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Scope]:
    """Let a plan count something, and keep for what it was asked."""
    scopes: list[Scope] = []

    def planned(_deployed: Environment, scope: Scope) -> Counted:
        scopes.append(scope)
        return COUNTED

    backend = search_backend(SearchSettings(Backend.OPENSEARCH, "trailsearch-dev"))
    found = FoundDomain(backend, None, Backend.OPENSEARCH)  # type: ignore[arg-type]  # what is known of it
    monkeypatch.setattr(Environment, "deployed_search_domain", lambda _environment: found)
    monkeypatch.setattr(backfilling, "planned", planned)
    return scopes


def run(**variables: str) -> Result:
    given = {"ENV": "dev", "FROM": "2026-01-01", "TO": "2026-03-31", "DRY_RUN": "1", **variables}
    return CliRunner().invoke(backfilling.backfill, env=given)


def test_a_plan_says_what_there_is_and_what_it_takes(asked: list[Scope]) -> None:
    result = run(ACCOUNTS="111122223333, 444455556666", REGIONS="us-east-1", PREFIX="audit")
    assert result.exit_code == 0, result.output
    for said in (
        "12,345 in 79 parts, 2.5 GB",
        "about 18,000,000",
        "dollars",
        "7 logs, 70.0 MB, are archived",
    ):
        assert said in " ".join(result.output.split())
    assert asked == [
        Scope(
            first=date(2026, 1, 1),
            last=date(2026, 3, 31),
            accounts=("111122223333", "444455556666"),
            regions=("us-east-1",),
            prefix="audit",
        )
    ]


def test_the_json_has_all_of_it() -> None:
    told = json.loads(run(JSON="1").output)
    assert told["counted"]["archived_logs"] == 7
    assert told["scope"]["first"] == "2026-01-01"
    assert told["estimated"].keys() == {"events", "domain_gb", "dollars", "hours"}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"FROM": ""}, "Say from which day to which"),
        ({"TO": "2025-12-31"}, "which is before"),
        ({"TO": "31.12.2026"}, "Invalid value for '--to'"),
        ({"ACCOUNTS": "1234"}, "no account, which has 12 digits: 1234"),
    ],
)
def test_what_is_typed_wrong_is_told_in_a_line(
    asked: list[Scope], variables: dict[str, str], said: str
) -> None:
    result = run(**variables)
    assert result.exit_code != 0
    assert said in result.output
    assert not asked


def test_a_bucket_that_cannot_be_listed_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object) -> Counted:
        raise LogsNotListed("s3://logs/: AccessDenied")

    monkeypatch.setattr(backfilling, "planned", refused)
    result = run()
    assert (result.exit_code, result.output) == (1, "Error: LogsNotListed: s3://logs/: AccessDenied\n")
