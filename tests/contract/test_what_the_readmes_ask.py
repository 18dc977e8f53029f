"""OpenSearch: the searches that the READMEs show for it, as one types them, find something."""

import json
import re
import shutil

import pytest

from tests.contract.domain import Domain
from tests.contract.readme_documents import count, finds_nothing, values
from tests.contract.test_opensearch_words import LONGEST
from tests.documentation import pages
from tests.documentation.commands import Shown
from tests.documentation.kinds import as_command, each_once, searches
from tests.documentation.shell import Shell
from tests.local_cloud.process import LocalCloud
from trailsearch.events.fields import SCHEMA
from trailsearch.search import Backend
from trailsearch.search.opensearch import OpenSearch
from trailsearch.search.queries import Query, QueryRefused, Syntax

SHOWN = searches(Backend.OPENSEARCH)
FOUND = re.compile(r"^[1-9][\d,]* events? found, [1-9][\d,]* shown\.$", re.MULTILINE)
WRITTEN = re.compile(r"^([1-9][\d,]*) events? found, \1 written\.$", re.MULTILINE)


@pytest.fixture(scope="module")
def shell(cloud: LocalCloud, local: Domain, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("shell")
    shell = Shell(folder, cloud.environment() | {"COLUMNS": "200"})
    shell.use_local_cloud(folder / "no-terraform")
    return shell


# On one engine: what it sends does not depend on that, and the next test sends it to each.
@pytest.mark.parametrize("engine", ["embedded"], indirect=True, scope="session")
@pytest.mark.parametrize("shown", each_once(SHOWN), ids=str)
def test_a_search_finds_something(shell: Shell, shown: Shown) -> None:
    command = as_command(shown)
    if "jq" in command and not shutil.which("jq"):
        pytest.skip("needs jq")
    done = shell.run(command)
    assert done.returncode == 0, done.stderr
    if "ALL=1" in command:  # What it prints goes to a file.
        assert WRITTEN.search(done.stderr)
        return
    assert re.search(r'"eventID": ', done.stdout) if "jq" in command else FOUND.search(done.stdout)


@pytest.mark.parametrize("shown", SHOWN, ids=str)
def test_every_part_of_a_search_finds_something_by_itself(local: Domain, shown: Shown) -> None:
    searched = OpenSearch(local.name).domain(local.endpoint)
    assert finds_nothing(as_command(shown), searched, Backend.OPENSEARCH) == []


def test_what_finds_nothing_behind_something_that_does_is_found_out(local: Domain) -> None:
    searched = OpenSearch(local.name).domain(local.endpoint)
    command = (
        "make search QUERY='error_code:\"Failed authentication\" OR event_name:CreateUser NOT actor:nobody'"
        " FACETS=actor,event_type"
    )
    nothing = finds_nothing(command, searched, Backend.OPENSEARCH)
    assert nothing[0] == 'error_code:"Failed authentication"'
    assert nothing[1] == "actor:nobody"
    assert nothing[2].startswith("what is excluded from")


@pytest.mark.parametrize("field", SCHEMA)
def test_every_field_of_the_tables_is_found_by_its_value(local: Domain, field: str) -> None:
    searched = OpenSearch(local.name).domain(local.endpoint)
    value = re.sub(r'(["\\])', r"\\\1", values()[field])
    assert count(searched, f'{field}:"{value}"')


def found(domain: Domain, text: str, syntax: Syntax = Syntax.NATIVE) -> set[str]:
    """The ids of the events that a query finds."""
    searched = OpenSearch(domain.name).domain(domain.endpoint)
    return {event["id"] for event in searched.scan(Query(text, syntax, size=1000), fields=())}


def test_names_are_found_by_their_words_and_as_a_phrase_of_them(local: Domain) -> None:
    name = found(local, "sqs.amazonaws.com")
    assert name
    assert name < found(local, "amazonaws")
    assert name == found(local, '"sqs.amazonaws.com"')
    assert found(local, "com.amazonaws.sqs") == set()


def test_the_simple_parser_takes_the_words_of_a_name_in_any_order_unless_it_is_quoted(local: Domain) -> None:
    quoted = found(local, '"sqs.amazonaws.com"', Syntax.SIMPLE)
    assert quoted
    assert quoted <= found(local, "com.amazonaws.sqs", Syntax.SIMPLE)
    assert found(local, '"com.amazonaws.sqs"', Syntax.SIMPLE) == set()


def test_all_words_are_to_be_there_in_any_order_unless_or_stands_between_them(local: Domain) -> None:
    both = found(local, "alice") & found(local, "deletetrail")
    assert both
    assert both == found(local, "alice deletetrail") == found(local, "deletetrail alice")
    assert found(local, "deletetrail OR consolelogin") == found(local, "deletetrail") | found(
        local, "consolelogin"
    )


def test_colons_and_slashes_within_a_word_need_a_backslash_or_quotes(local: Domain) -> None:
    quoted = found(local, '"arn:aws:iam::aws:policy/AdministratorAccess"')
    assert quoted
    assert quoted == found(local, r"arn\:aws\:iam\:\:aws\:policy\/AdministratorAccess")
    with pytest.raises(QueryRefused, match="need a backslash"):
        found(local, "arn:aws:iam::aws:policy/AdministratorAccess")
    assert found(local, "arn:aws") == set()


def test_events_are_sorted_by_what_can_be_counted(local: Domain) -> None:
    searched = OpenSearch(local.name).domain(local.endpoint)
    events = searched.search(
        Query("actor:*", size=1000, sort="actor asc, event_time desc", facets=["actor"])
    ).events
    assert len({event["actor"] for event in events}) > 1
    assert [event["actor"] for event in events] == sorted(event["actor"] for event in events)


@pytest.mark.parametrize("length", [255, 256, 257, 600])
def test_a_word_of_any_length_is_found_as_a_whole(domain: Domain, length: int) -> None:
    """Beyond 255 characters by its pieces, one after the other, which no other word has."""
    word = "".join(chr(ord("a") + number * number % 26) for number in range(length))
    raw = json.dumps({"some": f"beside {word} behind"})
    assert [item["status"] for item in domain.store([("long", {"event_id": "long", "raw": raw})])] == [201]
    other = json.dumps({"some": f"beside {word[::-1]} behind"})
    domain.store([("other", {"event_id": "other", "raw": other})])
    assert found(domain, f"raw:{word}") == {"long"}
    assert found(domain, "raw:beside AND raw:behind") == {"long", "other"}
    assert found(domain, f"raw:{word[:100]}") == set()


def test_how_long_a_word_may_be_is_said_for_each_backend() -> None:
    """Of CloudSearch, test_what_the_readmes_ask_of_cloudsearch.py holds it."""
    row = re.search(r"^\| a word of a text \|(.*)\|(.*)\|$", pages.read(pages.FUNCTIONS), re.MULTILINE)
    assert row
    assert f"beyond {LONGEST} characters" in row[1]
    assert "beyond 256 characters" in row[2]
    assert "not searchable" in row[2]
