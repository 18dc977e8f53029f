"""A view that is saved is a question of the page and of the terminal."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.unit.page.conftest import ADDRESS
from trailsearch.cli.ask import all_questions
from trailsearch.page.saved import Saved, save
from trailsearch.page.views import ViewRefused
from trailsearch.questions import QuestionUnreadable, load, read_folder
from trailsearch.search.queries import Begins, Filter, Is, Syntax

JSON = {"Content-Type": "application/json", "Origin": ADDRESS}
VIEW: dict[str, Any] = {
    "q": "kali",
    "syntax": "simple",
    "since": "-24h",
    "sort": "event_time asc",
    "filter": [
        {"fields": ["event_name"], "is": "begins", "values": ["Delete"], "not": False},
        {"fields": ["actor"], "is": "is", "values": ["al*"], "not": True},
    ],
    "phrase": ["not authorized"],
    "columns": ["event_time", "actor", "nothing"],
    "facets": ["actor", "raw"],
}


def test_a_saved_view_is_a_question_from_then_on(page: TestClient, own_questions: Path) -> None:
    body = {"name": "who-did-it", "title": "Who did it?", "view": VIEW}
    answer = page.post("/api/questions", json=body, headers=JSON)
    assert answer.json() == {"file": str(own_questions / "who-did-it.toml")}
    saved = all_questions()["who-did-it"]
    assert saved.title == "Who did it?"
    query = saved.query()
    assert (query.text, query.syntax, query.sort) == ("kali", Syntax.SIMPLE, "event_time asc")
    assert query.filters == (
        Filter(("event_name",), (Begins("Delete"),)),
        Filter(("actor",), (Is("al*"),), negated=True),
    )
    assert (query.phrases, saved.columns, saved.facets) == (
        ("not authorized",),
        ("event_time", "actor"),
        ("actor",),
    )
    listed = page.get("/api/questions").json()
    assert len(listed) == len(load()) + 1
    assert page.get("/api/questions/who-did-it").json()["title"] == "Who did it?"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("../x", "T"),
        ("a/b", "T"),
        ("A", "T"),
        ("", "T"),
        ("-a", "T"),
        ("a" * 61, "T"),
        ("ok", ""),
        ("ok", "two\nlines"),
        ("ok", "x" * 201),
        ("who-deleted", "T"),
    ],
)
def test_what_is_no_name_or_title_or_is_there_is_refused(tmp_path: Path, name: str, title: str) -> None:
    with pytest.raises(ViewRefused):
        save(Saved(name, title, VIEW), load(), tmp_path)
    assert not [*tmp_path.iterdir()]


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    save(Saved("mine", "Mine?", VIEW), {}, tmp_path)
    with pytest.raises(ViewRefused, match="already"):
        save(Saved("mine", "Another?", VIEW), {}, tmp_path)


@given(st.text(max_size=50))
def test_whatever_is_searched_for_can_be_saved_and_read(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        said = {"q": text, "filter": [{"fields": ["actor"], "values": [text or "a"]}]}
        try:
            save(Saved("mine", "Mine?", said), {}, Path(folder))
        except ViewRefused:
            return
        read = read_folder(Path(folder))["mine"].query()
        assert read.filters == (Filter(("actor",), (Is(text or "a"),)),)
        assert read.text == (text or "matchall")


def test_a_file_that_is_no_question_is_named(tmp_path: Path, own_questions: Path) -> None:
    own_questions.mkdir(parents=True)
    (own_questions / "bad.toml").write_text("title = 1", encoding="utf-8")
    with pytest.raises(QuestionUnreadable, match=r"bad\.toml"):
        read_folder(own_questions)
