"""What kinds of commands the READMEs show, and so how each is tested: the one table of it."""

import re
import shlex
from collections.abc import Iterable
from enum import Enum, auto
from typing import NamedTuple

from tests.documentation.commands import Shown, shown_commands
from trailsearch.search import Backend
from trailsearch.search.queries import EVERYTHING


class Kind(Enum):
    """How a command is tested."""

    OPERATOR = auto()
    """It runs, against the deployment of the end-to-end tests, as ENV=local (tests/end_to_end)."""
    SEARCH = auto()
    """So does a search, on each backend that it is written for: CloudSearch there, OpenSearch in tests/contract."""
    CLOUD = auto()
    """So does a command of the AWS CLI, with the deployment's names in place of the placeholders (tests/end_to_end)."""
    TERRAFORM = auto()
    """It runs, with a program in place of Terraform that notes how it is called (tests/documentation)."""
    HERE = auto()
    """It runs as it is (tests/documentation)."""
    HANDED_OVER = auto()
    """It takes minutes: make hands over to a program that another test runs, with options that it has (PROGRAMS)."""
    CHECKS = auto()
    """It is what runs these tests, or a part of it, or what installs them: make finds something to do."""
    SELECTION = auto()
    """It selects tests or faults: what it selects is there (tests/documentation)."""
    NOT_RUN = auto()
    """Nothing here can run it (NOT_RUN says why)."""


class Program(NamedTuple):
    """A program that make hands over to: its module, and the test that runs what it does, or its largest part."""

    module: str
    test: str


PROGRAMS = {
    "demo": Program("tests.demo", "tests/end_to_end/pipeline_tests.py::test_every_good_event_is_found"),
    "demo-stop": Program("tests.demo", "tests/unit/local_cloud/test_process.py"),
    "chaos": Program(
        "tests.chaos",
        "tests/end_to_end/test_resilience.py::test_every_event_is_found_or_waits_and_a_redrive_brings_all_in",
    ),
    "simulate": Program(
        "tests.simulation", "tests/simulation/test_simulation.py::test_what_must_hold_holds_for_new_seeds"
    ),
    "load": Program(
        "tests.load", "tests/end_to_end/test_scale.py::test_a_small_flood_is_indexed_and_measured"
    ),
    "bench": Program(
        "tests.benchmarks", "tests/unit/benchmarks/test_benchmarks.py::test_the_steps_index_every_event"
    ),
    "cost-measure": Program("tests.cost.measure", "tests/unit/cost/test_measure.py"),
    "ui": Program(
        "trailsearch.page.ui",
        "tests/unit/page/test_ui.py::test_the_link_that_is_printed_opens_the_page_and_ctrl_c_ends_it_well",
    ),
    "pictures": Program(
        "tests.browser.pictures", "tests/browser/test_pictures.py::test_a_picture_is_made_anew"
    ),
    "package": Program(
        "trailsearch.cli.package",
        "tests/unit/cli/test_package.py::test_a_package_of_the_real_sources_is_reproducible",
    ),
    "pythons": Program("tests.checks.pythons", "tests/unit/checks/test_pythons.py"),
    "docs": Program("tests.documentation", "tests/documentation/test_blocks.py"),
    "dashboards": Program(
        "trailsearch.cli.dashboards",
        "tests/unit/cli/test_dashboards.py::test_the_file_is_written_by_the_command",
    ),
}

NOT_RUN = {
    **dict.fromkeys(
        (
            'docker run --rm -p 127.0.0.1:8080:8080 -v ~/.aws:/root/.aws:ro -e AWS_PROFILE public.ecr.aws/aws-observability/aws-sigv4-proxy:latest --name es --region <region> --host "$(make output ENV=dev NAME=search_endpoint)"',
            'curl -X POST "http://localhost:8080/_dashboards/api/saved_objects/_import?overwrite=true" -H "osd-xsrf: true" --form file=@functions/dashboards/trailsearch.ndjson',
        ),
        "it needs Docker, and OpenSearch Dashboards of a domain on AWS",
    ),
    "aws sso login": "it opens a browser; the AWS CLI's version 2 has it, and PyPI has version 1",
}

_OF_TARGETS = {
    "": Kind.HERE,
    **dict.fromkeys(("help", "cost", "clean"), Kind.HERE),
    **dict.fromkeys(("search", "ask"), Kind.SEARCH),
    **dict.fromkeys(
        (
            "preflight",
            "status",
            "verify",
            "audit",
            "dlq",
            "redrive",
            "backfill",
            "backfill-status",
            "backfill-stop",
            "output",
        ),
        Kind.OPERATOR,
    ),
    **dict.fromkeys(("init", "plan", "apply", "destroy"), Kind.TERRAFORM),
    **dict.fromkeys(PROGRAMS, Kind.HANDED_OVER),
    **dict.fromkeys(("test", "lint", "check", "fmt", "setup"), Kind.CHECKS),
}
# Where a command begins: at the start, after what joins commands, in $(…), after a loop's `do`.
_BEGINNING = r"(?:^|[|;&(\n]|\bdo\b)\s*(?:\w+=)?(?:\$\()?"
_MAKE = re.compile(_BEGINNING + r"make\b(?: +([a-z-]+))?", re.MULTILINE)
_AWS = re.compile(_BEGINNING + r"aws +[a-z]", re.MULTILINE)
_IN_EVERY_LANGUAGE = re.compile(rf"QUERY=({EVERYTHING}|…)(\s|$)|PARSER=simple\b")
_SELECTION = re.compile(r"\.venv/bin/python -m (pytest|tests\.chaos) ")


def targets(command: str) -> list[str]:
    """The targets that a command makes; "" stands for no target."""
    return [found or "" for found in _MAKE.findall(command)]


def is_query(shown: Shown) -> bool:
    """Tell whether a sentence quotes no command, but a query for `make search`."""
    return shown.quoted and shown.text.startswith("QUERY=")


def as_command(shown: Shown) -> str:
    """Give what one types, with a query in place of "…"; a query that a sentence quotes is one for `make search`."""
    command = shown.filled({"…": EVERYTHING}.__getitem__)
    return f"make search {command}" if is_query(shown) else command


def backends_of(shown: Shown) -> set[Backend]:
    """Tell which backends a search is for, that is, in whose language its query is written.

    All take words, and the query that finds everything, which is asked without any. Else it is what the page says, or the backend that the settings
    of the environments have.
    """
    if "QUERY=" not in shown.text or _IN_EVERY_LANGUAGE.search(shown.text):
        return set(Backend)
    return {shown.backend or Backend.OPENSEARCH}


def each_once(shown: Iterable[Shown]) -> list[Shown]:
    """Give the first of those commands that are one where ENV= is always the same, and that a comment alone tells apart.

    What ``make search`` and the other targets do with ENV=, tooling/test_makefile.py holds.
    """
    first: dict[tuple[str, ...], Shown] = {}
    for each in shown:
        words = shlex.split(as_command(each), comments=True)
        first.setdefault(tuple(word for word in words if not word.startswith("ENV=")), each)
    return list(first.values())


def searches(backend: Backend) -> list[Shown]:
    """Give the searches that are for a backend."""
    shown = (each for each in shown_commands() if kind_of(each) is Kind.SEARCH)
    return [each for each in shown if backend in backends_of(each)]


def kind_of(shown: Shown) -> Kind:
    """Tell how a command is tested.

    Raises:
        LookupError: it is of no kind that is known here, or of several that do not go together.
    """
    text = shown.text
    if text in NOT_RUN:
        return Kind.NOT_RUN
    if is_query(shown):
        return Kind.SEARCH
    if _SELECTION.match(text):
        return Kind.SELECTION
    kinds = {_OF_TARGETS[target] for target in targets(text)}
    if kinds == {Kind.SEARCH} and "ask" in targets(text) and " Q=" not in text:
        return Kind.HERE
    if _AWS.search(text):
        # What is between may ask for the names that it needs.
        kinds = kinds - {Kind.OPERATOR} | {Kind.CLOUD}
    if len(kinds) != 1:
        raise LookupError(f"{shown}: {kinds or 'no kind of command that is tested'}")
    return kinds.pop()
