"""A shown search is taken apart as its search domain would."""

import pytest

from tests.documentation.kinds import as_command, searches
from tests.documentation.parts import Asked, asked_of, parts_of, without_negation
from trailsearch.search import Backend

LUCENE, STRUCTURED = Backend.OPENSEARCH, Backend.CLOUDSEARCH


@pytest.mark.parametrize(
    ("backend", "query", "parts"),
    [
        (LUCENE, "matchall", ["matchall"]),
        (LUCENE, "a:b", ["a:b"]),
        (LUCENE, 'a:"b c" d:[1 TO *]', ['a:"b c"', "d:[1 TO *]"]),
        (LUCENE, "a:(b OR c) NOT d:e*", ["a:b", "a:c", "d:e*"]),
        (LUCENE, 'word OR "two words"', ["word", '"two words"']),
        (STRUCTURED, "a:'b'", ["a:'b'"]),
        (STRUCTURED, "'word'", ["'word'"]),
        (STRUCTURED, "(and a:'b' (not c:'d'))", ["a:'b'", "c:'d'"]),
        (STRUCTURED, "(or a:['1','2'] b:['3',})", ["a:['1','2']", "b:['3',}"]),
        (STRUCTURED, "(prefix field=a 'b')", ["(prefix field=a 'b')"]),
        (STRUCTURED, "(and (phrase field=raw 'b c') a:'d')", ["(phrase field=raw 'b c')", "a:'d'"]),
    ],
)
def test_a_query_has_these_parts(backend: Backend, query: str, parts: list[str]) -> None:
    assert parts_of(query, backend) == parts


def test_a_query_of_which_nothing_is_understood_is_an_error() -> None:
    with pytest.raises(ValueError, match="no part"):
        parts_of("(near 'a b')", STRUCTURED)


@pytest.mark.parametrize(
    ("backend", "query", "rest"),
    [
        (LUCENE, "a:b NOT c:d", "a:b"),
        (LUCENE, "a:b", None),
        (STRUCTURED, "(and a:'b' (not c:'d'))", "(and a:'b')"),
        (STRUCTURED, "(and a:'b' c:'d')", None),
    ],
)
def test_what_a_query_excludes_can_be_left_out(backend: Backend, query: str, rest: str | None) -> None:
    assert without_negation(query, backend) == rest


def test_the_variables_of_a_command_are_what_it_asks_for() -> None:
    assert asked_of("make search ENV=dev QUERY='a:\"b c\"' FACETS=x,y SIZE=5 JSON=1 | jq .events") == Asked(
        'a:"b c"', simple=False, facets=["x", "y"], chosen={}
    )
    assert asked_of("make search ENV=dev PARSER=simple QUERY=word WHO=a NOT_IP=b SINCE=1h ALL=1") == Asked(
        "word", simple=True, facets=[], chosen={"who": "a", "not_ip": "b", "since": "1h"}
    )


@pytest.mark.parametrize("backend", Backend)
def test_every_shown_search_is_understood(backend: Backend) -> None:
    for shown in searches(backend):
        asked = asked_of(as_command(shown))
        assert asked.simple or parts_of(asked.query, backend)
