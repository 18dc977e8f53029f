"""What the handlers import; the packages are import-linter's (``pyproject.toml``), which takes no single modules."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks import concerned

FUNCTIONS = Path(__file__).parents[2] / "functions"
HANDLERS = sorted(path.stem for path in FUNCTIONS.glob("*.py"))


def imported_by(handler: str) -> set[str]:
    return concerned.imported_by(FUNCTIONS / f"{handler}.py")


def of(package: str, names: set[str]) -> set[str]:
    return {name for name in names if name == package or name.startswith(f"{package}.")}


def test_the_handlers_are_those_of_the_pipe_and_the_state_machines() -> None:
    assert HANDLERS == [
        "admit_messages",
        "audit_logs",
        "delete_expired",
        "fetch_logs",
        "index_batch",
        "plan_backfill",
        "split_records",
    ]


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_imports_no_operator_command_and_no_other_handler(handler: str) -> None:
    names = imported_by(handler)
    assert of("trailsearch", names), "it imports nothing of the library"
    assert {name for package in ["trailsearch.cli", *HANDLERS] for name in of(package, names)} == set()


def test_one_handler_alone_imports_the_audit_which_the_package_of_the_others_has_not() -> None:
    assert [handler for handler in HANDLERS if of("trailsearch.audit", imported_by(handler))] == [
        "audit_logs"
    ]


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_leaves_traces_and_clients_to_the_library(handler: str) -> None:
    names = imported_by(handler)
    assert {name for package in ["aws_xray_sdk", "boto3", "botocore"] for name in of(package, names)} == set()


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_leaves_the_choice_of_a_backend_to_the_library(handler: str) -> None:
    names = imported_by(handler)
    assert of("trailsearch.search.cloudsearch", names) | of("trailsearch.search.opensearch", names) == set()


# A cold start pays for each, and for what it loads of others: each of those is a decision.
@pytest.mark.parametrize(
    ("handler", "of_ours"), [("fetch_logs", 22), ("split_records", 26), ("index_batch", 17)]
)
def test_a_handler_starts_with_no_more_modules_than_it_had(handler: str, of_ours: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", f"import sys, {handler}; print(*sys.modules, sep='\\n')"],
        env={"PYTHONPATH": str(FUNCTIONS), "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    modules = set(run.stdout.split())
    assert 0 < len(of("trailsearch", modules)) <= of_ours
    assert not of("boto3", modules) | of("aws_xray_sdk", modules) | of("requests", modules)
