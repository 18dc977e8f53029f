"""Write what OpenSearch Dashboards imports: an index pattern, searches, visualizations, and a dashboard of them.

The form is that of its exports: a line of JSON for each object, with what it refers to. Objects are in the versions that
OpenSearch Dashboards itself writes, so that it changes nothing on the way in. Form and versions are those of its source,
https://github.com/opensearch-project/OpenSearch-Dashboards: ``src/core/server/saved_objects/import`` and
``migrations`` in ``src/plugins/*/server/saved_objects``.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

TARGET: Final = Path(__file__).parents[2] / "dashboards" / "trailsearch.ndjson"
INDEX_PATTERN: Final = "trailsearch-*-events-*"
"""The indices of every environment: a domain has those of one."""
TIME_FIELD: Final = "event_time"

_VERSIONS: Final = {
    "index-pattern": "7.6.0",
    "search": "7.9.3",
    "visualization": "7.10.0",
    "dashboard": "7.9.3",
}
_PATTERN_ID: Final = "trailsearch-events"
# Where an object's JSON says which index pattern it is about; the reference has this name, too.
_INDEX_REFERENCE: Final = "kibanaSavedObjectMeta.searchSourceJSON.index"
# The version of a panel's form.
_PANEL_VERSION: Final = "7.9.3"
# OpenSearch Dashboards divides a row into so many.
_WIDTH: Final = 48

SavedObject = Mapping[str, Any]


class Search(NamedTuple):
    """A saved search: a query in Lucene's syntax, and the fields that are the columns of its table."""

    id: str
    title: str
    description: str
    query: str
    columns: tuple[str, ...]


class Count(NamedTuple):
    """A visualization that counts events by the values of a field, as a table; ``None``: over time, as bars by ``split``."""

    id: str
    title: str
    field: str | None
    split: str | None = None


# Here words are OR'ed, and a name is no phrase: each query says AND and OR itself, and asks literals alone.
SEARCHES: Final = (
    Search(
        "trailsearch-denied",
        "Trailsearch: denied requests",
        "Requests that AWS has denied: who tried what, from where?",
        "error_code:(*AccessDenied* OR *Unauthorized* OR *Forbidden*)",
        ("actor", "event_source", "event_name", "source_ip_address", "error_code", "error_message"),
    ),
    Search(
        "trailsearch-sign-ins",
        "Trailsearch: sign-ins and use of the root user",
        "Sign-ins to the console, and whatever the root user has done.",
        "event_name:(ConsoleLogin OR SwitchRole) OR user_identity_type:Root",
        ("actor", "user_identity_type", "event_name", "source_ip_address", "user_agent", "error_message"),
    ),
    Search(
        "trailsearch-changes",
        "Trailsearch: changes of access and of trails",
        "What was changed in IAM, Organizations, KMS and CloudTrail: new keys and users, policies, a trail that is stopped.",
        "event_source:(iam.amazonaws.com OR organizations.amazonaws.com OR kms.amazonaws.com OR cloudtrail.amazonaws.com)"
        " AND event_name:(Add* OR Attach* OR Create* OR Deactivate* OR Delete* OR Detach* OR Disable* OR Enable* OR Put*"
        " OR Remove* OR Schedule* OR Set* OR Stop* OR Update* OR Upload*)",
        ("actor", "event_source", "event_name", "source_ip_address", "error_code", "resource_arns"),
    ),
)
COUNTS: Final = (
    Count("trailsearch-over-time", "Trailsearch: events over time", None, "event_source"),
    Count("trailsearch-actors", "Trailsearch: who", "actor"),
    Count("trailsearch-event-names", "Trailsearch: what", "event_name"),
    Count("trailsearch-addresses", "Trailsearch: from where", "source_ip_address"),
    Count("trailsearch-errors", "Trailsearch: errors", "error_code"),
)


@click.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path), default=TARGET)
def dashboards(target: Path) -> None:
    """Write what OpenSearch Dashboards imports."""
    target.write_text(to_ndjson(saved_objects()), encoding="utf-8")


def to_ndjson(objects: Sequence[SavedObject]) -> str:
    """Write saved objects as OpenSearch Dashboards exports them, but for the count at the end."""
    return "".join(f"{json.dumps(each, sort_keys=True, separators=(',', ':'))}\n" for each in objects)


def saved_objects() -> list[SavedObject]:
    """Give all objects; each comes after those that it refers to."""
    # Without a list of fields: OpenSearch Dashboards asks the domain for it.
    pattern = _saved(
        "index-pattern", _PATTERN_ID, {"title": INDEX_PATTERN, "timeFieldName": TIME_FIELD}, references=()
    )
    searches = [_search(each) for each in SEARCHES]
    counts = [_count(each) for each in COUNTS]
    return [pattern, *searches, *counts, _dashboard(counts, searches)]


def _saved(
    kind: str, object_id: str, attributes: Mapping[str, Any], references: Sequence[Mapping[str, str]]
) -> SavedObject:
    return {
        "type": kind,
        "id": object_id,
        "attributes": attributes,
        "references": list(references),
        "migrationVersion": {kind: _VERSIONS[kind]},
    }


def _about_the_pattern(query: str) -> tuple[Mapping[str, str], list[Mapping[str, str]]]:
    """Give what an object that asks the events has as its source, and the reference to them."""
    source = {"query": {"query": query, "language": "lucene"}, "filter": [], "indexRefName": _INDEX_REFERENCE}
    reference = {"name": _INDEX_REFERENCE, "type": "index-pattern", "id": _PATTERN_ID}
    return {"searchSourceJSON": json.dumps(source)}, [reference]


def _search(search: Search) -> SavedObject:
    source, references = _about_the_pattern(search.query)
    attributes = {
        "title": search.title,
        "description": search.description,
        "hits": 0,
        "columns": list(search.columns),
        "sort": [[TIME_FIELD, "desc"]],
        "version": 1,
        "kibanaSavedObjectMeta": source,
    }
    return _saved("search", search.id, attributes, references)


def _count(count: Count) -> SavedObject:
    source, references = _about_the_pattern("")
    state = {"title": count.title, **(_table_of(count.field) if count.field else _bars(count.split))}
    attributes = {
        "title": count.title,
        "description": "",
        "visState": json.dumps(state),
        "uiStateJSON": "{}",
        "version": 1,
        "kibanaSavedObjectMeta": source,
    }
    return _saved("visualization", count.id, attributes, references)


_EVENTS: Final = {
    "id": "1",
    "enabled": True,
    "type": "count",
    "schema": "metric",
    "params": {"customLabel": "Events"},
}


def _terms(number: str, schema: str, field: str, size: int, *, other: bool) -> Mapping[str, Any]:
    params = {
        "field": field,
        "orderBy": "1",
        "order": "desc",
        "size": size,
        "otherBucket": other,
        "otherBucketLabel": "Other",
        "missingBucket": False,
        "missingBucketLabel": "Missing",
    }
    return {"id": number, "enabled": True, "type": "terms", "schema": schema, "params": params}


def _table_of(field: str) -> Mapping[str, Any]:
    params = {
        "perPage": 10,
        "showPartialRows": False,
        "showMetricsAtAllLevels": False,
        "showTotal": False,
        "totalFunc": "sum",
        "percentageCol": "",
    }
    return {
        "type": "table",
        "aggs": [_EVENTS, _terms("2", "bucket", field, 50, other=False)],
        "params": params,
    }


def _bars(split: str | None) -> Mapping[str, Any]:
    time = {
        "field": TIME_FIELD,
        "useNormalizedOpenSearchInterval": True,
        "interval": "auto",
        "drop_partials": False,
        "min_doc_count": 1,
        "extended_bounds": {},
    }
    over_time = {"id": "2", "enabled": True, "type": "date_histogram", "schema": "segment", "params": time}
    by = [_terms("3", "group", split, 8, other=True)] if split else []
    series = {
        "show": True,
        "type": "histogram",
        "mode": "stacked",
        "data": {"label": "Events", "id": "1"},
        "valueAxis": "ValueAxis-1",
        "drawLinesBetweenPoints": True,
        "lineWidth": 2,
        "showCircles": True,
    }
    params = {
        "type": "histogram",
        "grid": {"categoryLines": False},
        "categoryAxes": [
            _axis("CategoryAxis-1", "category", "bottom", {"type": "linear"}, {"filter": True}, "")
        ],
        "valueAxes": [
            {"name": "LeftAxis-1"}
            | _axis(
                "ValueAxis-1",
                "value",
                "left",
                {"type": "linear", "mode": "normal"},
                {"rotate": 0, "filter": False},
                "Events",
            )
        ],
        "seriesParams": [series],
        "addTooltip": True,
        "addLegend": True,
        "legendPosition": "right",
        "times": [],
        "addTimeMarker": False,
        "labels": {"show": False},
        "thresholdLine": {"show": False, "value": 10, "width": 1, "style": "full", "color": "#E7664C"},
    }
    return {"type": "histogram", "aggs": [_EVENTS, over_time, *by], "params": params}


def _axis(
    axis_id: str, kind: str, position: str, scale: Mapping[str, str], labels: Mapping[str, Any], title: str
) -> dict[str, Any]:
    return {
        "id": axis_id,
        "type": kind,
        "position": position,
        "show": True,
        "style": {},
        "scale": scale,
        "labels": {"show": True, "truncate": 100, **labels},
        "title": {"text": title} if title else {},
    }


def _dashboard(counts: Sequence[SavedObject], searches: Sequence[SavedObject]) -> SavedObject:
    over_time, *tables = counts
    width = _WIDTH // len(tables)
    places = [(0, 0, _WIDTH, 12)]
    places += [(column * width, 12, width, 16) for column in range(len(tables))]
    places += [(0, 28 + row * 16, _WIDTH, 16) for row in range(len(searches))]
    shown = [over_time, *tables, *searches]
    panels = [
        {
            "version": _PANEL_VERSION,
            "gridData": {"x": x, "y": y, "w": w, "h": h, "i": str(number)},
            "panelIndex": str(number),
            "embeddableConfig": {},
            "panelRefName": f"panel_{number}",
        }
        for number, (x, y, w, h) in enumerate(places)
    ]
    attributes = {
        "title": "Trailsearch",
        "description": "Who did what, when, from where?",
        "hits": 0,
        "panelsJSON": json.dumps(panels),
        "optionsJSON": json.dumps({"hidePanelTitles": False, "useMargins": True}),
        "version": 1,
        "timeRestore": True,
        "timeFrom": "now-7d",
        "timeTo": "now",
        "refreshInterval": {"pause": True, "value": 0},
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": json.dumps({"query": {"query": "", "language": "lucene"}, "filter": []})
        },
    }
    references = [
        {"name": f"panel_{number}", "type": each["type"], "id": each["id"]}
        for number, each in enumerate(shown)
    ]
    return _saved("dashboard", "trailsearch", attributes, references)


if __name__ == "__main__":
    dashboards()
