"""OpenSearch: what the product relies on, of the engine in memory and of a real node.

An answer is compared by what the product reads of it: the status, the type of an error, the words of its reason.
"""

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.domain import Domain, bulk_body
from tests.contract.events import EVENT, store_events
from tests.local_cloud.services.opensearch.differences import DIFFERENCES
from trailsearch.search.opensearch.template import VERSION, index_template

GZIP = {"Content-Encoding": "gzip"}
MIB = 1024 * 1024


def kind(item: Mapping[str, Any]) -> tuple[int, str]:
    """The status of an item, and the type of its error."""
    return item["status"], item.get("error", {}).get("type", "")


def ids(domain: Domain, query: Mapping[str, Any]) -> list[str]:
    """What a query finds, by id, in their order."""
    answer = domain.search({"query": query, "sort": ["event_id"], "size": 100})
    assert answer.status == 200, answer
    return [hit["_id"] for hit in answer.content["hits"]["hits"]]


def query_string(text: str) -> dict[str, Any]:
    return {"query_string": {"query": text, "default_operator": "AND", "type": "phrase"}}


@contextmanager
def cluster_setting(domain: Domain, name: str, value: object) -> Iterator[None]:
    """Set it for the `with` block, in the way that works whatever it is."""
    assert domain.ask_engine("PUT", "/_cluster/settings", {"persistent": {name: value}}).status == 200
    try:
        yield
    finally:
        assert domain.ask_engine("PUT", "/_cluster/settings", {"persistent": {name: None}}).status == 200


@contextmanager
def index_setting(domain: Domain, name: str) -> Iterator[None]:
    path = f"/{domain.index()}/_settings"
    assert domain.ask_engine("PUT", path, {name: True}).status == 200
    try:
        yield
    finally:
        assert domain.ask_engine("PUT", path, {name: None}).status == 200


# ── The template ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_template_is_taken_as_it_stands(domain: Domain) -> None:
    answer = domain.ask("GET", f"/_index_template/{domain.name}-events")
    (found,) = answer.content["index_templates"]
    asked = index_template(domain.name, shards=1, replicas=0)
    assert found["index_template"]["version"] == asked["version"]
    assert found["index_template"]["template"]["mappings"] == asked["template"]["mappings"]
    analysis = found["index_template"]["template"]["settings"]["index"]["analysis"]
    assert analysis == asked["template"]["settings"]["index"]["analysis"]


def test_a_template_that_is_not_there_is_not_found(domain: Domain) -> None:
    assert domain.ask("GET", f"/_index_template/{domain.name}-other").status == 404


def test_an_index_is_made_by_the_template(domain: Domain) -> None:
    domain.store([("e", EVENT)])
    mapping = domain.ask("GET", f"/{domain.index()}/_mapping", query={"filter_path": "*.mappings._meta"})
    assert mapping == (200, {domain.index(): {"mappings": {"_meta": {"trailsearch": VERSION}}}})
    settings = domain.ask("GET", f"/{domain.index()}/_settings").content[domain.index()]["settings"]["index"]
    assert settings["sort"] == {"field": "event_time", "order": "desc"}
    assert settings["query"] == {"default_field": ["raw"]}
    assert settings["codec"] == "best_compression"
    assert domain.ask("GET", f"/{domain.name}-events/_count").content["count"] == 1


def test_a_mapping_takes_new_fields_and_refuses_other_types(domain: Domain) -> None:
    domain.store([("e", EVENT)])
    path = f"/{domain.index()}/_mapping"
    assert domain.ask("PUT", path, {"properties": {"new": {"type": "keyword"}}}).status == 200
    refused = domain.ask("PUT", path, {"properties": {"event_name": {"type": "text"}}})
    assert (refused.status, refused.content["error"]["type"]) == (400, "illegal_argument_exception")


def test_an_index_that_the_template_did_not_make_has_no_mark_and_refuses_good_documents(
    domain: Domain,
) -> None:
    domain.ask("DELETE", f"/_index_template/{domain.name}-events")
    domain.store([("e", EVENT)])
    (item,) = domain.store([("f", EVENT | {"event_time": "yesterday"})])
    assert kind(item) == (400, "mapper_parsing_exception")
    mapping = domain.ask("GET", f"/{domain.index()}/_mapping").content[domain.index()]["mappings"]
    assert "_meta" not in mapping
    domain.ask(
        "PUT", f"/_index_template/{domain.name}-events", index_template(domain.name, shards=1, replicas=0)
    )


def test_the_codec_zstd_is_not_known(domain: Domain) -> None:
    template = index_template(domain.name, shards=1, replicas=0)
    template["template"]["settings"]["index"]["codec"] = "zstd"
    refused = domain.ask("PUT", f"/_index_template/{domain.name}-events", template)
    assert refused.status == 400
    assert "unknown value for [index.codec]" in refused.content["error"]["reason"]


def test_difference_in_a_template_without_its_analyzer(domain: Domain) -> None:
    template = index_template(domain.name, shards=1, replicas=0)
    del template["template"]["settings"]["index"]["analysis"]
    put = domain.ask("PUT", f"/_index_template/{domain.name}-events", template)
    assert put.status == DIFFERENCES["a template without its analyzer"].of(domain.engine)


# ── Documents ──────────────────────────────────────────────────────────────────────────────────────────────

STORED: dict[str, Mapping[str, Any] | bytes] = {
    "a malformed date": EVENT | {"event_time": "yesterday"},
    "the year 10000": EVENT | {"event_time": "10000-01-01T00:00:00Z"},
    "no date": {name: value for name, value in EVENT.items() if name != "event_time"},
    "an object as date": EVENT | {"event_time": {"a": 1}},
    "null": EVENT | {"event_time": None, "event_name": None, "raw": None},
    "a keyword of 40,000 bytes": EVENT | {"event_name": "x" * 40_000},
    "8,191 characters of 4 bytes": EVENT | {"event_name": "\U0001f600" * 8191},
    "a number in a keyword": EVENT | {"event_name": 5},
    "a truth value in a keyword": EVENT | {"event_name": True},
    "several values of a keyword": EVENT | {"event_name": ["a", None, "b"]},
    "unknown fields": EVENT | {"other": {"a": [1, {"b": "c"}]}},
    "a DNS name as address": EVENT | {"source_ip_address": "cloudtrail.amazonaws.com"},
    "an address of version 6": EVENT | {"source_ip_address": "2001:db8::1"},
    "empty texts": EVENT | {"event_time": "", "event_name": "", "source_ip_address": "", "raw": ""},
    "a word of 100 kB": EVENT | {"raw": "y" * 100_000},
    "100,000 brackets": EVENT | {"raw": "[" * 100_000},
    "U+0000": EVENT | {"raw": "a\0b", "event_name": "a\0b"},
    "U+2028": EVENT | {"raw": "a\u2028b"},
    "lone surrogates": EVENT | {"raw": "a\ud800b", "event_name": "\udc00"},
    "nothing": {},
}
REFUSED: dict[str, Mapping[str, Any] | bytes] = {
    "an object in a keyword": EVENT | {"event_name": {"a": 1}},
    "an object in a text": EVENT | {"raw": {"a": 1}},
    "a doubled key": b'{"event_name":"a","event_name":"b"}',
    "a doubled unknown key": b'{"other":"a","other":"b"}',
    "an unescaped control character": b'{"event_name":"a\x01"}',
    "an unescaped tab": b'{"event_name":"a\tb"}',
    "an array": b"[1]",
    "a number": b"5",
    "half a document": b'{"event_name":',
}


@pytest.mark.parametrize("name", STORED)
def test_a_document_is_stored_verbatim(domain: Domain, name: str) -> None:
    (item,) = domain.store([(name, STORED[name])])
    assert kind(item) == (201, "")
    found = domain.ask("GET", f"/{domain.index()}/_search", {"query": {"ids": {"values": [name]}}})
    (hit,) = found.content["hits"]["hits"]
    assert hit["_source"] == STORED[name]


@pytest.mark.parametrize("name", REFUSED)
def test_a_document_is_refused_alone(domain: Domain, name: str) -> None:
    items = domain.store([("before", EVENT), (name, REFUSED[name]), ("after", EVENT)])
    assert [kind(item) for item in items] == [(201, ""), (400, "mapper_parsing_exception"), (201, "")]
    assert items[1]["error"]["reason"].startswith("failed to parse")


def test_an_empty_id_is_refused_alone(domain: Domain) -> None:
    items = domain.store([("", EVENT), ("after", EVENT)])
    assert [kind(item) for item in items] == [(400, "illegal_argument_exception"), (201, "")]
    assert items[0]["error"]["reason"] == "if _id is specified it must not be empty"


def test_a_wrong_index_name_is_refused_alone(domain: Domain) -> None:
    answer = domain.bulk(bulk_body("Upper", [("e", EVENT)]) + bulk_body(domain.index(), [("e", EVENT)]))
    items = [kind(item["index"]) for item in answer.content["items"]]
    assert items == [(400, "invalid_index_name_exception"), (201, "")]


def test_a_document_that_is_sent_again_replaces_itself(domain: Domain) -> None:
    assert [kind(item) for item in domain.store([("e", EVENT)])] == [(201, "")]
    assert [kind(item) for item in domain.store([("e", EVENT | {"event_name": "New"})])] == [(200, "")]
    assert domain.ask("GET", f"/{domain.name}-events-*/_count").content["count"] == 1
    assert ids(domain, query_string("event_name:New")) == ["e"]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("a document with invalid UTF-8", b'{"event_name":"a\xff"}'),
        ("a document with arrays 21 deep", b'{"other":' + b"[" * 21 + b"]" * 21 + b"}"),
    ],
)
def test_difference_in_a_document(domain: Domain, name: str, document: bytes) -> None:
    (item,) = domain.store([("e", document)])
    assert item["status"] == DIFFERENCES[name].of(domain.engine)


def test_difference_in_a_document_before_the_refresh(domain: Domain) -> None:
    domain.store([("e", EVENT)])
    domain.bulk(bulk_body(domain.index(), [("f", EVENT)]))
    found = domain.ask("GET", f"/{domain.index()}/_search", {"query": {"ids": {"values": ["f"]}}})
    expected = DIFFERENCES["a document before the refresh"].of(domain.engine)
    assert found.content["hits"]["total"]["value"] == expected


# ── Bulk requests ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_write_block_refuses_items(domain: Domain) -> None:
    domain.store([("e", EVENT)])
    with index_setting(domain, "index.blocks.write"):
        (item,) = domain.store([("f", EVENT)])
    assert kind(item) == (403, "cluster_block_exception")
    assert "FORBIDDEN/8/index write" in item["error"]["reason"]


def test_the_flood_stage_of_the_disk_asks_for_fewer_writes(domain: Domain) -> None:
    domain.store([("e", EVENT)])
    with index_setting(domain, "index.blocks.read_only_allow_delete"):
        (item,) = domain.store([("f", EVENT)])
    assert kind(item) == (429, "cluster_block_exception")
    assert "TOO_MANY_REQUESTS/12" in item["error"]["reason"]


def test_a_blocked_index_does_not_hinder_others(domain: Domain) -> None:
    domain.store([("e", EVENT)])
    both = bulk_body(domain.index(), [("f", EVENT)]) + bulk_body(domain.index("2026.12"), [("g", EVENT)])
    with index_setting(domain, "index.blocks.write"):
        items = domain.bulk(both).content["items"]
    assert [item["index"]["status"] for item in items] == [403, 201]


def test_a_closed_index_takes_nothing(domain: Domain) -> None:
    domain.store([("e", EVENT)])
    assert domain.ask_engine("POST", f"/{domain.index()}/_close").status == 200
    answer = domain.bulk(bulk_body(domain.index(), [("f", EVENT)]))
    assert kind(answer.content["items"][0]["index"]) == (400, "index_closed_exception")
    assert domain.ask_engine("POST", f"/{domain.index()}/_open").status == 200


def test_a_read_only_cluster_says_so(domain: Domain) -> None:
    domain.store([("e", EVENT)])
    with cluster_setting(domain, "cluster.blocks.read_only", value=True):
        answer = domain.bulk(bulk_body(domain.index(), [("f", EVENT)]))
    assert answer.status == DIFFERENCES["a bulk request while the cluster is read-only"].of(domain.engine)
    error = answer.content["error"] if answer.status == 403 else answer.content["items"][0]["index"]["error"]
    assert error["type"] == "cluster_block_exception"
    assert "FORBIDDEN/6/cluster read-only" in error["reason"]


def test_difference_in_the_shard_limit(domain: Domain) -> None:
    domain.store([("e", EVENT)])
    with cluster_setting(domain, "cluster.max_shards_per_node", value=1):
        (item,) = domain.store([("f", EVENT)], month="2026.12")
    assert item["status"] == DIFFERENCES["an index beyond the shard limit"].of(domain.engine)
    if "error" in item:
        assert item["error"]["type"] == "validation_exception"
        assert "this action would add [1] total" in item["error"]["reason"]


def test_difference_in_automatic_creation(domain: Domain) -> None:
    with cluster_setting(domain, "action.auto_create_index", value="false"):
        answer = domain.bulk(bulk_body(domain.index(), [("e", EVENT)]))
    item = answer.content["items"][0]["index"]
    assert item["status"] == DIFFERENCES["an index that is not made by itself"].of(domain.engine)
    assert item.get("error", {"type": "index_not_found_exception"})["type"] == "index_not_found_exception"


def test_difference_in_the_circuit_breaker(domain: Domain) -> None:
    body = bulk_body(domain.index(), [(str(number), EVENT) for number in range(100)])
    with cluster_setting(domain, "network.breaker.inflight_requests.limit", value="1kb"):
        answer = domain.bulk(body)
    assert answer.status == DIFFERENCES["a bulk request beyond the circuit breaker"].of(domain.engine)
    if answer.status == 429:
        assert answer.content["error"]["type"] == "circuit_breaking_exception"


def test_difference_in_the_block_api(domain: Domain) -> None:
    domain.store([("e", EVENT)])
    answer = domain.ask_engine("PUT", f"/{domain.index()}/_block/write")
    assert answer.status == DIFFERENCES["the block API"].of(domain.engine)


WHOLE_REFUSED = {
    "a malformed action line": b'{"index":{"_index":"i"\n{}\n',
    "no action line": b"garbage\n{}\n",
    "an unknown action": b'{"put":{"_index":"i","_id":"1"}}\n{}\n',
    "no final newline": b'{"index":{"_index":"i","_id":"1"}}\n{}',
    "an id over 512 bytes": bulk_body("i", [("x" * 513, {})]),
    "no body": b"",
}


@pytest.mark.parametrize("name", WHOLE_REFUSED)
def test_a_wrong_bulk_request_is_refused_whole(domain: Domain, name: str) -> None:
    good = bulk_body(domain.index(), [("good", EVENT)]) if name != "no body" else b""
    answer = domain.bulk(good + WHOLE_REFUSED[name])
    assert answer.status == 400
    assert answer.content["error"]["reason"]
    assert domain.ask("GET", f"/{domain.index()}/_doc/good").status == 404


def test_a_gzip_body_is_unpacked(domain: Domain) -> None:
    answer = domain.bulk(gzip.compress(bulk_body(domain.index(), [("e", EVENT)]), 1), GZIP)
    assert answer.content == {"errors": False, "items": [{"index": {"status": 201}}]}


def test_a_body_that_is_not_gzip_gets_no_answer_of_the_engine(domain: Domain) -> None:
    assert domain.bulk(bulk_body(domain.index(), [("e", EVENT)]), GZIP).status == 502


@pytest.mark.parametrize("position", [-8, -4])
def test_a_gzip_body_with_a_wrong_checksum_gets_no_answer_of_the_engine(
    domain: Domain, position: int
) -> None:
    packed = bytearray(gzip.compress(bulk_body(domain.index(), [("e", EVENT)]), 1))
    packed[position] ^= 0xFF
    assert domain.bulk(bytes(packed), GZIP).status == 502


def test_a_truncated_gzip_body_is_taken_for_a_whole_one(domain: Domain) -> None:
    packed = gzip.compress(bulk_body(domain.index(), [(f"{number:04}", EVENT) for number in range(500)]), 1)
    answer = domain.bulk(packed[: len(packed) // 2], GZIP)
    assert answer.status == 400
    assert "must be terminated by a newline" in answer.content["error"]["reason"]


def test_a_gzip_body_truncated_after_a_line_is_stored_as_far_as_it_goes(domain: Domain) -> None:
    packed = gzip.compress(bulk_body(domain.index(), [("e", EVENT)]), 1)
    assert domain.bulk(packed[:-8], GZIP).content == {"errors": False, "items": [{"index": {"status": 201}}]}


def test_a_body_over_the_limit_is_too_large(domain: Domain) -> None:
    body = bulk_body(domain.index(), [("e", EVENT | {"raw": "x" * (10 * MIB)})])
    assert domain.bulk(body) == (413, {"Message": f"Request size exceeded {10 * MIB} bytes"})


def test_a_gzip_body_is_too_large_by_its_unpacked_size(domain: Domain) -> None:
    body = bulk_body(domain.index(), [("e", EVENT | {"raw": "x" * (10 * MIB)})])
    assert domain.bulk(gzip.compress(body, 1), GZIP) == (413, b"")


# ── Queries ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("*:*", "abcd"),
        ("", ""),
        ("amazonaws", "abc"),
        ("AMAZONAWS", "abc"),
        ("s3.amazonaws.com", "ab"),
        ("raw:sqs.amazonaws.com", "c"),
        ("amazonaws com", "abc"),
        ('"amazonaws com"', "abc"),
        ('"com amazonaws"', ""),
        ("alice.smith_x", "a"),
        ("alice", "a"),
        ("smith", "a"),
        ('"arn:aws:iam::123456789012:user/alice.smith_x"', "a"),
        (r"arn\:aws\:iam", "a"),
        (r"assumed-role\/bob", "b"),
        ("curl", "a"),
        ("ncurl", ""),
        ("b", "a"),
        ("u003db", ""),
        ('"say hi"', "a"),
        ("naïve", "c"),
        ("日本語", "c"),
        ("raw:al*", "a"),
        ("raw:*lic*", "a"),
        ("raw:*LIC*", "a"),
        ("*ob", "b"),
        ("raw:alicee~1", "a"),
        ('"arn iam"~2', "a"),
        ("event_name:PutObject", "a"),
        ("event_name:putobject", "d"),
        ("event_name:Put*", "a"),
        ("event_name:*Object", "ab"),
        ("event_name:Put?bject", "a"),
        ("event_name:/Put.*/", "a"),
        ("event_name:(PutObject OR GetObject)", "ab"),
        ("event_name:[P TO Q]", "a"),
        ("NOT event_name:PutObject", "bcd"),
        ("+amazonaws -bob", "ac"),
        ("event_source:s3.amazonaws.com AND bob", "b"),
        ("alice OR bob", "ab"),
        ("resource_arns:queue", "c"),
        ("resource_arns:(bucket AND key)", "ab"),
        ("request_id:r2", "b"),
        ("event_time:[2026-11-03 TO 2026-11-04]", "ab"),
        ("event_time:[2026-11-03T00:00:00Z TO 2026-11-04T00:00:00Z}", "a"),
        ("event_time:>=2026-12-01", "c"),
        ("NOT _exists_:event_time", "d"),
        ("_exists_:error_message", "ac"),
        ("source_ip_address.ip:[10.0.1.0 TO 10.0.1.255]", "a"),
        ('source_ip_address.ip:"10.0.0.0/16"', "ab"),
        (r"source_ip_address.ip:10.0.2.0\/24", "b"),
        ("source_ip_address:10.0.1*", "a"),
        ("source_ip_address:sqs.amazonaws.com", "c"),
        ("user_agent:python", "ab"),
        ('user_agent_exact:"aws-cli/2.1.0 Python/3.11"', "ab"),
        ("user_agent_exact:aws-cli*", "ab"),
        ("error_message:denied", "ac"),
        ('error_message:"access denied"', "a"),
        ("unknown:x", ""),
    ],
)
def test_query_string_finds(searched: Domain, text: str, found: str) -> None:
    assert ids(searched, query_string(text)) == list(found)


@pytest.mark.parametrize("text", ["a:b:c", "http:/evil", "(open", "raw:", "user/alice", "arn:aws:iam"])
def test_query_string_says_what_it_cannot_read(searched: Domain, text: str) -> None:
    answer = searched.search({"query": query_string(text)})
    (cause, *_) = answer.content["error"]["root_cause"]
    assert (answer.status, cause["reason"]) == (400, f"Failed to parse query [{text}]")


@pytest.mark.parametrize(
    ("text", "found"),
    [("curl | bob", "ab"), ('"say hi"', "a"), ("amaz* -bob", "ac"), ("alice bob", ""), ("(", "")],
)
def test_simple_query_string_finds(searched: Domain, text: str, found: str) -> None:
    query = {"simple_query_string": {"query": text, "fields": ["raw"], "default_operator": "and"}}
    assert ids(searched, query) == list(found)


def test_words_are_or_d_without_the_type_phrase(searched: Domain) -> None:
    assert ids(searched, {"query_string": {"query": "raw:s3.amazonaws.com"}}) == ["a", "b", "c"]


def test_a_word_that_was_split_is_found_by_its_field_and_by_the_default_field_together(
    searched: Domain,
) -> None:
    assert ids(searched, query_string("event_name:PutObject s3.amazonaws.com")) == ["a"]


def test_difference_in_an_id_in_query_string(searched: Domain) -> None:
    found = ids(searched, query_string("_id:a"))
    assert len(found) == DIFFERENCES["an _id in query_string"].of(searched.engine)
    assert ids(searched, {"ids": {"values": ["a"]}}) == ["a"]


def test_it_counts_over_all_months(searched: Domain) -> None:
    answer = searched.ask("POST", f"/{searched.name}-events-*/_count", {"query": query_string("amazonaws")})
    assert (answer.status, answer.content["count"]) == (200, 3)
    found = searched.search({"size": 0, "track_total_hits": True}).content["hits"]["total"]
    assert found == {"value": 4, "relation": "eq"}


def test_no_month_is_no_error_and_no_index_is(domain: Domain) -> None:
    assert domain.search({}).content["hits"]["total"]["value"] == 0
    assert domain.ask("GET", f"/{domain.name}-events/_search").status == 404


NEWEST_FIRST = [{"event_time": "desc"}, {"event_id": "asc"}]


def test_it_sorts_by_time_and_puts_documents_without_one_last(searched: Domain) -> None:
    for order, expected in (("desc", "cbad"), ("asc", "abcd")):
        answer = searched.search({"sort": [{"event_time": order}, {"event_id": "asc"}]})
        assert [hit["_id"] for hit in answer.content["hits"]["hits"]] == list(expected)


def test_search_after_goes_through_all_of_them(searched: Domain) -> None:
    found: list[str] = []
    after: dict[str, Any] = {}
    while True:
        answer = searched.search({"size": 1, "sort": NEWEST_FIRST, **after})
        if not (hits := answer.content["hits"]["hits"]):
            break
        found.append(hits[0]["_id"])
        after = {"search_after": hits[0]["sort"]}
    assert found == list("cbad")


def test_more_than_10000_at_once_are_refused(searched: Domain) -> None:
    for body in ({"size": 10_001}, {"from": 10_000, "size": 1}):
        answer = searched.search(body)
        assert answer.status == 400
        assert "Result window is too large" in answer.content["error"]["root_cause"][0]["reason"]


def test_it_gives_the_fields_that_are_asked_for(searched: Domain) -> None:
    answer = searched.search({"query": {"ids": {"values": ["b"]}}, "_source": ["event_name", "unknown"]})
    assert answer.content["hits"]["hits"][0]["_source"] == {"event_name": "GetObject"}


def test_it_counts_the_values_of_fields(searched: Domain) -> None:
    answer = searched.search(
        {
            "size": 0,
            "aggs": {
                name: {"terms": {"field": name, "size": 2, "shard_size": 1000}}
                for name in ("event_source", "resource_arns", "user_agent_exact")
            }
            | {
                "days": {
                    "date_histogram": {"field": "event_time", "calendar_interval": "day", "min_doc_count": 1}
                },
                "undated": {"missing": {"field": "event_time"}},
            },
        }
    )
    found = answer.content["aggregations"]
    counts = {
        name: {bucket["key"]: bucket["doc_count"] for bucket in found[name]["buckets"]}
        for name in ("event_source", "resource_arns", "user_agent_exact")
    }
    assert counts == {
        "event_source": {"s3.amazonaws.com": 2, "sqs.amazonaws.com": 1},
        "resource_arns": {"bucket": 2, "key": 2},
        "user_agent_exact": {"aws-cli/2.1.0 Python/3.11": 2, "sqs.amazonaws.com": 1},
    }
    assert found["resource_arns"]["sum_other_doc_count"] == 1
    assert [bucket["key_as_string"] for bucket in found["days"]["buckets"]] == [
        "2026-11-03T00:00:00.000Z",
        "2026-11-04T00:00:00.000Z",
        "2026-12-01T00:00:00.000Z",
    ]
    assert found["undated"]["doc_count"] == 1


@pytest.mark.parametrize("field", ["raw", "request_id"])
def test_a_field_without_values_in_columns_is_neither_counted_nor_sorted(
    searched: Domain, field: str
) -> None:
    assert searched.search({"aggs": {"all": {"terms": {"field": field}}}}).status == 400
    assert searched.search({"sort": [field]}).status == 400


def highlighted(domain: Domain, text: str, **options: Any) -> dict[str, Any]:
    """The whole fields of the events that a query finds, with their matches marked, by id."""
    asked = {"number_of_fragments": 0, "pre_tags": ["<<"], "post_tags": [">>"]}
    fields: dict[str, Any] = {"raw": {}, "error_message": {}, "user_agent": {}}
    answer = domain.search(
        {"query": query_string(text), "highlight": {**asked, "fields": fields, **options}, "size": 100}
    )
    assert answer.status == 200, answer
    return {hit["_id"]: hit.get("highlight", {}) for hit in answer.content["hits"]["hits"]}


@pytest.mark.parametrize(
    ("query", "field", "marked"),
    [
        ("bob", "raw", "assumed-role/<<bob>>"),
        ("s3.amazonaws.com", "raw", '"<<s3>>.<<amazonaws>>.<<com>>"'),
        ("amaz*", "raw", '"s3.<<amazonaws>>.com"'),
        ("error_message:DENIED", "error_message", "Access <<Denied>>"),
        ("user_agent:python", "user_agent", "aws-cli/2.1.0 <<Python>>/3.11"),
        ("curl", "raw", "\\n<<curl>> http"),
        ("evil", "raw", "\\ncurl http://<<evil>>.example\\ta"),
        ("b", "raw", "a\\u003d<<b>>"),
        ("hi", "raw", '\\"<<hi>>\\"'),
    ],
)
def test_what_a_query_asks_for_is_marked_in_the_field_that_it_asks(
    searched: Domain, query: str, field: str, marked: str
) -> None:
    found = highlighted(searched, query)
    assert any(marked in text for fields in found.values() for text in fields.get(field, [])), found
    assert {name for fields in found.values() for name in fields} == {field}


def test_nothing_is_marked_for_a_literal(searched: Domain) -> None:
    assert highlighted(searched, "event_name:GetObject") == {"b": {}}


def test_characters_of_any_width_do_not_move_what_is_marked(domain: Domain) -> None:
    domain.store([("w", EVENT | {"raw": "é\\n日本 😀\\tbob \\u003d😀 ann\\\\u003d zoë"})])
    for word in ("日本", "bob", "ann", "u003d", "zoë"):
        ((marked,),) = (found["raw"] for found in highlighted(domain, word).values())
        assert f"<<{word}>>" in marked


def test_a_text_of_more_than_a_million_characters_is_highlighted_as_far_as_it_may_be(domain: Domain) -> None:
    filler = "y " * 500_010
    domain.store(
        [("start", EVENT | {"raw": f"needle {filler}"}), ("end", EVENT | {"raw": f"{filler}needle"})]
    )
    found = highlighted(domain, "needle", max_analyzer_offset=1_000_000)
    assert found["start"]["raw"][0].startswith("<<needle>> y")
    assert found["end"] == {}


def test_difference_in_a_highlight_beyond_a_million_characters(searched: Domain) -> None:
    highlight = {"fields": {"raw": {}}, "max_analyzer_offset": 1_000_001}
    answer = searched.search({"query": query_string("amazonaws"), "highlight": highlight})
    assert answer.status == DIFFERENCES["a highlight beyond a million characters"].of(searched.engine)


def test_difference_in_the_order_without_a_sort(domain: Domain) -> None:
    for day, document_id in enumerate(("first", "second", "third"), start=1):
        domain.store([(document_id, EVENT | {"event_time": f"2026-11-0{day}T00:00:00Z"})])
    domain.ask_engine("POST", f"/{domain.index()}/_forcemerge?max_num_segments=1")
    domain.refresh()
    hits = domain.search({}).content["hits"]["hits"]
    assert [hit["_id"] for hit in hits] == DIFFERENCES["the order without a sort"].of(domain.engine)


def test_the_analyzer_splits_at_whitespace_punctuation_and_symbols(searched: Domain) -> None:
    text = "a_b-c+d=e$f<g>`^|~h naïve Straße x\U0001f600y a\u0301b ½ no\u00a0break "
    answer = searched.ask(
        "POST", f"/{searched.index()}/_analyze", {"analyzer": "record", "text": text + "y" * 300}
    )
    assert [token["token"] for token in answer.content["tokens"]] == [
        *"abcdefgh",
        *("naïve", "straße", "x", "y", "a\u0301b", "½", "no\u00a0break", "y" * 255, "y" * 45),
    ]


# ── The end of an index ────────────────────────────────────────────────────────────────────────────────────


def test_indices_are_listed_by_month(searched: Domain) -> None:
    answer = searched.ask(
        "GET",
        f"/_cat/indices/{searched.name}-events-*",
        query={"format": "json", "h": "index,health,status,docs.count"},
    )
    assert sorted(answer.content, key=lambda each: each["index"]) == [
        {"index": searched.index(month), "health": "green", "status": "open", "docs.count": count}
        for month, count in (("2026.11", "3"), ("2026.12", "1"))
    ]


def test_a_month_is_deleted_with_its_documents(domain: Domain) -> None:
    store_events(domain)
    assert domain.ask("DELETE", f"/{domain.index()}") == (200, {"acknowledged": True})
    assert ids(domain, {"match_all": {}}) == ["c"]
    again = domain.ask("DELETE", f"/{domain.index()}")
    assert (again.status, again.content["error"]["type"]) == (404, "index_not_found_exception")


def test_the_health_of_the_cluster_is_told(searched: Domain) -> None:
    health = searched.ask("GET", "/_cluster/health").content
    assert (health["status"], health["unassigned_shards"]) == ("green", 0)


def test_every_difference_is_asserted() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in DIFFERENCES if f'"{name}"' not in source] == []
