"""Documents as the product makes them, few enough to tell by heart which a query finds."""

import json
from collections.abc import Mapping
from typing import Any

from tests.contract.domain import Domain

RECORD = {
    "eventSource": "s3.amazonaws.com",
    "userIdentity": {"arn": "arn:aws:iam::123456789012:user/alice.smith_x"},
    "requestParameters": {"command": "ls\ncurl http://evil.example\ta=b", "quoted": 'say "hi"'},
}
EVENT: dict[str, Any] = {
    "event_time": "2026-11-03T10:00:00Z",
    "event_id": "e",
    "event_name": "PutObject",
    "event_source": "s3.amazonaws.com",
    "source_ip_address": "10.0.1.7",
    "resource_arns": ["bucket", "key"],
    "request_id": "r1",
    "user_agent": "aws-cli/2.1.0 Python/3.11",
    "error_message": "Access Denied",
    "raw": json.dumps(RECORD).replace("a=b", "a\\u003db"),
}


EVENTS: list[tuple[str, Mapping[str, Any]]] = [
    ("a", EVENT | {"event_id": "a"}),
    (
        "b",
        EVENT
        | {
            "event_id": "b",
            "event_time": "2026-11-04T00:00:00Z",
            "event_name": "GetObject",
            "source_ip_address": "10.0.2.9",
            "request_id": "r2",
            "error_message": None,
            "raw": json.dumps({"eventSource": "s3.amazonaws.com", "role": "assumed-role/bob"}),
        },
    ),
    (
        "c",
        EVENT
        | {
            "event_id": "c",
            "event_time": "2026-12-01T00:00:00.500Z",
            "event_name": "SendMessage",
            "event_source": "sqs.amazonaws.com",
            "resource_arns": "queue",
            "source_ip_address": "sqs.amazonaws.com",
            "user_agent": "sqs.amazonaws.com",
            "error_message": "The user was denied access",
            "raw": json.dumps(
                {"eventSource": "sqs.amazonaws.com", "note": "naïve 日本語"}, ensure_ascii=False
            ),
        },
    ),
    ("d", {"event_id": "d", "event_time": "malformed", "event_name": "putobject", "raw": "{}"}),
]


def store_events(domain: Domain) -> None:
    """Index `EVENTS`, in two months."""
    for document_id, event in EVENTS:
        domain.store([(document_id, event)], month="2026.12" if document_id == "c" else "2026.11")
