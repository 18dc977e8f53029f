"""Every event to a file or another program, and events over time."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cli.search.test_search import FIELDS, RAW
from trailsearch.cli.console import Console
from trailsearch.cli.environment import Environment
from trailsearch.cli.search.export import COLUMNS, csv_line
from trailsearch.cli.search.over_time import edges_of
from trailsearch.cli.search.search import search
from trailsearch.cli.search.tables import print_histogram
from trailsearch.cli.search.typed import OptionNotUnderstood
from trailsearch.search.queries import Answer, Event, Query, QueryRefused

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Domain:
    """A search domain with these events, more than a page has."""

    native_syntax = "structured"

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        self.asked: list[Query] = []

    def search(self, query: Query) -> Answer:
        self.asked.append(query)
        events = sorted(self.events, key=lambda each: each["event_time"], reverse="desc" in query.sort)
        return Answer(len(self.events), events[: query.size], {})

    def histogram(self, query: Query, edges: Sequence[datetime]) -> list[int]:
        self.asked.append(query)
        return list(range(len(edges) - 1))

    def scan(self, query: Query, fields: Sequence[str] | None = None) -> Iterator[Event]:
        self.asked.append(query)
        yield from self.events


MANY = [{**FIELDS, "id": f"id-{number}", "account_ids": ["1", "2"], "raw": RAW} for number in range(10_001)]


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Domain:
    domain = Domain(MANY)
    monkeypatch.setattr(Environment, "search_domain", lambda _environment: domain)
    return domain


def run(**variables: str) -> Result:
    return CliRunner().invoke(search, ["--env", "test"], env=variables)


def test_all_events_are_written_as_csv_and_counted_on_the_side(domain: Domain) -> None:
    done = run(ALL="1", CSV="1", WHO="alice", SIZE="5")
    assert done.exit_code == 0, done.output
    head, *rows = csv.reader(io.StringIO(done.stdout))
    assert tuple(head) == COLUMNS
    assert len(rows) == len(MANY)
    row = dict(zip(head, rows[0], strict=True))
    assert (row["actor"], row["account_ids"], row["error_message"]) == (FIELDS["actor"], "1 2", "")
    assert done.stderr.splitlines()[-1] == "10,001 events found, 10,001 written."
    *_, counted, scanned = domain.asked
    assert counted.filters == scanned.filters != ()


def test_all_events_are_written_as_json_one_a_line_with_their_records(domain: Domain) -> None:
    done = run(ALL="1", JSON="1")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(events) == len(MANY)
    assert events[0] == {**MANY[0], "raw": json.loads(RAW)}


@pytest.mark.parametrize(
    "raw", ['{"a":\n 1}', "no JSON", '{"a":"\\ud800",\n"b":1}', '{"n":1e999}', "[" * 600, '{"a":"\u2028"}']
)
def test_a_line_of_json_is_one_line_whatever_is_in_the_record(
    monkeypatch: pytest.MonkeyPatch, raw: str
) -> None:
    domain = Domain([{**FIELDS, "id": "a", "raw": raw}, {**FIELDS, "id": "b"}])
    monkeypatch.setattr(Environment, "search_domain", lambda _environment: domain)
    first, second = run(ALL="1", JSON="1").stdout.splitlines()
    assert json.loads(first)["id"] == "a"
    assert json.loads(second) == {**FIELDS, "id": "b"}


def test_a_page_is_csv_too(domain: Domain) -> None:
    assert len(list(csv.reader(io.StringIO(run(CSV="1", SIZE="3").stdout)))) == 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ALL": "1"}, "ALL=1 writes CSV or JSON"),
        ({"CSV": "1", "JSON": "1"}, "do not go together"),
        ({"ALL": "1", "CSV": "1", "FACETS": "actor"}, "FACETS and BUCKETS count"),
        ({"CSV": "1", "BUCKETS": "1h"}, "FACETS and BUCKETS count"),
        ({"FACETS": "errorCode"}, "FACETS: There is no field errorCode: error_code?"),
        ({"SORT": "eventTime desc"}, "SORT: There is no field eventTime: event_time?"),
        ({"SINCE": "yestrday"}, "SINCE=yestrday is no time"),
        ({"QUERY": "errorCode:'x'"}, "There is no field errorCode: error_code?"),
        ({"BUCKETS": "often"}, "BUCKETS=often is neither"),
    ],
)
def test_what_does_not_make_sense_is_refused_before_anything_is_asked(
    domain: Domain, options: dict[str, str], says: str
) -> None:
    done = run(**options)
    assert done.exit_code in {1, 2}
    assert says in done.output
    assert domain.asked == []


def test_a_missing_quote_is_said_when_the_domain_does_not_take_the_query(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(query: Query) -> Answer:
        raise QueryRefused("Syntax error in query")

    monkeypatch.setattr(domain, "search", refuse)
    assert "A quote (') is missing. Syntax error in query" in run(QUERY="actor:'a").output


# ── CSV ────────────────────────────────────────────────────────────────────────────────────────────────────


@given(
    st.text(st.sampled_from("=+-@\t\r\n\"', a0é😀\x1b\ud800\uff1d"), max_size=12),
    st.lists(st.text(max_size=3), max_size=3),
)
def test_no_cell_is_a_formula_nor_ends_a_line_and_all_else_is_kept(text: str, types: list[str]) -> None:
    line = csv_line({"actor": text, "resource_types": types})
    ((*cells,),) = csv.reader(io.StringIO(line)) if line.strip(",") else [[""] * len(COLUMNS)]
    row = dict(zip(COLUMNS, cells, strict=True))
    assert all(cell[:1] not in tuple("=+-@\t\r\n\uff1d") or not cell for cell in row.values())
    if text.isalnum() and text.isascii():
        assert row["actor"] == text


def test_a_formula_is_kept_as_text() -> None:
    assert csv_line({"actor": "=cmd|'/C calc'!A0"}).strip(",") == "'=cmd|'/C calc'!A0"


# ── Events over time ───────────────────────────────────────────────────────────────────────────────────────


def at(hour: int, minute: int = 0, day: int = 26) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def domain_from(*times: datetime) -> Any:
    return Domain([{"id": str(number), "event_time": time.isoformat()} for number, time in enumerate(times)])


@pytest.mark.parametrize(
    ("query", "buckets", "edges"),
    [
        (Query(since=at(9, 30), until=at(12)), "1h", [at(9), at(10), at(11), at(12)]),
        (Query(since=at(10)), "1h", [at(10), at(11), at(12), at(13)]),
        (Query(), "1h", [at(8), at(9), at(10)]),
        (Query(until=at(10)), "2h", [at(8), at(10)]),
        (Query(since=at(0), until=at(0, day=27)), "24", [at(hour) for hour in range(24)] + [at(0, day=27)]),
        (
            Query(since=at(0), until=at(0, day=27)),
            "5",
            [at(hour) for hour in (0, 6, 12, 18)] + [at(0, day=27)],
        ),
        (Query(since=at(0), until=at(0, day=27)), "1", [at(0), at(0, day=27)]),
    ],
)
def test_stretches_of_time_begin_at_whole_multiples_of_their_length_and_have_every_event(
    query: Query, buckets: str, edges: list[datetime]
) -> None:
    assert edges_of(domain_from(at(8, 10), at(9, 59)), query, buckets, NOW) == edges


def test_where_nothing_is_found_there_is_nothing_to_count() -> None:
    assert edges_of(domain_from(), Query(), "1h", NOW) == []


def test_more_stretches_than_are_shown_are_refused() -> None:
    with pytest.raises(OptionNotUnderstood, match="makes 1,441 of them"):
        edges_of(domain_from(), Query(since=at(12, day=25)), "1m", NOW)


def test_every_stretch_is_a_row_with_a_bar_as_long_as_it_has_events(domain: Domain) -> None:
    done = run(BUCKETS="1h", SINCE="2026-11-01T00:00", UNTIL="2026-11-01T04:00")
    rows = [line.split() for line in done.stdout.splitlines() if "2026-11-01T0" in line][:4]
    assert [row[:2] for row in rows] == [[f"2026-11-01T0{hour}:00:00Z", str(hour)] for hour in range(4)]
    assert [row[2].count("█") if len(row) > 2 else 0 for row in rows] == [0, 17, 34, 50]


def test_histograms_are_in_json(domain: Domain) -> None:
    answer = json.loads(
        run(BUCKETS="1h", JSON="1", SIZE="0", SINCE="2026-11-01", UNTIL="2026-11-01T02:00").stdout
    )
    assert answer["histogram"] == [
        {"from": "2026-11-01T00:00:00+00:00", "events": 0},
        {"from": "2026-11-01T01:00:00+00:00", "events": 1},
    ]


def test_a_single_event_has_a_bar_beside_a_million() -> None:
    file = io.StringIO()
    edges = [at(0) + timedelta(hours=each) for each in range(4)]
    print_histogram(edges, [1_000_000, 1, 0], Console(file=file, width=60))
    assert [line.count("█") for line in file.getvalue().splitlines() if "2026" in line] == [20, 1, 0]
