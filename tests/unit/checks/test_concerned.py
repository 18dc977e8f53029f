"""Which tests a change concerns, in this repository."""

import subprocess

import pytest

from tests.checks.concerned import Imports, concerned, imported_by, is_test, module_of
from tests.checks.readers import READERS, readers_of
from tests.conftest import REPOSITORY

HERE = "tests/unit/checks/test_concerned.py"


def concerned_by(*changed: str) -> list[str]:
    return concerned(REPOSITORY, changed).tests


def test_a_test_is_concerned_by_what_it_imports() -> None:
    assert "tests/unit/aws/test_concurrency.py" in concerned_by("functions/trailsearch/aws/concurrency.py")


def test_a_test_is_concerned_by_what_a_handler_imports() -> None:
    chosen = concerned_by("functions/trailsearch/logs/notifications.py")
    assert "tests/unit/logs/test_notifications.py" in chosen, "it imports that itself"
    assert "tests/unit/test_fetch_logs.py" in chosen, "it imports the handler"
    assert "tests/unit/events/test_documents.py" not in chosen


def test_a_test_is_concerned_by_a_handler() -> None:
    chosen = concerned_by("functions/split_records.py")
    assert "tests/unit/test_split_records.py" in chosen
    assert "tests/unit/test_index_batch.py" not in chosen


def test_a_test_is_concerned_by_itself() -> None:
    assert concerned_by(HERE) == [HERE]


def test_a_conftest_concerns_the_tests_beside_and_below_it_alone() -> None:
    chosen = concerned_by("tests/unit/cli/conftest.py")
    assert {"tests/unit/cli/search/test_search.py", "tests/unit/cli/cost/test_cost.py"} <= set(chosen)
    assert all(test.startswith("tests/unit/cli/") for test in chosen)


def test_what_a_conftest_takes_from_tests_concerns_its_tests() -> None:
    assert "tests/unit/aws/test_telemetry.py" in concerned_by("tests/steps.py")


def test_what_a_conftest_takes_from_the_library_concerns_those_who_import_it() -> None:
    """The conftest of all unit tests makes a log bucket, which most of them never see."""
    chosen = concerned_by("functions/trailsearch/logs/log_bucket.py")
    assert "tests/unit/logs/test_log_bucket.py" in chosen
    assert "tests/unit/events/test_documents.py" not in chosen


def test_a_file_that_is_no_python_concerns_the_tests_of_who_reads_it() -> None:
    chosen = concerned_by("statemachine/index_logs.asl.json")
    assert {"tests/workflow/test_paths.py", "tests/workflow/test_definition.py"} <= set(chosen)
    assert "tests/unit/aws/test_concurrency.py" not in chosen


def test_a_file_that_nobody_has_thought_of_is_said() -> None:
    assert concerned(REPOSITORY, ["new.thing", HERE]) == ([HERE], ["new.thing"])


def test_a_module_that_is_gone_concerns_nobody() -> None:
    """Whoever imports it still does not pass mypy."""
    assert concerned_by("functions/trailsearch/gone.py", "tests/unit/test_gone.py") == []


def test_every_file_that_is_no_python_has_readers_or_is_known_to_have_none() -> None:
    if not (REPOSITORY / ".git").exists():
        pytest.skip("needs the repository's list of files")
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for path in listed.stdout.splitlines():
        assert path.endswith(".py") or readers_of(path) is not None


def test_every_reader_is_there() -> None:
    imports = Imports(REPOSITORY)
    for _, modules in READERS:
        for module in modules:
            assert imports.modules_of(module)


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("functions/fetch_logs.py", "fetch_logs"),
        ("functions/trailsearch/aws/clients.py", "trailsearch.aws.clients"),
        ("functions/trailsearch/aws/__init__.py", "trailsearch.aws"),
        ("tests/steps.py", "tests.steps"),
        ("README.md", None),
        ("terraform/script.py", None),
    ],
)
def test_a_file_is_a_module_by_its_path(path: str, module: str | None) -> None:
    assert module_of(path) == module


def test_a_test_is_known_by_its_name() -> None:
    assert is_test("tests.unit.test_steps")
    assert not is_test("tests.steps")
    assert not is_test("tests.unit.test_package.conftest")


def test_what_a_file_imports_is_named_in_full() -> None:
    names = imported_by(REPOSITORY / HERE)
    assert {"subprocess", "tests.checks.concerned", "tests.checks.concerned.Imports"} <= names
