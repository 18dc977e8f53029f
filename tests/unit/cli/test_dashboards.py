"""What OpenSearch Dashboards imports, held to what it takes and to what an index has."""

import json
import re
from collections import Counter
from fnmatch import fnmatchcase
from typing import Any

import pytest
from click.testing import CliRunner

from trailsearch.cli.dashboards import (
    COUNTS,
    INDEX_PATTERN,
    SEARCHES,
    TARGET,
    TIME_FIELD,
    dashboards,
    saved_objects,
)
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search.opensearch.batches import index_name

OBJECTS: dict[str, Any] = {each["id"]: each for each in saved_objects()}


def inner(saved: Any) -> list[Any]:
    """The JSON within an object's JSON."""
    attributes = saved["attributes"]
    texts = [
        attributes[name]
        for name in ("panelsJSON", "optionsJSON", "visState", "uiStateJSON")
        if name in attributes
    ]
    texts += attributes.get("kibanaSavedObjectMeta", {}).values()
    return [json.loads(text) for text in texts]


def test_the_file_is_written_by_the_command(tmp_path: Any) -> None:
    target = tmp_path / "written.ndjson"
    result = CliRunner().invoke(dashboards, [str(target)], catch_exceptions=False)
    assert result.exit_code == 0
    assert TARGET.read_text() == target.read_text(), "make dashboards writes it anew"


def test_it_has_an_index_pattern_a_dashboard_and_three_searches() -> None:
    lines = [json.loads(line) for line in TARGET.read_text().splitlines()]
    kinds = Counter(line["type"] for line in lines)
    assert kinds == {"index-pattern": 1, "search": 3, "visualization": len(COUNTS), "dashboard": 1}


def test_no_id_is_there_twice() -> None:
    assert len(OBJECTS) == len(saved_objects())


@pytest.mark.parametrize("saved", OBJECTS.values(), ids=list(OBJECTS))
def test_an_object_refers_to_objects_that_come_before_it_and_to_each_by_a_name_that_it_uses(
    saved: Any,
) -> None:
    before = list(OBJECTS)[: list(OBJECTS).index(saved["id"])]
    for reference in saved["references"]:
        assert reference["id"] in before
        assert OBJECTS[reference["id"]]["type"] == reference["type"]
    used = re.findall(r'"(?:indexRefName|panelRefName)": ?"([^"]+)"', json.dumps(inner(saved)))
    assert sorted(used) == sorted(reference["name"] for reference in saved["references"])


@pytest.mark.parametrize("prefix", ["trailsearch-dev", "trailsearch-my-own-prod"])
def test_the_pattern_is_that_of_all_indices_of_any_environment_sorted_by_their_time(prefix: str) -> None:
    assert all(fnmatchcase(index_name(prefix, month), INDEX_PATTERN) for month in ("2026.11", "undated"))
    assert SCHEMA[TIME_FIELD].kind is FieldKind.TIME


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search.id)
def test_a_search_is_about_fields_of_events_and_shows_some(search: Any) -> None:
    asked = re.findall(r"(\w+):", search.query)
    assert asked
    assert {*asked, *search.columns} <= SCHEMA.keys()
    # A text would be asked for any of its words, and by parts of names.
    assert {SCHEMA[name].kind for name in asked} == {FieldKind.LITERAL}


@pytest.mark.parametrize("count", COUNTS, ids=lambda count: count.id)
def test_only_facets_are_counted(count: Any) -> None:
    field = count.field or count.split
    assert SCHEMA[field].facet
    assert json.dumps({"field": field})[1:-1] in OBJECTS[count.id]["attributes"]["visState"]


def test_the_dashboard_shows_every_search_and_count_beside_each_other() -> None:
    dashboard = OBJECTS["trailsearch"]
    assert [each["id"] for each in dashboard["references"]] == [each.id for each in (*COUNTS, *SEARCHES)]
    panels = json.loads(dashboard["attributes"]["panelsJSON"])
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridData"]
        cells = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert max(x for x, _ in cells) < 48, "a row has 48 columns"
        assert not cells & taken
        taken |= cells
