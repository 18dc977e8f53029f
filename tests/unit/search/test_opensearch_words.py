"""Words beside each other in a query are each searched for, wherever they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailsearch.search.opensearch.words import with_and_between


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ("alice DeleteTrail", "alice AND DeleteTrail"),
        ("a  b\tc", "a  AND b\tAND c"),
        ("raw:(alice deletetrail)", "raw:(alice AND deletetrail)"),
        ("event_name:DeleteTrail alice", "event_name:DeleteTrail AND alice"),
        ("(a OR b) c d", "(a OR b) c AND d"),
        (r"arn\:aws a\ b", r"arn\:aws AND a\ b"),
        ("s3.amazonaws.com alice@example.com", "s3.amazonaws.com AND alice@example.com"),
        ("a -b", "a AND -b"),
    ],
)
def test_and_comes_between_words(query: str, written: str) -> None:
    assert with_and_between(query) == written


@pytest.mark.parametrize(
    "query",
    [
        "",
        "alice",
        "a AND b",
        "a OR b",
        "a && b || c",
        "a NOT b",
        "NOT a",
        '"two words"',
        '"with \\" quote" a',
        'a "two words"',
        "event_time:[2026-11-01 TO 2026-11-02]",
        "event_time:{2026-11-01 TO *}",
        "event_name: DeleteTrail",
        "raw:/two words/",
        r"raw:/with \/ slash/",
        '"never ends',
        "[never ends",
        "/never ends",
        "(",
        "\\",
        " a ",
    ],
)
def test_everything_else_stays_as_it_is(query: str) -> None:
    assert with_and_between(query) == query


@given(st.text(st.sampled_from('ab \t"\\/[]{}():-+&|!ANDORT*~^')))
def test_nothing_is_lost_of_any_query(query: str) -> None:
    written = with_and_between(query)
    assert written.replace("AND ", "") == query.replace("AND ", "")
    assert with_and_between(written) == written
