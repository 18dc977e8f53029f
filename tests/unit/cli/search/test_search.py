import json
from collections.abc import Callable, Mapping
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from tests.steps import error_answer
from trailsearch.aws import clients
from trailsearch.cli.console import Console
from trailsearch.cli.environment import Environment
from trailsearch.cli.search.as_json import to_json
from trailsearch.cli.search.search import search
from trailsearch.cli.search.tables import print_answer
from trailsearch.search.highlights import Piece
from trailsearch.search.queries import (
    EVERYTHING,
    Answer,
    Query,
    QueryRefused,
    SearchDomainUnreachable,
    SearchError,
    SearchNotAllowed,
    Syntax,
)

FIELDS = {
    "event_time": "2026-11-01T10:00:00Z",
    "actor": "admin/alice@example.com",
    "event_source": "sqs.amazonaws.com",
    "event_name": "DeleteQueue",
    "aws_region": "eu-central-1",
    "source_ip_address": "198.51.100.231",
    "error_code": "AccessDenied",
}
RAW = '{"eventID":"a","eventName":"DeleteQueue"}'


class Domain:
    """A search domain that answers what a test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.native_syntax = "structured"
        self.answer: Answer | SearchError = Answer(0, [], {})
        self.asked: Query | None = None

    def search(self, query: Query) -> Answer:
        self.asked = query
        if isinstance(self.answer, SearchError):
            raise self.answer
        return self.answer

    def has(self, *events: Mapping[str, Any]) -> None:
        """Find events."""
        self.answer = Answer(1_234, [{"id": f"id-{at}", **event} for at, event in enumerate(events)], {})


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Domain:
    domain = Domain()
    monkeypatch.setattr(Environment, "search_domain", lambda _environment: domain)
    return domain


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(search, ["--env", "test", *arguments], env=variables)


def printed(*events: Mapping[str, Any], facets: Mapping[str, Any] | None = None) -> str:
    file = StringIO()
    print_answer(Answer(len(events), events, facets or {}), Console(file=file, width=160))
    return file.getvalue()


def test_an_event_is_a_row(domain: Domain) -> None:
    domain.has({**FIELDS, "raw": RAW})
    output = run().output
    row = next(line for line in output.splitlines() if "alice" in line)
    assert row.split() == [
        "2026-11-01T10:00:00Z",
        "admin/alice@example.com",
        "sqs:DeleteQueue",
        "eu-central-1",
        "198.51.100.231",
        "AccessDenied",
    ]
    assert output.endswith("1,234 events found, 1 shown.\n")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, "sqs:DeleteQueue"),
        ({"event_category": "Management"}, "sqs:DeleteQueue"),
        ({"event_category": "Aggregated"}, "sqs:DeleteQueue (Aggregated)"),
        ({"event_category": "Aggregated", "event_name": ""}, "sqs (Aggregated)"),
        ({"event_category": "Insight"}, "sqs:DeleteQueue (Insight)"),
        ({"event_source": ""}, "DeleteQueue"),
        ({"event_source": "", "event_name": ""}, ""),
    ],
)
def test_what_was_done_is_a_name_and_says_where_it_sums_up_many_calls(
    changes: dict[str, str], what: str
) -> None:
    event = {name: value for name, value in {**FIELDS, **changes}.items() if value}
    row = next(line for line in printed(event).splitlines() if "alice" in line)
    before, after = row.split("alice@example.com")[1].split("eu-central-1")
    assert before.strip() == what
    assert after


UUID = "216b1d64-5a8f-47fd-a0b0-6ad76aff75b5"


@pytest.mark.parametrize(
    ("resources", "shown"),
    [
        ({"resource_names": ["my-bucket"]}, "my-bucket"),
        ({"resource_names": [UUID, "arn:aws:s3:::b", "b", "c"]}, "b +2"),
        ({"resource_names": [UUID]}, UUID),
        ({"resource_arns": ["arn:aws:s3:::b/k", "arn:aws:s3:::b"]}, "b/k +1"),
        ({"resource_names": ["arn:aws:iam::1:role/r"], "resource_arns": ["arn:aws:iam::1:role/r"]}, "role/r"),
    ],
)
def test_what_a_call_was_about_is_named_once(resources: dict[str, list[str]], shown: str) -> None:
    row = next(line for line in printed({**FIELDS, **resources}).splitlines() if "alice" in line)
    assert row.split("DeleteQueue")[1].split("eu-central-1")[0].strip() == shown


def test_without_anything_that_a_call_was_about_there_is_no_column_for_it() -> None:
    assert "Resource" not in printed(FIELDS)
    assert "Resource" in printed(FIELDS, {**FIELDS, "resource_names": ["a"]})


def test_facets_say_how_many_values_there_are() -> None:
    file = StringIO()
    facets = {"actor": {"a": 2, "b": 1}, "event_name": {"c": 1}, "error_code": {"d": 1}}
    answer = Answer(3, [], facets, distinct={"actor": 37, "event_name": 1})
    print_answer(answer, Console(file=file, width=160))
    heads = [line for line in file.getvalue().splitlines() if "Events" in line]
    assert "actor, top 2 of 37 " in heads[0]
    assert "event_name " in heads[0]
    assert "error_code, top 1 of more than 1,000 " in heads[0]


def test_without_an_error_code_the_message_is_shown() -> None:
    """CloudTrail writes why a sign-in failed into errorMessage, and no errorCode."""
    event = {**FIELDS, "error_message": "Failed authentication"}
    assert "Failed authentication" not in printed(event)
    del event["error_code"]
    assert "Failed authentication" in printed(event)
    shown = printed({**event, "error_message": "Failed\n" + "~" * 200})
    assert (shown.count("~"), shown.count("…")) == (120 - len("Failed "), 1)


def test_an_event_with_nothing_but_an_id_is_a_row_too() -> None:
    assert "1 event found, 1 shown." in printed({"id": "a"})


@pytest.mark.parametrize("text", ["x[/y]", "[aws-internal/3]", "[bold]", ":warning:", "[link=a]b[/link]"])
def test_what_looks_like_markup_is_printed_as_it_is(text: str) -> None:
    event = dict.fromkeys(FIELDS, text)
    facets = {text: {text: 3}}
    assert printed(event, facets=facets).count(text) == len(FIELDS) + 2


def test_what_is_asked_is_asked_for(domain: Domain) -> None:
    result = run(
        QUERY="event_name:'X'", PARSER="simple", FACETS="actor, event_name", SIZE="3", SORT="actor asc"
    )
    assert result.exit_code == 0, result.output
    assert domain.asked == Query(
        "event_name:'X'", Syntax.SIMPLE, size=3, sort="actor asc", facets=["actor", "event_name"]
    )


def test_what_is_not_said_is_everything_the_newest_first(domain: Domain) -> None:
    assert run().exit_code == 0
    assert domain.asked == Query(EVERYTHING, Syntax.NATIVE, size=20, sort="event_time desc", facets=[])


def test_facets_are_printed_with_their_counts(domain: Domain) -> None:
    domain.answer = Answer(
        0, [], {"event_name": {"SendMessage": 1_031, "CreateQueue": 9}}, distinct={"event_name": 2}
    )
    lines = [line.split() for line in run(FACETS="event_name").output.splitlines()]
    assert ["event_name", "Events"] in lines
    assert ["SendMessage", "1,031"] in lines


def test_json_has_the_fields_and_the_record(domain: Domain) -> None:
    domain.has({**FIELDS, "account_ids": ["1", "2"], "raw": RAW})
    answer = json.loads(run(JSON="1").output)
    assert answer == {
        "found": 1_234,
        "events": [{"id": "id-0", **FIELDS, "account_ids": ["1", "2"], "raw": json.loads(RAW)}],
        "facets": {},
    }


HIGHLIGHTS = {
    "raw": [
        [Piece('…"userName":"', is_match=False), Piece("alice", is_match=True), Piece('"…', is_match=False)]
    ],
    "error_message": [[Piece("alice", is_match=True)]],
}


def test_excerpts_are_asked_for(domain: Domain) -> None:
    assert run(HIGHLIGHT="1").exit_code == 0
    assert domain.asked == Query(facets=[], highlight=True)


def print_highlighted(width: int = 200, *, force_terminal: bool = False, **changes: str) -> str:
    file = StringIO()
    events = [{**FIELDS, **changes}, {**FIELDS, "actor": "bob"}]
    answer = Answer(2, events, {}, [HIGHLIGHTS, {}])
    # As of a terminal of its own: that of the tests is perhaps none.
    console = Console(file=file, width=width, force_terminal=force_terminal, _environ={"TERM": "xterm"})
    print_answer(answer, console)
    return file.getvalue()


def test_an_event_has_its_excerpts_below_it_with_matches_between_asterisks() -> None:
    first, *excerpts, second, _, totals = print_highlighted().splitlines()
    assert "alice@example.com" in first
    assert excerpts == ['  raw: …"userName":"*alice*"…', "  error_message: *alice*"]
    assert second.split()[:3] == ["2026-11-01T10:00:00Z", "bob", "sqs:DeleteQueue"]
    assert first.index("sqs:") == second.index("sqs:")
    assert totals == "2 events found, 2 shown."


def test_a_terminal_shows_matches_by_their_style() -> None:
    printed = print_highlighted(force_terminal=True)
    assert "*alice*" not in printed
    assert "\x1b[1;7malice\x1b[0m" in printed


def test_what_an_excerpt_says_does_nothing_to_a_terminal() -> None:
    hostile = "a\x1b[2Jb\x07\n\x9b0m"
    file = StringIO()
    excerpt = [Piece(hostile, is_match=False), Piece(hostile, is_match=True)]
    print_answer(Answer(1, [{**FIELDS, "actor": hostile}], {}, [{"raw": [excerpt]}]), Console(file=file))
    assert file.getvalue().count("a␛[2Jb␇␊\ufffd0m") == 3


def test_json_has_excerpts_with_their_event(domain: Domain) -> None:
    domain.answer = Answer(1, [{"id": "a", "raw": RAW}], {}, [HIGHLIGHTS])
    (event,) = json.loads(run(JSON="1", HIGHLIGHT="1").output)["events"]
    assert event == {
        "id": "a",
        "raw": json.loads(RAW),
        "highlights": {"raw": ['…"userName":"<em>alice</em>"…'], "error_message": ["<em>alice</em>"]},
    }


def without_space(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("9" * 5_000, id="a long number"),
        pytest.param("1e999", id="a number beyond floats"),
        pytest.param("1.10", id="a trailing zero"),
        pytest.param('"\\ud83d\\ude00 \\u00e9 é /\\/"', id="escapes"),
        pytest.param('"\\ud800"', id="a lone surrogate"),
        pytest.param("[" * 300 + "]" * 300, id="nested deep"),
        pytest.param(json.dumps(["[{" * 600, [[{}] * 600], {'"': "\\" * 3}]), id="many brackets"),
    ],
)
def test_records_are_in_json_as_they_were_written(domain: Domain, value: str) -> None:
    domain.has({"raw": f'{{"eventID":"a","x":{value}}}'}, {"raw": RAW})
    result = run(JSON="1")
    assert result.exit_code == 0, result.exception
    assert without_space(f'"x":{value}}}') in without_space(result.output)
    events = json.JSONDecoder(parse_int=str, parse_float=str).decode(result.output)["events"]
    assert events[0]["raw"]["eventID"] == "a"
    assert events[1]["raw"] == json.loads(RAW)


NESTED = [f"{'[' * depth}{']' * depth}" for depth in (600, 9_000, 100_000)]


@pytest.mark.parametrize("raw", ["no JSON", "", '{"a": 1} more', "NaN", *NESTED, "\ud800"])
@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_one_odd_record_hides_none_of_the_others(domain: Domain, raw: str, arguments: list[str]) -> None:
    domain.has({**FIELDS, "raw": raw}, {**FIELDS, "raw": RAW})
    result = run(*arguments)
    assert result.exit_code == 0, result.exception
    if arguments:
        first, second = json.loads(result.output)["events"]
        assert (first["raw"], second["raw"]) == (raw, json.loads(RAW))
    else:
        assert result.output.count("DeleteQueue") == 2


def test_json_is_indented_with_its_records() -> None:
    answer = Answer(1, [{"id": "a", "raw": '{"b":[1]}'}], {})
    shown = {"found": 1, "events": [{"id": "a", "raw": {"b": [1]}}], "facets": {}}
    assert to_json(answer) == json.dumps(shown, indent=2)


def test_what_the_domain_says_of_a_bad_query_is_shown(domain: Domain) -> None:
    said = (
        "[*Deprecated*: Use the outer message field] Syntax error in query: field (nofield) does not exist."
    )
    domain.answer = QueryRefused(said)
    result = run(QUERY="actor:'[/x]'")
    assert result.exit_code == 1
    assert result.output == (
        f"Error: trailsearch-test does not take this query: {said}\nQuery (structured parser): actor:'[/x]'\n"
    )


@pytest.mark.parametrize("native", ["structured", "query_string"])
def test_the_native_syntax_has_the_name_that_the_domain_has_for_it(domain: Domain, native: str) -> None:
    domain.native_syntax = native
    assert run(PARSER=native).exit_code == 0
    assert domain.asked == Query(EVERYTHING, Syntax.NATIVE, facets=[])
    domain.answer = QueryRefused("no")
    assert f"Query ({native} parser): actor:a" in run(QUERY="actor:a").output
    assert "Query (simple parser): x" in run(QUERY="x", PARSER="simple").output


def test_the_syntax_of_another_backend_is_refused(domain: Domain) -> None:
    domain.native_syntax = "query_string"
    result = run(PARSER="structured")
    assert result.exit_code == 1
    assert (
        result.output == "Error: trailsearch-test takes the parsers query_string and simple, not structured\n"
    )
    assert domain.asked is None


@pytest.mark.parametrize("error", [SearchDomainUnreachable, SearchNotAllowed])
def test_a_domain_that_does_not_answer_is_no_bad_query(domain: Domain, error: type[SearchError]) -> None:
    domain.answer = error("Could not connect")
    result = run()
    assert result.exit_code == 1
    assert result.output == "Error: trailsearch-test cannot be searched: Could not connect\n"


class Configuration:
    """The configuration services of both backends; one has a domain, or raises an error."""

    def __init__(self, **services: Any) -> None:
        self.services = services
        self.meta = SimpleNamespace(region_name="us-east-1")

    def describe_domains(self, DomainNames: list[str]) -> Any:  # noqa: N803, the name is boto3's
        found = self._service("cloudsearch")
        return {"DomainStatusList": [{"RequiresIndexDocuments": False, **found}] if found is not None else []}

    def describe_domain(self, DomainName: str) -> Any:  # noqa: N803, the name is boto3's
        found = self._service("opensearch")
        if found is None:
            raise ClientError(error_answer(409, "ResourceNotFoundException", "Not there"), "DescribeDomain")
        return {"DomainStatus": found}

    def _service(self, name: str) -> Any:
        found = self.services.get(name)
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def configure(**services: Any) -> None:
        client = Configuration(**services)
        monkeypatch.setattr(clients, "cloudsearch", lambda _config: client)
        monkeypatch.setattr(clients, "opensearch", lambda _config: client)

    return configure


DENIED = ClientError(error_answer(403, "AccessDeniedException", "You may not"), "Describe")


@pytest.mark.parametrize(
    ("services", "says"),
    [
        ({}, "trailsearch-test does not exist in us-east-1"),
        ({"cloudsearch": {}}, "trailsearch-test is still being created"),
        ({"opensearch": {"Processing": True}}, "trailsearch-test is still being created"),
    ],
)
def test_without_a_domain_it_says_how_to_get_one(
    configure: Callable[..., None], services: dict[str, Any], says: str
) -> None:
    configure(**services)
    result = run()
    assert result.exit_code == 1
    assert says in result.output
    assert "make apply ENV=test" in result.output


@pytest.mark.parametrize("services", [{"opensearch": DENIED}, {"cloudsearch": DENIED}])
def test_who_may_not_ask_for_domains_is_told_so_where_none_is_found(
    configure: Callable[..., None], services: dict[str, Any]
) -> None:
    configure(**services)
    result = run()
    assert result.exit_code == 1
    assert "Cannot look for the search domain trailsearch-test" in result.output
    assert "You may not" in result.output


CLOUDSEARCH = {"SearchService": {"Endpoint": "search-c.example.com"}}
OPENSEARCH = {"Endpoint": "search-o.example.com"}


@pytest.mark.parametrize(
    ("services", "native"),
    [
        ({"cloudsearch": CLOUDSEARCH}, "structured"),
        ({"opensearch": OPENSEARCH}, "query_string"),
        ({"opensearch": OPENSEARCH, "cloudsearch": CLOUDSEARCH}, "query_string"),
        ({"opensearch": DENIED, "cloudsearch": CLOUDSEARCH}, "structured"),
    ],
)
def test_the_backend_of_an_environment_is_where_its_domain_is(
    configure: Callable[..., None], services: dict[str, Any], native: str
) -> None:
    configure(**services)
    assert Environment("test").search_domain().native_syntax == native


@pytest.mark.parametrize("buckets", ["999999w", "40000d", "0", "x", "1y"])
def test_stretches_of_time_that_cannot_be_counted_are_refused(domain: Domain, buckets: str) -> None:
    done = run("--since", "1d", "--buckets", buckets)
    assert done.exit_code == 2
    assert f"BUCKETS={buckets} is neither a length of time" in done.output
