"""Templates, and that every call of the catalog makes a record."""

import json
from datetime import UTC, datetime
from random import Random

import pytest

from tests.log_generator.account_region import AccountRegion
from tests.log_generator.api_call import ApiCall, ApiError
from tests.log_generator.calls import API_CALLS
from tests.log_generator.draws import Draws
from tests.log_generator.story import story_for
from tests.log_generator.templates import Template, UnknownPlaceholderError, cloudtrail_json

AT = datetime(2024, 8, 1, 13, 35, tzinfo=UTC)
ORDER = (
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "readOnly",
    "resources",
    "eventType",
    "apiVersion",
    "managementEvent",
    "recipientAccountId",
    "sharedEventID",
    "serviceEventDetails",
    "vpcEndpointId",
    "eventCategory",
    "tlsDetails",
    "sessionCredentialFromConsole",
)


def draws() -> Draws:
    return Draws(Random(1), AT)


def fill(text: str) -> str:
    pools = {"bucket": [{"bucket": "b1", "bucket.id": "1"}, {"bucket": "b2", "bucket.id": "2"}]}
    return Template.compile(text, {"account": "111122223333"}, pools).fill(draws(), {"event_id": "e"})


def test_equal_placeholders_have_equal_values() -> None:
    first, second, labelled = fill("{{uuid}} {{uuid}} {{uuid:other}}").split()
    assert first == second != labelled


def test_fields_of_a_resource_belong_together() -> None:
    assert fill("{{bucket}}/{{bucket.id}} {{bucket}}") in {"b1/1 b1", "b2/2 b2"}


def test_constants_given_values_and_percent_signs() -> None:
    assert fill("{{account}} {{event_id}} 100% %s") == "111122223333 e 100% %s"


def test_numbers_have_no_quotes() -> None:
    assert isinstance(json.loads(fill('{"size":"{{bytes}}"}'))["size"], int)


def test_dates_of_responses() -> None:
    assert fill("{{now}}; {{in_an_hour}}") == "Aug 1, 2024, 1:35:00 PM; Aug 1, 2024, 2:35:00 PM"


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(UnknownPlaceholderError, match="nonsense"):
        fill("{{nonsense}}")


def test_json_is_escaped_as_cloudtrail_does() -> None:
    assert cloudtrail_json({"a": "x=<y>&'é"}) == r'{"a":"x\u003d\u003cy\u003e\u0026\u0027é"}'


@pytest.fixture(scope="module")
def place() -> AccountRegion:
    story = story_for(1, "111122223333")
    return AccountRegion(1, "111122223333", "us-east-1", ("111122223333", "444455556666"), story, home=True)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        pytest.param(call, error, id=f"{call.service}-{call.name}-{error.code if error else 'success'}")
        for call in API_CALLS
        for error in (None, *call.errors)
    ],
)
def test_every_call_makes_a_record_in_cloudtrails_order(
    place: AccountRegion, call: ApiCall, error: ApiError | None
) -> None:
    principals, _ = place.callers(call)
    for principal in principals:
        values = {
            **place.session(principal, AT),
            **principal.origins[0],
            "event_id": "e",
            "event_time": "2024-08-01T13:35:00Z",
            "shared_event": "",
            "vpc_endpoint": "",
            "console": "",
        }
        text = place.template(call, error, direct=principal.direct).fill(draws(), values)
        assert "{{" not in text
        record = json.loads(text)
        assert list(record) == [field for field in ORDER if field in record]
        assert record.get("errorCode") == (error.code if error else None)


def test_calls_are_of_many_services() -> None:
    assert len(API_CALLS) >= 40
    assert len({call.service for call in API_CALLS}) >= 15
