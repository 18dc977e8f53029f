"""Aggregated events, in the words of AWS's reference, as documents."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.records import AGGREGATED, encode
from trailsearch.events.documents import Document, build_document, build_documents
from trailsearch.events.fields import Fields

LOG = "s3://logs/AWSLogs/111122223333/CloudTrail-Aggregated/us-west-2/x.json.gz"


def document_of(record: Any) -> Document:
    return build_document(encode(record), LOG)


def dimension(name: str, **counts: int) -> dict[str, Any]:
    statistics = [{"name": value, "value": count} for value, count in counts.items()]
    return {"dimension": name, "statistics": statistics, "aggregationType": "Count"}


def summary(primary: dict[str, Any], *details: dict[str, Any]) -> Fields:
    summed = {"primaryDimension": primary, "details": list(details)}
    return document_of(AGGREGATED | {"summary": summed}).fields


def test_every_field_of_the_reference_s_example() -> None:
    assert document_of(AGGREGATED) == Document(
        id="62759c1a-6248-48e1-a6b3-d5fb7e6c4bc0",
        fields=Fields(
            event_time="2025-11-17T19:20:00Z",
            event_source="s3.amazonaws.com",
            event_name="PutObject",
            aws_region="us-west-2",
            event_type="AwsAggregatedEvent",
            event_category="Aggregated",
            recipient_account_id="111122223333",
            event_id="62759c1a-6248-48e1-a6b3-d5fb7e6c4bc0",
            log_file=LOG,
            resource_arns=("arn:aws:s3:::bucket-1", "arn:aws:s3:::bucket-2", "arn:aws:s3:::bucket-3"),
            account_ids=("111122223333",),
            raw=encode(AGGREGATED).decode(),
        ),
    )


def test_accesses_to_a_resource_are_found_by_it_and_by_what_they_all_were() -> None:
    bucket = dimension("resourceARN", **{"arn:aws:s3:::bucket-1": 800})
    fields = summary(bucket, dimension("eventName", PutObject=800))
    assert (fields.resource_arns, fields.event_name) == (("arn:aws:s3:::bucket-1",), "PutObject")


def test_what_only_some_calls_were_is_the_event_s_name_no_more_than_another() -> None:
    bucket = dimension("resourceARN", **{"arn:aws:s3:::bucket-1": 800})
    assert summary(bucket, dimension("eventName", PutObject=500, GetObject=300)).event_name is None
    assert summary(bucket, dimension("eventName", PutObject=500)).event_name is None


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("sourceIpAddress", "source_ip_address"),
        ("sourceIPAddress", "source_ip_address"),
        ("userAgent", "user_agent"),
        ("errorCodes", "error_code"),
        ("errorCode", "error_code"),
    ],
)
def test_what_all_calls_have_in_common_is_a_field(name: str, field: str) -> None:
    put = dimension("eventName", PutObject=12)
    assert getattr(summary(put, dimension(name, common=12)), field) == "common"
    assert getattr(summary(put, dimension(name, some=11)), field) is None


def test_the_identity_of_all_calls_is_their_actor() -> None:
    arn = "arn:aws:sts::444455556666:assumed-role/service-role/app/i-1"
    fields = summary(dimension("userIdentity", **{arn: 3}))
    assert (fields.actor, fields.user_identity_arn) == ("app/i-1", arn)
    fields = summary(dimension("userIdentity", **{"AROAEXAMPLE:i-1": 3}))
    assert (fields.actor, fields.user_identity_principal_id) == ("AROAEXAMPLE:i-1", "AROAEXAMPLE:i-1")
    assert fields.user_identity_arn is None


def test_a_window_without_a_zone_is_in_utc() -> None:
    """One public parser's samples are written so."""
    window = {"timeWindow": {"windowStart": "2026-08-11 11:45:00"}}
    assert document_of(AGGREGATED | window).fields.event_time == "2026-08-11T11:45:00Z"


def test_what_an_aggregated_event_says_as_events_do_is_kept() -> None:
    own = {
        "eventTime": "2025-11-17T19:21:00Z",
        "eventID": "own",
        "eventName": "GetObject",
        "userIdentity": {"type": "AWSService", "invokedBy": "x.amazonaws.com"},
        "resources": [{"ARN": "arn:aws:s3:::own"}],
        "recipientAccountId": "444455556666",
    }
    document = document_of(AGGREGATED | own)
    fields = document.fields
    assert (document.id, fields.event_time, fields.event_name) == ("own", "2025-11-17T19:21:00Z", "GetObject")
    assert (fields.actor, fields.resource_arns) == ("x.amazonaws.com", ("arn:aws:s3:::own",))
    assert fields.recipient_account_id == "444455556666"


def test_other_events_have_nothing_of_aggregated_ones() -> None:
    fields = document_of(AGGREGATED | {"eventCategory": "Data"}).fields
    assert (fields.event_time, fields.event_id, fields.event_name) == (None, None, None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=()), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
parts = st.fixed_dictionaries({}, optional={"name": json_values, "value": json_values}) | json_values
dimensions = st.fixed_dictionaries(
    {},
    optional={"dimension": json_values | st.just("eventName"), "statistics": st.lists(parts) | json_values},
)
summaries = st.fixed_dictionaries(
    {}, optional={"primaryDimension": dimensions, "details": st.lists(dimensions) | json_values}
)


@given(
    st.fixed_dictionaries(
        {}, optional={"summary": summaries, "timeWindow": json_values, "eventId": json_values}
    )
)
def test_any_summary_gives_a_document_with_the_record_in_it(changes: dict[str, Any]) -> None:
    record = encode(AGGREGATED | changes)
    document = build_document(record, LOG)
    assert json.loads(document.fields.raw) == json.loads(record)
    assert document.fields.event_source == "s3.amazonaws.com"
    assert build_documents(record, LOG) == [document]
