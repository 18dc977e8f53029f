"""Excerpts of texts in which a search domain has put tags around matches."""

import pytest

from trailsearch.search.highlights import Excerpt, Tags, excerpts, new_tags

TAGS = Tags("<<", ">>")


def shown(excerpt: Excerpt) -> str:
    return "".join(f"*{piece.text}*" if piece.is_match else piece.text for piece in excerpt)


def cut(text: str) -> list[str]:
    return [shown(excerpt) for excerpt in excerpts(text, TAGS)]


def test_a_short_text_is_shown_whole() -> None:
    assert cut("The user was <<denied>> access") == ["The user was *denied* access"]


@pytest.mark.parametrize("text", ["", "no match"])
def test_a_text_without_a_match_has_no_excerpt(text: str) -> None:
    assert cut(text) == []


def test_a_match_alone_has_nothing_around_it() -> None:
    (excerpt,) = excerpts("<<denied>>", TAGS)
    assert [tuple(piece) for piece in excerpt] == [("denied", True)]


def test_what_is_far_from_a_match_is_left_out() -> None:
    text = "a" * 50 + "<<x>>" + "b" * 200 + "<<y>>" + "c" * 50
    assert cut(text) == [
        "…" + "a" * 40 + "*x*" + "b" * 40 + "…",
        "…" + "b" * 40 + "*y*" + "c" * 40 + "…",
    ]


def test_matches_near_each_other_share_an_excerpt() -> None:
    assert cut("<<alice>> did <<this>>") == ["*alice* did *this*"]


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("<<s3>>.<<amazonaws>>.<<com>>", "*s3.amazonaws.com*"),
        ("x <<arn>>:<<aws>>:<<iam>>::<<aws>>:<<policy>> y", "x *arn:aws:iam::aws:policy* y"),
        ('"<<alice>>","<<bob>>"', '"*alice*","*bob*"'),
        ("<<Access>> <<Denied>>", "*Access* *Denied*"),
    ],
)
def test_the_words_of_a_name_are_one_match(text: str, one: str) -> None:
    assert cut(text) == [one]


def test_only_the_first_matches_are_shown() -> None:
    text = " ".join(f"<<m{number}>>" for number in range(9))
    (only,) = cut(text)
    assert only.startswith("*m0* *m1* *m2* *m3* *m4*")
    assert only.count("*") == 10


def test_no_two_searches_have_the_same_tags() -> None:
    assert new_tags() != new_tags()
