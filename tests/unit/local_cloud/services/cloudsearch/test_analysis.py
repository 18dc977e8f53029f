"""What the local CloudSearch makes of text: words, and terms of words."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.local_cloud.services.cloudsearch.analysis import ANALYZERS, STOP, prefix_of_terms

MANY_LANGUAGES = ANALYZERS["_mul_default_"]
ENGLISH = ANALYZERS["_en_default_"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # Of https://www.unicode.org/reports/tr29/#Word_Boundary_Rules, WB5 to WB7: letters around : . '
        ("sqs.amazonaws.com", ["sqs.amazonaws.com"]),
        ("kms:Decrypt", ["kms:decrypt"]),
        ("arn:aws:iam::aws:policy/AdministratorAccess", ["arn:aws:iam", "aws:policy", "administratoraccess"]),
        ("it's movie.jpg", ["it's", "movie.jpg"]),
        # WB11, WB12: digits around . , ; '
        ("198.51.100.231 1,000 1;2 1:2", ["198.51.100.231", "1,000", "1;2", "1", "2"]),
        # WB8 to WB10: letters and digits beside each other; but a digit is no letter before a full stop or colon.
        ("s3.amazonaws.com", ["s3", "amazonaws.com"]),
        ("i-0dbc1234", ["i", "0dbc1234"]),
        ("AROAEXAMPLEID1:session", ["aroaexampleid1", "session"]),
        ("AROAEXAMPLEIDX:session", ["aroaexampleidx:session"]),
        ("iam::123456789012:user/Alice", ["iam", "123456789012", "user", "alice"]),
        # WB13a, WB13b: underscores hold together whatever they stand between, but are no word by themselves.
        ("user_name_1 _x ___ a_.b", ["user_name_1", "_x", "a_", "b"]),
        # WB999: everywhere else is a boundary.
        ("put-object", ["put", "object"]),
        ("alice@example.com", ["alice", "example.com"]),
        ("foo..bar foo. bar", ["foo", "bar", "foo", "bar"]),
        ('{"MFAUsed":"No"}', ["mfaused", "no"]),
        ("CamelCase", ["camelcase"]),
        # WB4: what combines with a character belongs to it.
        ("cafe\u0301s n\u0303.x a\u00adb", ["cafe\u0301s", "n\u0303.x", "a\u00adb"]),
        # An ideograph is a word.
        ("東京 abc", ["東", "京", "abc"]),
        ("', \u2026 !?", []),
    ],
)
def test_words_end_where_unicode_text_segmentation_says(text: str, words: list[str]) -> None:
    assert MANY_LANGUAGES.terms(text) == words


def test_the_stop_words_of_english_keep_their_places() -> None:
    assert ENGLISH.terms("User is not authorized to perform") == [
        "user",
        STOP,
        STOP,
        "author",
        STOP,
        "perform",
    ]
    assert MANY_LANGUAGES.terms("is not to") == ["is", "not", "to"]


def test_words_of_more_than_256_characters_are_stop_words() -> None:
    assert MANY_LANGUAGES.terms(f"a {'b' * 256} {'c' * 257} d") == ["a", "b" * 256, STOP, "d"]


def test_english_is_stemmed_and_loses_its_accents() -> None:
    # The guide's examples: Anders is ander in the index; running is run.
    assert ENGLISH.terms("Anders running Ünïcode cafe\u0301") == ["ander", "run", "unicod", "cafe"]
    assert ENGLISH.terms("s us ies") == ["s", "us", "i"]
    assert MANY_LANGUAGES.terms("Anders Ünïcode") == ["anders", "ünïcode"]


@given(st.text(alphabet="aB1_.:,;'- \"", max_size=20))
def test_ascii_is_split_like_all_other_text(text: str) -> None:
    with_another_word = MANY_LANGUAGES.terms(f"{text} é")
    assert with_another_word == [*MANY_LANGUAGES.terms(text), "é"]


@given(st.text(max_size=30))
def test_every_letter_and_digit_is_in_a_word(text: str) -> None:
    lower = text.lower()
    words = "".join(word for word in MANY_LANGUAGES.terms(text) if word != STOP)
    alphanumeric = [char for char in lower if unicodedata.category(char)[:2] in {"Lu", "Ll", "Lo", "Nd"}]
    assert [
        char for char in words if unicodedata.category(char)[:2] in {"Lu", "Ll", "Lo", "Nd"}
    ] == alphanumeric


def test_a_prefix_becomes_lower_case_and_no_more() -> None:
    assert prefix_of_terms("ÉcrANS") == "écrans"
    assert prefix_of_terms("beta.g") == "beta.g"
    assert (prefix_of_terms("beta-g"), prefix_of_terms("two words"), prefix_of_terms("")) == (
        None,
        None,
        None,
    )


def test_words_are_told_where_they_stand() -> None:
    text = "Not the  Denied-one"
    assert list(ENGLISH.words(text)) == [
        (match.start(), match.end(), term)
        for match, term in zip(re.finditer("Denied|one", text), ("deni", "on"), strict=True)
    ]


def test_a_text_of_underscores_takes_no_time() -> None:
    assert MANY_LANGUAGES.terms("_" * 1_000_000) == []
    assert MANY_LANGUAGES.terms("_\u0301" * 500_000) == []
