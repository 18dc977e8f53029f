"""Bulk requests of which some documents are refused."""

import re
from dataclasses import replace

from tests.local_cloud.services.opensearch.bulk_items import merged, without_refused
from tests.local_cloud.services.opensearch.disruption import RefusedItems

BODY = b"".join(b'{"index":{"_index":"i","_id":"%d"}}\n{}\n' % number for number in range(1, 6))
REFUSED = RefusedItems(429, "rejected", "busy", every=2)


def test_every_so_many_documents_are_left_out() -> None:
    assert without_refused(BODY, REFUSED).count(b"_id") == 3
    assert b'"2"' not in without_refused(BODY, REFUSED)
    assert without_refused(BODY, replace(REFUSED, every=1)) == b""


def test_documents_with_a_text_in_them_are_left_out_wherever_they_are() -> None:
    body = BODY.replace(b'"3"}}\n{}', b'"3"}}\n{"a":"bad"}').replace(b'"4"}}\n{}', b'"4"}}\n{"a":"bad"}')
    refused = replace(REFUSED, every=1, having=b"bad")
    assert re.findall(rb'"_id":"(.)"', without_refused(body, refused)) == [b"1", b"2", b"5"]
    answer = merged(body, [{"index": {"_id": number, "status": 201}} for number in "125"], refused)
    assert [item["index"]["status"] for item in answer["items"]] == [201, 201, 429, 429, 201]


def test_the_answer_has_all_items_in_their_order() -> None:
    answer = merged(BODY, [{"index": {"_id": number, "status": 201}} for number in "135"], REFUSED)
    assert answer["errors"] is True
    assert [item["index"]["_id"] for item in answer["items"]] == list("12345")
    assert [item["index"]["status"] for item in answer["items"]] == [201, 429, 201, 429, 201]
    assert answer["items"][1]["index"]["error"] == {"type": "rejected", "reason": "busy"}
