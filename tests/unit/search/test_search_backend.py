"""The factory of search backends."""

import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY
from trailsearch.contracts.errors import SettingMissing
from trailsearch.contracts.settings import Settings
from trailsearch.search import Backend, SearchSettings, search_backend


@pytest.mark.parametrize("backend", Backend)
def test_every_backend_can_be_had(backend: Backend) -> None:
    made = search_backend(SearchSettings(backend, "trailsearch-test"))
    assert made.batch_format.max_document_bytes <= made.batch_format.max_batch_bytes
    assert made.batch_format.content_type
    assert made.domain("search.example.com").native_syntax
    assert made.index("doc.example.com")
    assert made.retention("doc.example.com", "search.example.com")


def test_the_same_settings_give_the_same_backend() -> None:
    settings = SearchSettings(Backend.OPENSEARCH, "trailsearch-test")
    assert search_backend(settings) is search_backend(SearchSettings(Backend.OPENSEARCH, "trailsearch-test"))
    assert search_backend(settings) is not search_backend(settings._replace(shards=2))


def test_a_function_has_the_backend_that_its_settings_say() -> None:
    settings = Settings("dev", "staging", "opensearch", None, 5_000_000, 3, 2)
    of_function = SearchSettings.of_function(settings)
    assert of_function == SearchSettings(Backend.OPENSEARCH, "trailsearch-dev", 5_000_000, 3, 2)
    assert search_backend(of_function).batch_format.max_batch_bytes == 5_000_000


def test_a_function_without_a_backend_is_told_which_variable_is_missing() -> None:
    with pytest.raises(SettingMissing, match="SEARCH_BACKEND"):
        SearchSettings.of_function(Settings("dev", "staging"))


def test_without_a_limit_a_batch_is_as_small_as_the_smallest_instances_need_it() -> None:
    made = search_backend(SearchSettings(Backend.OPENSEARCH, "trailsearch-test"))
    assert made.batch_format.max_batch_bytes == 3_000_000


@pytest.mark.parametrize(
    ("handler", "made", "module"),
    [
        ("split_records", "index('search.example.com')", "index"),
        ("index_batch", "index('search.example.com')", "index"),
        ("delete_expired", "retention('doc.example.com', 'search.example.com')", "retention"),
    ],
)
@pytest.mark.parametrize(("backend", "other"), [("cloudsearch", "opensearch"), ("opensearch", "cloudsearch")])
def test_a_function_imports_no_backend_but_its_own(
    handler: str, made: str, module: str, backend: str, other: str
) -> None:
    code = (
        f"import {handler}, sys\n"
        "from trailsearch.search import Backend, SearchSettings, search_backend\n"
        f"search_backend(SearchSettings(Backend('{backend}'), 'trailsearch-test')).{made}\n"
        "print(*sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=REPOSITORY / "functions",
    )
    modules = run.stdout.split()
    assert f"trailsearch.search.{backend}.{module}" in modules
    assert f"trailsearch.search.{other}" not in modules
    assert not {module for module in modules if module.endswith((".domain", ".queries"))}


@pytest.mark.parametrize("backend", Backend)
@pytest.mark.parametrize(
    ("handler", "modules"),
    [("split_records", ["batches"]), ("index_batch", ["index"]), ("delete_expired", ["retention"])],
)
def test_a_function_imports_the_backend_of_its_environment_before_its_first_invocation(
    backend: Backend, handler: str, modules: list[str]
) -> None:
    loaded = loaded_by(handler, {"SEARCH_BACKEND": backend})
    assert {f"trailsearch.search.{backend}.{module}" for module in modules} <= loaded
    (other,) = set(Backend) - {backend}
    assert not [name for name in loaded if name.startswith(f"trailsearch.search.{other}")]


@pytest.mark.parametrize("environment", [{}, {"SEARCH_BACKEND": ""}, {"SEARCH_BACKEND": "another"}])
def test_a_function_without_a_backend_starts_and_lets_its_handler_say_so(environment: dict[str, str]) -> None:
    assert "index_batch" in loaded_by("index_batch", environment)


def loaded_by(handler: str, environment: dict[str, str]) -> set[str]:
    """Import a handler in a process of its own; give all that is imported then."""
    program = f"import sys, {handler}; print(*sys.modules, sep='\\n')"
    others = {name: value for name, value in os.environ.items() if name != "SEARCH_BACKEND"}
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=others | {"PYTHONPATH": str(REPOSITORY / "functions")} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())
