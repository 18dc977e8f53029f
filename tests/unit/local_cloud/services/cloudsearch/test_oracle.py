"""Random structured queries on random documents find what evaluating them naively, document by document, finds.

The oracle shares nothing with the local CloudSearch: what words become is a table here, of the rules that the guide names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from tests.local_cloud.services.cloudsearch.models import Domain
from tests.unit.local_cloud.services.cloudsearch.domains import field, make_domain, search

# What is written, its words, and their terms in English; None is a stop word.
WORDS: dict[str, list[tuple[str, str | None]]] = {
    "Alpha": [("alpha", "alpha")],
    "alphas": [("alphas", "alpha")],
    "THE": [("the", None)],
    "is": [("is", None)],
    "Beta.gamma": [("beta.gamma", "beta.gamma")],
    "beta-gamma": [("beta", "beta"), ("gamma", "gamma")],
    "b2.gamma": [("b2", "b2"), ("gamma", "gamma")],
    "kms:Decrypt": [("kms:decrypt", "kms:decrypt")],
    "1.5": [("1.5", "1.5")],
    "Écran": [("écran", "ecran")],
    "?!": [],
}
WRITTEN = [*WORDS, "THE", "is"]  # Stop words are frequent.
TEXTS = ("many", "english", "lists")
LITERALS = ("a", "A", "ab", "abc", "b c", "[", "it's \\ so")
NUMBERS = (-2, 0, 1, 1, 7)
PREFIXES = (
    "a",
    "alpha",
    "Alpha",
    "alphas",
    "be",
    "beta.",
    "beta-",
    "the",
    "1",
    "écran",
    "ecran",
    "b2.g",
    "kms:",
)

Document = dict[str, Any]
# Whether a document matches; None if there is no word to look for.
Verdict = Callable[[Document], bool | None]


@dataclass
class Query:
    text: str
    verdict: Verdict

    def __repr__(self) -> str:
        return self.text


def terms(name: str, texts: Sequence[str]) -> list[str | None]:
    return [english if name == "english" else word for text in texts for word, english in WORDS[text]]


def values(document: Document, name: str) -> list[list[str | None]]:
    """The terms of each value of a text field."""
    texts = document.get(name, [])
    return [terms(name, value) for value in (texts if name == "lists" else [texts])]


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def written(texts: Sequence[str]) -> str:
    return quoted(" ".join(texts))


def has_all(name: str, wanted: Sequence[str]) -> Verdict:
    def verdict(document: Document) -> bool | None:
        looked_for = {term for term in terms(name, wanted) if term}
        there = {term for value in values(document, name) for term in value}
        return looked_for <= there if looked_for else None

    return verdict


def has_phrase(name: str, wanted: Sequence[str]) -> Verdict:
    def verdict(document: Document) -> bool | None:
        phrase = terms(name, wanted)
        while phrase and phrase[0] is None:
            del phrase[0]
        while phrase and phrase[-1] is None:
            del phrase[-1]
        if not phrase:
            return None
        return any(
            all(want is None or want == value[at + place] for place, want in enumerate(phrase))
            for value in values(document, name)
            for at in range(len(value) - len(phrase) + 1)
        )

    return verdict


def has_near(name: str, wanted: Sequence[str], distance: int) -> Verdict:
    def verdict(document: Document) -> bool | None:
        looked_for = {term for term in terms(name, wanted) if term}
        if not looked_for:
            return None
        return any(
            max(chosen) - min(chosen) - 1 <= distance
            for value in values(document, name)
            for chosen in product(
                *([at for at, term in enumerate(value) if term == want] for want in looked_for)
            )
        )

    return verdict


def has_prefix(name: str, prefix: str) -> Verdict:
    def verdict(document: Document) -> bool:
        return any(
            term is not None and term.startswith(prefix.lower())
            for value in values(document, name)
            for term in value
        )

    return verdict


def in_any_text(verdict_of: Callable[[str], Verdict]) -> Verdict:
    def verdict(document: Document) -> bool | None:
        verdicts = [each for each in (verdict_of(name)(document) for name in TEXTS) if each is not None]
        return any(verdicts) if verdicts else None

    return verdict


def has_value(name: str, condition: Callable[[Any], bool]) -> Verdict:
    def verdict(document: Document) -> bool:
        there = document.get(name, [])
        return any(condition(value) for value in (there if isinstance(there, list) else [there]))

    return verdict


def both_ends(lower: Any, upper: Any, opening: str, closing: str) -> Callable[[Any], bool]:
    def within(value: Any) -> bool:
        above = lower is None or lower < value or (lower == value and opening == "[")
        below = upper is None or value < upper or (value == upper and closing == "]")
        return above and below

    return within


def words_of(drawn: Sequence[Document]) -> st.SearchStrategy[list[str]]:
    """Words that stand beside each other in a document, or some that may not."""
    texts = [
        list(chain.from_iterable(text) if name == "lists" else text)
        for document in drawn
        for name, text in document.items()
        if name in TEXTS
    ]
    slices = [
        text[at : at + size] for text in texts for size in (1, 2, 3, 4) for at in range(len(text) - size + 1)
    ]
    some_words = st.lists(st.sampled_from(WRITTEN), min_size=1, max_size=3)
    return st.one_of(*[st.sampled_from(slices)] * 3, some_words) if slices else some_words


@st.composite
def word_queries(draw: st.DrawFn, some_words: st.SearchStrategy[list[str]]) -> Query:
    name = draw(st.sampled_from((None, *TEXTS, "english")))
    option = f" field={name}" if name else ""

    def anywhere(verdict_of: Callable[[str], Verdict]) -> Verdict:
        return verdict_of(name) if name else in_any_text(verdict_of)

    wanted = draw(some_words)
    match draw(st.sampled_from(("short", "term", "phrase", "phrase", "prefix", "near"))):
        case "short":
            text = f"{name}:{written(wanted)}" if name else written(wanted)
            return Query(text, anywhere(lambda each: has_all(each, wanted)))
        case "term":
            return Query(f"(term{option} {written(wanted)})", anywhere(lambda each: has_all(each, wanted)))
        case "phrase":
            return Query(
                f"(phrase{option} {written(wanted)})", anywhere(lambda each: has_phrase(each, wanted))
            )
        case "near":
            distance = draw(st.integers(1, 4))
            text = f"(near{option} distance={distance} {written(wanted)})"
            return Query(text, anywhere(lambda each: has_near(each, wanted, distance)))
    prefix = draw(st.sampled_from(PREFIXES))
    return Query(f"(prefix{option} {quoted(prefix)})", anywhere(lambda each: has_prefix(each, prefix)))


@st.composite
def value_queries(draw: st.DrawFn) -> Query:
    name = draw(st.sampled_from(("name", "names", "number", "_id")))
    value = draw(st.sampled_from(NUMBERS if name == "number" else LITERALS))
    text = str(value) if name == "number" else quoted(str(value))
    if draw(st.booleans()):
        return Query(f"{name}:{text}", has_value(name, lambda each: bool(each == value)))
    if name == "number":
        return Query(f"(term field=number {text})", has_value(name, lambda each: bool(each == value)))
    prefix = str(value)
    return Query(f"(prefix field={name} {text})", has_value(name, lambda each: bool(each.startswith(prefix))))


@st.composite
def ranges(draw: st.DrawFn) -> Query:
    name = draw(st.sampled_from(("number", "name", "names", "_id", *TEXTS)))
    choices: Sequence[Any] = NUMBERS if name == "number" else LITERALS
    if name in TEXTS:
        choices = ("a", "alpha", "b", "beta.gamma", "g", "the", "1.5", "ecran")
    lower, upper = draw(st.none() | st.sampled_from(choices)), draw(st.none() | st.sampled_from(choices))
    opening = "{" if lower is None else draw(st.sampled_from("[{"))
    closing = "}" if upper is None else draw(st.sampled_from("]}"))
    bounds = [
        "" if each is None else str(each) if name == "number" else quoted(each) for each in (lower, upper)
    ]
    span = f"{opening}{bounds[0]},{bounds[1]}{closing}"
    text = draw(st.sampled_from((f"{name}:{span}", f"(range field={name} {span})")))
    within = both_ends(lower, upper, opening, closing)
    if name not in TEXTS:
        return Query(text, has_value(name, within))

    def verdict(document: Document) -> bool:
        return any(term is not None and within(term) for value in values(document, name) for term in value)

    return Query(text, verdict)


def joined(operator: str, operands: Sequence[Query]) -> Query:
    def verdict(document: Document) -> bool | None:
        verdicts = [each for each in (operand.verdict(document) for operand in operands) if each is not None]
        return (all(verdicts) if operator == "and" else any(verdicts)) if verdicts else None

    return Query(f"({operator} {' '.join(operand.text for operand in operands)})", verdict)


def negated(operand: Query) -> Query:
    def verdict(document: Document) -> bool | None:
        there = operand.verdict(document)
        return None if there is None else not there

    return Query(f"(not {operand.text})", verdict)


@st.composite
def queries(draw: st.DrawFn, drawn: Sequence[Document]) -> list[Query]:
    """Many queries, as most random ones find nothing, and some that are compounds of them."""
    simple = st.one_of(*[word_queries(words_of(drawn))] * 3, value_queries(), ranges())
    leaves = draw(st.lists(simple, min_size=20, max_size=20))
    leaves.append(Query("matchall", lambda _: True))
    compound = st.recursive(
        st.sampled_from(leaves),
        lambda inner: (
            st.builds(joined, st.sampled_from(("and", "or")), st.lists(inner, min_size=1, max_size=3))
            | st.builds(negated, inner)
        ),
        max_leaves=4,
    )
    return leaves + draw(st.lists(compound, min_size=5, max_size=5))


some_text = st.lists(st.sampled_from(WRITTEN), min_size=1, max_size=6)
documents = st.fixed_dictionaries(
    {"number": st.sampled_from(NUMBERS)},
    optional={
        "many": some_text,
        "english": some_text,
        "lists": st.lists(some_text, min_size=1, max_size=3),
        "name": st.sampled_from(LITERALS),
        "names": st.lists(st.sampled_from(LITERALS), min_size=1, max_size=3),
    },
)
FIELDS = (
    field("many", "text", AnalysisScheme="_mul_default_"),
    field("english", "text"),
    field("lists", "text-array", AnalysisScheme="_mul_default_"),
    field("name", "literal"),
    field("names", "literal-array"),
    field("number", "int"),
)


def as_fields(document: Document) -> dict[str, Any]:
    written_texts = {name: " ".join(document[name]) for name in ("many", "english") if name in document}
    lists = {"lists": [" ".join(each) for each in document["lists"]]} if "lists" in document else {}
    return document | written_texts | lists


def ids_of(domain: Domain, query: str, **parameters: str) -> list[str]:
    return [hit["id"] for hit in search(domain, query, **parameters)["hits"]["hit"]]


# How long it takes to draw says more about what else the machine does.
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.lists(documents, min_size=3, max_size=6))
def test_queries_find_what_they_find_naively(data: st.DataObject, drawn: list[Document]) -> None:
    by_id = dict(zip(["a", "A", "ab", "abc", "b", "c"], drawn, strict=False))
    domain = make_domain(FIELDS, {key: as_fields(document) for key, document in by_id.items()})
    for query in data.draw(queries(drawn)):
        expected = sorted(key for key, document in by_id.items() if query.verdict(document | {"_id": key}))
        assert ids_of(domain, query.text) == expected, query
        assert ids_of(domain, "matchall", fq=query.text) == expected, query
