"""Every request that AWS's developer guide shows, on data in which it finds something.

They are of https://docs.aws.amazon.com/cloudsearch/latest/developerguide/: search-api.html, searching-compound-queries.html,
searching-text.html, searching-ranges.html, searching-dates.html, filtering-results.html, faceting.html, highlighting.html
and weighting-fields.html. Not supported here are lucene, dismax, expressions, suggestions, XML and ranges of locations.
"""

from typing import Any

import pytest

from tests.local_cloud.services.cloudsearch.models import Domain
from tests.unit.local_cloud.services.cloudsearch.domains import field, make_domain, search

MOVIES: dict[str, dict[str, Any]] = {
    "tt1000001": {
        "title": "Star Wars",
        "plot": "Luke Skywalker: with love and the naval mutiny, a demonstration",
        "actors": ["Harrison Ford", "Alec Guinness", "James Earl Jones"],
        "genres": ["Sci-Fi", "Action"],
        "year": 1977,
        "rating": 6.3,
        "release_date": "2013-01-01T00:00:00Z",
        "description": "star",
        "available": "true",
    },
    "tt1000002": {
        "title": "Ocean's Eleven star",
        "plot": "A teenage girl meets a vampire: teenage mutant ninja",
        "actors": ["George Clooney", "Robin Anders"],
        "genres": ["Comedy", "Thriller"],
        "year": 2001,
        "rating": 7.8,
        "release_date": "2001-12-25T00:00:00Z",
    },
    "tt1000003": {
        "title": "Teenage Mutant Ninja wolverine wait",
        "plot": "poet planet katniss black swan",
        "actors": ["William Shatner"],
        "genres": ["Drama"],
        "year": 2009,
        "rating": 6.3,
    },
}


@pytest.fixture(scope="module")
def movies() -> Domain:
    fields = (
        field("title", "text"),
        field("plot", "text"),
        field("description", "text"),
        field("actors", "text-array"),
        field("genres", "literal-array"),
        field("year", "int"),
        field("rating", "double"),
        field("release_date", "date"),
        field("available", "literal"),
    )
    return make_domain(fields, MOVIES)


@pytest.mark.parametrize(
    "query",
    [
        "title:'star'",
        "year:2001",
        "year:[1998,2001]",
        "year:{,2011]",
        "year:[2002,}",
        "release_date:['2013-01-01T00:00:00Z',}",
        "release_date: '2001-12-25T00:00:00Z'",
        "(term field=release_date '2001-12-25T00:00:00Z')",
        "(and title:'star' actors:'Harrison Ford' year:{,2000])",
        "(and title:'star' (or actors:'Harrison Ford' actors:'William Shatner')(not actors:'Zachary Quinto'))",
        "(and (not field=genres 'Sci-Fi')(or (term field=title boost=2 'star')(term field=plot 'star')))",
        "(and (phrase field='title' 'star wars') (not (range field=year {,1970})))",
        "(and 'star' (not actors:'Zachary Quinto'))",
        "(and (range field=year [1977,}) (or (term field=title boost=2 'star') (term field=plot 'star')))",
        "(near field='plot' distance=4 'naval mutiny demonstration')",
        "(near field=plot distance=10 'teenage vampire')",
        "(near field=title distance=3 'star wars')",
        "(not (or actors:'Harrison Ford' year:{,2001]))",
        "(or actors:'Alec Guinness' actors:'Harrison Ford' actors:'James Earl Jones')",
        "(phrase field=\"title\" 'teenage mutant ninja')",
        "(phrase field=plot 'teenage girl')",
        "(phrase field=title 'star wars')",
        "(prefix field='title' 'wait')",
        "(prefix field=title 'star')",
        "(prefix field=title 'oce')",
        "(prefix 'oce')",
        "(and (prefix field=title 'sta') (range field=year {,2000]))",
        "(range field=year [1990,2001])",
        "(range field=year {,2000])",
        "(range field=year [1990,})",
        "(term field=year 2001)",
        "(and (term field=title 'star')(term field=year 1977))",
        "(and 'star' 'wars')",
        "(and 'star wars' 'luke')",
        "'black swan'",
        "genres:'Sci-Fi'",
        "(term field=genres 'Sci-Fi')",
        "_id:['tt1000000','tt1005000']",
        "(or year:2009 year:2012 year:1993)",
        "(and rating:6.3 (or year:2013 year:2009 year:1993))",
        "matchall",
    ],
)
def test_structured_queries(movies: Domain, query: str) -> None:
    assert search(movies, query)["hits"]["found"] > 0
    assert search(movies, "matchall", fq=query)["hits"]["found"] > 0


@pytest.mark.parametrize(
    "query",
    [
        "katniss",
        "star wars",
        "-star",
        "-star wolverine",
        "star wars |trek",
        "planit~1",
        "stor~1",
        '"with love"',
        '"with love"~3',
        '"star wars"~4',
        "oce*",
        "Ander*",
        "Anders",
        "+star",
        "star -trek",
        "star |wars",
        "+(war|trek)+star",
        "poet",
    ],
)
def test_simple_queries(movies: Domain, query: str) -> None:
    assert search(movies, query, q__parser="simple")["hits"]["found"] > 0


def test_the_prefix_that_finds_nothing(movies: Domain) -> None:
    assert search(movies, "Anders*", q__parser="simple")["hits"]["found"] == 0


@pytest.mark.parametrize(
    "options",
    [
        "{fields: ['title^5','description']}",
        "{defaultOperator: 'or', fields: ['title^5','description']}",
        "{fields:['title^2','plot^0.5']}",
        "{operators:['and', 'not', 'or', 'prefix']}",
        "{fields:['title']}",
    ],
)
def test_query_options(movies: Domain, options: str) -> None:
    assert search(movies, "star", q__parser="simple", q__options=options)["hits"]["found"] > 0


@pytest.mark.parametrize(
    ("name", "options", "values"),
    [
        ("year", '{sort:"bucket", size:3}', ["1977", "2001", "2009"]),
        ("year", "{sort:'count'}", ["1977", "2001", "2009"]),
        ("genres", "{sort:'bucket', size:5}", ["Action", "Comedy", "Drama", "Sci-Fi", "Thriller"]),
        ("genres", '{buckets:["Action","Adventure","Sci-Fi"]}', ["Action", "Adventure", "Sci-Fi"]),
        (
            "year",
            '{buckets:["[1970,1979]","[1980,1989]",\n  "[1990,1999]","[2000,2009]",\n  "[2010,}"]}',
            ["[1970,1979]", "[1980,1989]", "[1990,1999]", "[2000,2009]", "[2010,}"],
        ),
        (
            "year",
            '{buckets:["[1970,1979]","[1980,1989]","[1990,1999]"],method:"interval"}',
            ["[1970,1979]", "[1980,1989]", "[1990,1999]"],
        ),
        ("rating", "{}", ["6.3", "7.8"]),
    ],
)
def test_facets(movies: Domain, name: str, options: str, values: list[str]) -> None:
    answer = search(movies, "matchall", **{f"facet.{name}": options})
    counted = answer["facets"][name]["buckets"]
    assert [bucket["value"] for bucket in counted] == values
    assert any(bucket["count"] for bucket in counted)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("{}", "<em>Luke</em>"),
        ("{format:'text',max_phrases:2,pre_tag:'<b>',post_tag:'</b>'}", "<b>Luke</b>"),
        ("{format:'text'}", "*Luke*"),
        ("{max_phrases:3}", "<em>Luke</em>"),
        ("{pre_tag:'<strong>', post_tag:'</strong>'}", "<strong>Luke</strong>"),
    ],
)
def test_highlights(movies: Domain, options: str, expected: str) -> None:
    (hit,) = search(movies, "luke", q__parser="simple", highlight__plot=options)["hits"]["hit"]
    assert expected in hit["highlights"]["plot"]
