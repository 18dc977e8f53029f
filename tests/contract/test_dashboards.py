"""OpenSearch Dashboards: what it would store of the file that it imports, and what it would then ask."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.contract.domain import Domain
from trailsearch.cli.dashboards import COUNTS, INDEX_PATTERN, SEARCHES, TARGET, TIME_FIELD

OBJECTS: list[dict[str, Any]] = [json.loads(line) for line in TARGET.read_text().splitlines()]
SAVED = {each["id"]: each for each in OBJECTS}

_NOT_INDEXED = {"index": False}
_SOURCE = {"properties": {"searchSourceJSON": {"type": "text", **_NOT_INDEXED}}}
# The index in which it keeps objects takes nothing but these attributes: src/plugins/*/server/saved_objects, of
# dashboards (dashboard), data (index-pattern), discover (search) and visualizations, and core's build_active_mappings, in
# https://github.com/opensearch-project/OpenSearch-Dashboards.
KEPT: Mapping[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "type": {"type": "keyword"},
        "migrationVersion": {"type": "object", "dynamic": "true"},
        "references": {
            "type": "nested",
            "properties": {name: {"type": "keyword"} for name in ("name", "type", "id")},
        },
        "index-pattern": {
            "dynamic": False,
            "properties": {"title": {"type": "text"}, "type": {"type": "keyword"}},
        },
        "search": {
            "properties": {
                "columns": {"type": "keyword"},
                "description": {"type": "text"},
                "hits": {"type": "integer"},
                "kibanaSavedObjectMeta": _SOURCE,
                "sort": {"type": "keyword"},
                "title": {"type": "text"},
                "version": {"type": "integer"},
            }
        },
        "visualization": {
            "properties": {
                "description": {"type": "text"},
                "kibanaSavedObjectMeta": _SOURCE,
                "savedSearchRefName": {"type": "keyword"},
                "title": {"type": "text"},
                "uiStateJSON": {"type": "text", **_NOT_INDEXED},
                "version": {"type": "integer"},
                "visState": {"type": "text", **_NOT_INDEXED},
            }
        },
        "dashboard": {
            "properties": {
                "description": {"type": "text"},
                "hits": {"type": "integer"},
                "kibanaSavedObjectMeta": _SOURCE,
                "optionsJSON": {"type": "text", **_NOT_INDEXED},
                "panelsJSON": {"type": "text", **_NOT_INDEXED},
                "refreshInterval": {
                    "properties": {
                        "display": {"type": "keyword"},
                        "pause": {"type": "boolean"},
                        "section": {"type": "integer"},
                        "value": {"type": "integer"},
                    }
                },
                "timeFrom": {"type": "keyword"},
                "timeRestore": {"type": "boolean"},
                "timeTo": {"type": "keyword"},
                "title": {"type": "text"},
                "version": {"type": "integer"},
            }
        },
    },
}


@pytest.fixture
def kept(engine_domain: Domain) -> Iterator[str]:
    """An index such as it keeps objects in."""
    index = f"{engine_domain.name}-dashboards"
    assert engine_domain.ask_engine("PUT", f"/{index}", {"mappings": KEPT}).status == 200
    yield index
    assert engine_domain.ask_engine("DELETE", f"/{index}").status == 200


def test_every_object_has_attributes_that_it_keeps_and_no_others(engine_domain: Domain, kept: str) -> None:
    for saved in OBJECTS:
        document = {name: saved[name] for name in ("type", "references", "migrationVersion")}
        document[saved["type"]] = saved["attributes"]
        path = f"/{kept}/_doc/{saved['type']}:{saved['id']}"
        stored = engine_domain.ask_engine("PUT", path, document)
        assert stored.status == 201, stored
    refused = engine_domain.ask_engine("PUT", f"/{kept}/_doc/x", {"search": {"other": 1}})
    assert refused.status == 400


def source_of(object_id: str) -> Any:
    return json.loads(SAVED[object_id]["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])


def asked(query: str) -> dict[str, Any]:
    """The query of OpenSearch Dashboards for a text in Lucene's syntax, and a range of time."""
    text = (
        {"query_string": {"query": query, "analyze_wildcard": True, "time_zone": "UTC"}}
        if query
        else {"match_all": {}}
    )
    time = {
        "range": {
            TIME_FIELD: {
                "gte": "2000-01-01T00:00:00.000Z",
                "lte": "2100-01-01T00:00:00.000Z",
                "format": "strict_date_optional_time",
            }
        }
    }
    return {"bool": {"must": [], "filter": [text, time], "should": [], "must_not": []}}


def ask_dashboards(domain: Domain, body: Mapping[str, Any]) -> Any:
    """Ask the domain's indices of the pattern, past the edge, as OpenSearch Dashboards beside the nodes does.

    The engine has those of other tests, too, which the pattern fits as well.
    """
    indices = f"{domain.name}-events-*"
    assert fnmatchcase(indices, INDEX_PATTERN)
    answer = domain.ask_engine("POST", f"/{indices}/_search", body)
    assert answer.status == 200, answer
    assert answer.content["_shards"]["failed"] == 0
    return answer.content


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search.id)
def test_a_search_finds_some_events_and_not_all_of_them(local: Domain, search: Any) -> None:
    source = source_of(search.id)
    assert source["query"]["language"] == "lucene"
    body = {
        "version": True,
        "size": 500,
        "sort": [
            {field: {"order": order, "unmapped_type": "boolean"}}
            for field, order in SAVED[search.id]["attributes"]["sort"]
        ],
        "aggs": {
            "over_time": {
                "date_histogram": {
                    "field": TIME_FIELD,
                    "fixed_interval": "3h",
                    "time_zone": "UTC",
                    "min_doc_count": 1,
                }
            }
        },
        "stored_fields": ["*"],
        "script_fields": {},
        "docvalue_fields": [{"field": TIME_FIELD, "format": "date_time"}],
        "_source": {"excludes": []},
        "query": asked(source["query"]["query"]),
        "track_total_hits": True,
    }
    found = ask_dashboards(local, body)
    everything = ask_dashboards(local, {"query": asked(""), "size": 0, "track_total_hits": True})
    assert 0 < found["hits"]["total"]["value"] < everything["hits"]["total"]["value"]
    assert (
        sum(bucket["doc_count"] for bucket in found["aggregations"]["over_time"]["buckets"])
        == found["hits"]["total"]["value"]
    )
    times = [hit["sort"] for hit in found["hits"]["hits"]]
    assert times == sorted(times, reverse=True)
    shown = {name for hit in found["hits"]["hits"] for name in hit["_source"]}
    # The others are of failed requests, or of some services.
    assert set(search.columns[:4]) <= shown


@pytest.mark.parametrize("count", COUNTS, ids=lambda count: count.id)
def test_a_count_has_values(local: Domain, count: Any) -> None:
    state = json.loads(SAVED[count.id]["attributes"]["visState"])
    aggregations: dict[str, Any] = {}
    # The last one is the innermost.
    for each in reversed(state["aggs"][1:]):
        parameters = each["params"]
        if each["type"] == "terms":
            of = {
                "field": parameters["field"],
                "size": parameters["size"],
                "order": {"_count": parameters["order"]},
            }
        else:
            of = {
                "field": parameters["field"],
                "fixed_interval": "3h",
                "time_zone": "UTC",
                "min_doc_count": 1,
            }
        aggregations = {each["id"]: {each["type"]: of, **({"aggs": aggregations} if aggregations else {})}}
    answer = ask_dashboards(
        local, {"size": 0, "aggs": aggregations, "query": asked(source_of(count.id)["query"]["query"])}
    )
    buckets = answer["aggregations"]["2"]["buckets"]
    assert buckets
    assert all("3" not in bucket or bucket["3"]["buckets"] for bucket in buckets)


def test_the_domain_tells_the_fields_of_the_pattern(local: Domain) -> None:
    """OpenSearch Dashboards asks for them when somebody opens what was imported."""
    answer = local.ask_engine(
        "GET", f"/{INDEX_PATTERN}/_field_caps?fields=*&ignore_unavailable=true&allow_no_indices=false"
    )
    assert answer.status == 200
    fields = answer.content["fields"]
    assert set(fields[TIME_FIELD]) == {"date"}
    for count in COUNTS:
        (capabilities,) = fields[count.field or count.split or ""].values()
        assert capabilities["aggregatable"] is True
