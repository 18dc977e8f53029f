"""Bulk requests of which some documents are refused."""

from tests.local_cloud.services.opensearch.bulk_items import merged, without_every
from tests.local_cloud.services.opensearch.disruption import RefusedItems

BODY = b"".join(b'{"index":{"_index":"i","_id":"%d"}}\n{}\n' % number for number in range(1, 6))
REFUSED = RefusedItems(429, "rejected", "busy", every=2)


def test_every_so_many_documents_are_left_out() -> None:
    assert without_every(2, BODY).count(b"_id") == 3
    assert b'"2"' not in without_every(2, BODY)
    assert without_every(1, BODY) == b""


def test_the_answer_has_all_items_in_their_order() -> None:
    answer = merged(BODY, [{"index": {"_id": number, "status": 201}} for number in "135"], REFUSED)
    assert answer["errors"] is True
    assert [item["index"]["_id"] for item in answer["items"]] == list("12345")
    assert [item["index"]["status"] for item in answer["items"]] == [201, 429, 201, 429, 201]
    assert answer["items"][1]["index"]["error"] == {"type": "rejected", "reason": "busy"}
