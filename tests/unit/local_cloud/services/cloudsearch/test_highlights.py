"""Highlights of the local CloudSearch.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/highlighting.html says what is right.
"""

import html

import pytest

from tests.local_cloud.services.cloudsearch.models import Domain
from tests.unit.local_cloud.services.cloudsearch.domains import field, make_domain, refusal, search

PLOT = 'Luke <skywalker> & Leia\'s rebels: Luke authorizes. "Luke"/Skywalker\n'


@pytest.fixture(scope="module")
def domain() -> Domain:
    fields = (field("plot", "text"), field("other", "text"), field("long", "text"))
    return make_domain(fields, {"1": {"plot": PLOT, "other": "Luke", "long": "x " * 5200 + "Luke"}})


def highlight(domain: Domain, query: str, options: str, name: str = "plot", **parameters: str) -> str:
    (hit,) = search(domain, query, **parameters, **{f"highlight.{name}": options})["hits"]["hit"]
    text: str = hit["highlights"][name]
    return text


def test_a_highlight_is_html_unless_told_otherwise(domain: Domain) -> None:
    text = highlight(domain, "'rebels'", "{}")
    assert text == (
        "Luke &lt;skywalker&gt; &amp; Leia&#x27;s <em>rebels</em>&#58; Luke authorizes&#46; "
        "&quot;Luke&quot;&#47;Skywalker\n"
    )
    assert html.unescape(text) == PLOT.replace("rebels", "<em>rebels</em>")
    assert highlight(domain, "'rebels'", "{format: 'text'}") == PLOT.replace("rebels", "*rebels*")
    assert (
        highlight(domain, "'rebels'", "{format: 'html', pre_tag: '<b>', post_tag: '</b>'}").count("<b>") == 1
    )


@pytest.mark.parametrize(
    ("query", "highlighted"),
    [
        ("plot:'luke'", ["Luke", "Luke", "Luke"]),
        # "The terms in the phrase are highlighted individually."
        ("(phrase field=plot 'luke skywalker')", ["Luke", "skywalker", "Luke", "Luke", "Skywalker"]),
        ("(or plot:'luke' (not plot:'rebel'))", ["Luke", "Luke", "Luke"]),
        ("plot:'authorize'", ["authorizes"]),
        ("(prefix field=plot 'Sky')", ["skywalker", "Skywalker"]),
        ("'luke'", ["Luke", "Luke", "Luke"]),
        ("(and matchall (or other:'luke' plot:'leia'))", []),
    ],
)
def test_what_is_searched_for_is_highlighted(domain: Domain, query: str, highlighted: list[str]) -> None:
    text = highlight(domain, query, "{format: 'text', max_phrases: 5, pre_tag: '[', post_tag: ']'}")
    assert [part.partition("]")[0] for part in text.split("[")[1:]] == highlighted


def test_what_is_similar_is_highlighted(domain: Domain) -> None:
    text = highlight(domain, "rebal~1", "{format: 'text'}", q__parser="simple")
    assert "*rebels*" in text


def test_the_first_word_is_highlighted_and_up_to_five_are(domain: Domain) -> None:
    assert highlight(domain, "'luke'", "{format: 'text'}").count("*") == 2
    assert highlight(domain, "'luke'", "{format: 'text', max_phrases: 2}").count("*") == 4
    for options in ("{max_phrases: 6}", "{max_phrases: 0}", "{format: 'xml'}", "{other: 1}"):
        assert refusal(domain, "'luke'", **{"highlight.plot": options})


def test_ten_kilobytes_are_highlighted(domain: Domain) -> None:
    assert highlight(domain, "long:'luke'", "{format: 'text'}", "long") == "x " * 5120
