"""The simple parser of the local CloudSearch.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/search-api.html#simple-search-syntax says what is right.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.local_cloud.services.cloudsearch.models import Domain
from tests.local_cloud.services.cloudsearch.simple_query import OPERATORS
from tests.unit.local_cloud.services.cloudsearch.domains import field, found, make_domain, refusal, search

DOCUMENTS = {
    "1": {"title": "star wars"},
    "2": {"title": "a star is born"},
    "3": {"title": "the star trek wars"},
    "4": {"title": "planet of the apes", "plot": "wars"},
    "5": {"title": "aws-cli M*A*S*H"},
}


@pytest.fixture(scope="module")
def domain() -> Domain:
    return make_domain([field("title", "text"), field("plot", "text")], DOCUMENTS)


def simple(domain: Domain, query: str, options: str = "{}") -> str:
    return found(domain, query, q__parser="simple", q__options=options)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("star", "123"),
        ("star wars", "13"),
        ("wars star", "13"),
        ("star wars |born", "123"),
        ("star |wars", "1234"),
        ("+star +wars", "13"),
        ("+(wars|born)+star", "123"),
        ("star -wars", "2"),
        ("-star wars", "4"),
        ("-star", "45"),
        ("--star", "123"),
        ("star -(wars trek)", "12"),
        ('"star wars"', "1"),
        ('"star wars"~1', "13"),
        ('star -"star wars"', "23"),
        ('"star wars"~nonsense', "1"),
        ("sta*", "123"),
        ("aws\\-cli", "5"),
        ("M\\*A\\*S\\*H", "5"),
        ("planit~1", "4"),
        ("planit", ""),
        ("plnit~2", "4"),
        ("plnt~1", ""),
        ("planet~nonsense", "4"),
        ("planet~0", "4"),
        ("the star", "123"),
        # "The terms do not have to be in the same field."
        ("planet wars", "4"),
    ],
)
def test_operators(domain: Domain, query: str, expected: str) -> None:
    assert simple(domain, query) == expected


@pytest.mark.parametrize(
    ("query", "as_if"),
    [
        ('"star', "star"),
        ('star wars"', "star wars"),
        ("(star", "star"),
        ("star)", "star"),
        ("((star) wars", "star wars"),
        ("star +", "star"),
        ("star |", "star"),
        ("+star", "star"),
        ("| star", "star"),
        ("star + | wars", "star wars"),
        ("star - wars", "star wars"),
        ("star \\", "star"),
        ("star ()", "star"),
        ('star ""', "star"),
        # What has no word in it is white space.
        ("star ... wars", "star wars"),
        ("star & wars !", "star wars"),
        ("star | ? + trek", "star + trek"),
        ("star -?", "star"),
        ("star the", "star"),
        ('star "is"', "star"),
    ],
)
def test_what_is_not_well_formed_is_passed_over(domain: Domain, query: str, as_if: str) -> None:
    assert simple(domain, query) == simple(domain, as_if) != ""


@pytest.mark.parametrize("query", ["...", "*", "the", "~", "()", '""', "-", "-?", "|", '"the"', "\\"])
def test_a_query_without_words_finds_nothing(domain: Domain, query: str) -> None:
    assert simple(domain, query) == ""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("born trek", "23"),
        # "To match, documents must not contain the term", wherever it stands.
        ("wars born -trek", "124"),
        ("-trek wars born", "124"),
        ("-star wars", "4"),
        ("wars | -star", "4"),
        ("star +wars", "13"),
        ("born (star +trek)", "23"),
        # The words of one term, too.
        ("born-planet", "24"),
    ],
)
def test_or_as_the_default_operator(domain: Domain, query: str, expected: str) -> None:
    assert simple(domain, query, "{defaultOperator: 'or'}") == expected


@pytest.mark.parametrize(
    ("disabled", "query", "expected"),
    [
        ("and", "born +trek", ""),
        ("or", "born | trek", ""),
        ("not", "star -wars", "13"),
        ("prefix", "sta*", ""),
        ("phrase", '"wars star"', "13"),
        ("precedence", "(born | trek) wars", "3"),
        ("near", '"star wars"~1', ""),
        ("near", '"star wars"~', "1"),
        ("fuzzy", "planit~1", ""),
        ("escape", "star\\-wars", "13"),
        ("whitespace", "trek wars", "3"),
    ],
)
def test_operators_can_be_disabled(domain: Domain, disabled: str, query: str, expected: str) -> None:
    assert simple(domain, query, f"{{operators: ['{disabled}']}}") == expected


def test_what_is_disabled_is_an_operator(domain: Domain) -> None:
    assert "'operators'" in refusal(
        domain, "star", q__parser="simple", q__options="{operators: ['matchall']}"
    )
    assert "'operators'" in refusal(domain, "star", q__parser="simple", q__options="{operators: 'and'}")
    assert "not valid for the structured parser" in refusal(domain, "'star'", q__options="{operators: []}")


@given(
    st.text(alphabet='ab *~1"()+|-\\.', min_size=1, max_size=25).filter(str.strip),
    st.sets(st.sampled_from(sorted(OPERATORS))),
    st.sampled_from(("and", "or")),
)
def test_nothing_is_refused(domain: Domain, query: str, disabled: set[str], operator: str) -> None:
    options = f"{{defaultOperator: '{operator}', operators: {sorted(disabled)}}}"
    assert search(domain, query, q__parser="simple", q__options=options)["hits"]["found"] <= len(DOCUMENTS)


@pytest.mark.parametrize(
    "query", ["(" * 40 + "star" + ")" * 40, "-(" * 40 + "star" + ")" * 40, "a|b+" * 40 + "c"]
)
def test_what_is_nested_too_deep_is_refused(domain: Domain, query: str) -> None:
    assert "nested" in refusal(domain, query, q__parser="simple")
