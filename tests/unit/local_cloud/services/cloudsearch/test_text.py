"""How the local CloudSearch finds text: terms, phrases, prefixes and ranges, by the structured parser.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/searching-text.html says what is right.
"""

from typing import Any

import pytest

from tests.local_cloud.services.cloudsearch.models import Domain
from tests.unit.local_cloud.services.cloudsearch.domains import field, found, make_domain, refusal, search

DOCUMENTS: dict[str, dict[str, Any]] = {
    "1": {"raw": '{"eventName":"ConsoleLogin","MFAUsed":"No"}', "message": "User is not authorized"},
    "2": {"raw": '{"MFAUsed":"Yes","other":"no"}', "message": "The user was authorized by nobody"},
    "3": {"raw": "MFAUsed", "message": "No one: s3.amazonaws.com, i-0dbc1234, José", "id": "i-0dbc1234"},
    "4": {"names": ["star wars", "trek"], "message": "Anders"},
}


@pytest.fixture(scope="module")
def domain() -> Domain:
    fields = (
        field("raw", "text", AnalysisScheme="_mul_default_"),
        field("message", "text", AnalysisScheme="_en_default_"),
        field("names", "text-array", AnalysisScheme="_mul_default_"),
        field("id", "literal"),
    )
    return make_domain(fields, DOCUMENTS)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("raw:'MFAUsed No'", "12"),
        ("raw:'no mfaused'", "12"),
        ("(term field=raw 'No MFAUsed')", "12"),
        ("(phrase field=raw 'MFAUsed No')", "1"),
        ("(phrase field=raw 'No MFAUsed')", ""),
        # "star and wars must occur within the same field", for each of those that are searched by default.
        ("'MFAUsed authorized'", ""),
        ("(and 'MFAUsed' 'authorized')", "12"),
        # The phrase is in one value; the words of a term need not be.
        ("names:'wars trek'", "4"),
        ("(phrase field=names 'wars trek')", ""),
        ("(phrase field=names 'star wars')", "4"),
    ],
)
def test_a_term_has_all_its_words_in_one_field_in_any_order_and_a_phrase_has_them_one_after_the_other(
    domain: Domain, query: str, expected: str
) -> None:
    assert found(domain, query) == expected


def test_the_default_operator_joins_the_words_of_a_term(domain: Domain) -> None:
    assert found(domain, "raw:'ConsoleLogin other'", q__options='{"defaultOperator":"or"}') == "12"
    # It is an option of q, and a filter is another query.
    assert (
        found(domain, "matchall", fq="raw:'ConsoleLogin other'", q__options='{"defaultOperator":"or"}') == ""
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # "No text analysis is performed on the search term": it is not split, ...
        ("(prefix field=message 'i-0dbc')", ""),
        ("(prefix field=message 's3.amaz')", ""),
        ("(prefix field=message '0dbc')", "3"),
        ("(prefix field=message 'amazonaws.c')", "3"),
        ("(prefix field=raw 'MFAUsed No')", ""),
        # ... not stemmed (the guide's own example), ...
        ("(prefix field=message 'Ander')", "4"),
        ("(prefix field=message 'Anders')", ""),
        ("message:'Anders'", "4"),
        ("(prefix field=message 'authorized')", ""),
        ("(prefix field=message 'author')", "12"),
        # ... and keeps its accents and stop words, which the index does not.
        ("(prefix field=message 'José')", ""),
        ("(prefix field=message 'jos')", "3"),
        ("(prefix field=message 'the')", ""),
        ("(prefix field=message '\ue001')", ""),
        ("(prefix field=names '\ue000')", ""),
        # A literal has the whole prefix, in its case.
        ("(prefix field=id 'i-0dbc')", "3"),
        ("(prefix field=id 'I-0dbc')", ""),
        ("(prefix 'consolel')", "1"),
    ],
)
def test_a_prefix_is_not_analysed(domain: Domain, query: str, expected: str) -> None:
    assert found(domain, query) == expected


@pytest.mark.parametrize("name", ["raw", "id", "_id"])
def test_an_empty_prefix_is_refused(domain: Domain, name: str) -> None:
    assert "at least one character" in refusal(domain, f"(prefix field={name} '')")
    assert "at least one character" in refusal(domain, "(prefix '')")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # Stop words are passed over, ...
        ("message:'the authorized user'", "12"),
        ("(and message:'the' message:'user')", "12"),
        ("(or message:'the' message:'Anders')", "4"),
        ("(not message:'the')", ""),
        ("message:'the'", ""),
        ("message:'!?'", ""),
        # ... but their place in a phrase is not: one other word, or another stop word, must be in it.
        ("(phrase field=message 'user authorized')", ""),
        ("(phrase field=message 'user is authorized')", "2"),
        ("(phrase field=message 'user is the authorized')", "1"),
        ("(phrase field=message 'authorized at nobody')", "2"),
        ("(phrase field=message 'the user was authorized')", "2"),
        ("(near field=message distance=1 'user authorized')", "2"),
        ("(near field=message distance=2 'authorized user')", "12"),
        # Fields that are not English have none.
        ("raw:'no'", "12"),
        ("'no'", "12"),
    ],
)
def test_the_stop_words_of_english_are_dropped_and_keep_their_places(
    domain: Domain, query: str, expected: str
) -> None:
    assert found(domain, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("(phrase field=id 'i-0dbc1234')", "phrase does not apply to literal field (id)"),
        ("(near field=id 'i-0dbc1234')", "near does not apply to literal field (id)"),
    ],
)
def test_phrases_are_of_text(domain: Domain, query: str, expected: str) -> None:
    assert expected in refusal(domain, query)


def test_what_is_no_text_is_searched_by_default_where_the_request_says_so(domain: Domain) -> None:
    options = {"q__options": "{fields: ['id^2', 'raw']}"}
    assert found(domain, "'i-0dbc1234'", **options) == "3"
    assert found(domain, "(phrase 'i-0dbc1234')", **options) == "3"
    assert found(domain, "(prefix 'i-0')", **options) == "3"
    assert found(domain, "'i-0'", **options) == ""


def test_the_words_of_a_phrase_with_stop_words_score(domain: Domain) -> None:
    def score(boost: int) -> float:
        query = f"(phrase field=message boost={boost} 'user is authorized')"
        (hit,) = search(domain, query, **{"return": "_score"})["hits"]["hit"]
        return float(hit["fields"]["_score"])

    assert score(9) == pytest.approx(9 * score(1)) != 0
