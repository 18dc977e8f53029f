"""Which events a message in the dead-letter queue points to, read apart from Trailsearch's own code."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.chaos.delivery import AS_IT_CAME, LOGS, RECORDS_PER_LOG, Delivery, label

DELIVERY = Delivery(seed=1)
FIRST, SECOND, *_ = DELIVERY.bodies
NOTIFICATION = json.dumps({"s3Bucket": "logs", "s3ObjectKey": [FIRST, SECOND]})


def events_behind(body: Any) -> set[str]:
    return DELIVERY.events_behind(body if isinstance(body, str) else json.dumps(body), staged, input_of)


def staged(bucket: str, key: str) -> Sequence[str]:
    return [f"{bucket}/{key}"]


def input_of(execution: str) -> str:
    records = {
        "failed": [
            {"body": NOTIFICATION},
            {"body": json.dumps(dead_letter("batch", batch={"bucket": "b", "key": "k"}))},
        ]
    }
    return json.dumps(records[execution])


def dead_letter(kind: str, **pointer: Any) -> dict[str, Any]:
    return {"dead_letter": 1, "kind": kind, **pointer}


def test_deliveries_share_no_event() -> None:
    assert len(DELIVERY.events) == LOGS * RECORDS_PER_LOG
    assert not DELIVERY.events & Delivery(seed=2).events


def test_a_dead_lettered_log_points_to_its_events() -> None:
    assert events_behind(dead_letter("log", log={"key": FIRST})) == DELIVERY.events_of_log[FIRST]


@pytest.mark.parametrize("kind", ["batch", "documents"])
def test_a_staged_batch_points_to_its_documents(kind: str) -> None:
    assert events_behind(dead_letter(kind, batch={"bucket": "b", "key": "k"})) == {"b/k"}


def test_a_message_points_to_the_events_of_all_logs_that_it_announces() -> None:
    both = DELIVERY.events_of_log[FIRST] | DELIVERY.events_of_log[SECOND]
    assert events_behind(NOTIFICATION) == both
    assert events_behind(dead_letter("message", message={"body": NOTIFICATION})) == both


def test_an_execution_points_to_what_its_messages_point_to() -> None:
    letter = dead_letter("execution", execution="failed")
    assert events_behind(letter) == events_behind(NOTIFICATION) | {"b/k"}


def test_a_dead_letter_is_labelled_by_what_it_is_about_and_why() -> None:
    assert label(json.dumps(dead_letter("batch", error={"Error": "Busy"}))) == "batch: Busy"
    assert label(NOTIFICATION) == AS_IT_CAME


def test_what_is_not_known_is_no_proof() -> None:
    with pytest.raises(ValueError, match="no known kind"):
        events_behind({"hello": "world"})
