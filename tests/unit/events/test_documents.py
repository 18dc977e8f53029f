import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.records import AGGREGATED, RECORD, encode, records
from trailsearch.events.documents import Document, build_document, build_documents
from trailsearch.events.fields import Fields

LOG = "s3://logs/AWSLogs/111122223333/CloudTrail/eu-central-1/x.json.gz"


def document_of(record: Any) -> Document:
    return build_document(encode(record), LOG)


def fields_of(**changes: Any) -> Fields:
    return document_of(RECORD | changes).fields


def test_every_field_of_a_whole_record() -> None:
    assert document_of(RECORD) == Document(
        id="59526cdd-e3c3-479a-9f8d-da12e2cfa1f8",
        fields=Fields(
            event_time="2023-07-10T12:12:05Z",
            event_source="s3.amazonaws.com",
            event_name="GetObject",
            aws_region="eu-central-1",
            event_type="AwsApiCall",
            event_category="Data",
            read_only="true",
            source_ip_address="192.0.2.7",
            recipient_account_id="111122223333",
            error_code="AccessDenied",
            outcome="denied",
            user_identity_type="AssumedRole",
            user_identity_arn="arn:aws:sts::111122223333:assumed-role/admin/alice@example.com",
            user_identity_account_id="111122223333",
            user_identity_user_name=None,
            user_identity_invoked_by="athena.amazonaws.com",
            session_issuer_arn="arn:aws:iam::444455556666:role/admin",
            actor="admin/alice@example.com",
            mfa="true",
            source_identity="alice",
            federated_user="repo:org/app",
            from_console="true",
            cross_account="false",
            tls_version="TLSv1.3",
            event_id="59526cdd-e3c3-479a-9f8d-da12e2cfa1f8",
            request_id="3eab6845",
            shared_event_id="5a5a",
            access_key_id="ASIAEXAMPLE",
            issued_access_key_id="ASIAISSUED",
            user_identity_principal_id="AROAEXAMPLE:alice@example.com",
            vpc_endpoint_id="vpce-1",
            log_file=LOG,
            session_created="2023-07-10T11:11:04Z",
            resource_names=("data", "key-1"),
            resource_arns=("arn:aws:s3:::data/secret.txt", "arn:aws:s3:::data/", "arn:aws:s3:::data"),
            resource_types=("AWS::S3::Object", "AWS::S3::Bucket"),
            account_ids=("111122223333", "444455556666", "777788889999", "999911112222", "555566667777"),
            user_agent="aws-cli/2.15",
            error_message="Access Denied",
            raw=encode(RECORD).decode(),
        ),
    )


@pytest.mark.parametrize(
    ("identity", "actor"),
    [
        ({"type": "Root", "arn": "arn:aws:iam::111122223333:root"}, "root"),
        (
            {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/team/bob", "userName": "bob"},
            "bob",
        ),
        ({"type": "IAMUser", "arn": "arn:aws-cn:iam::111122223333:user/division_abc/sub/bob"}, "bob"),
        ({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/bob"}, "bob"),
        ({"type": "Role", "arn": "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/R"}, "R"),
        ({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/service-role/r/s"}, "r/s"),
        ({"type": "Root", "arn": "arn:aws:sts::111122223333:assumed-root"}, "root"),
        # No name of IAM: an account id may stand for its user, and QuickSight's users have namespaces.
        ({"arn": "arn:aws:quicksight:eu-west-1:111122223333:user/default/bob"}, "default/bob"),
        ({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/", "userName": "bob"}, "bob"),
        ({"type": "AssumedRole", "arn": "arn:aws-cn:sts::1:assumed-role/r/s"}, "r/s"),
        ({"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/carol"}, "carol"),
        ({"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}, "HIDDEN_DUE_TO_SECURITY_REASONS"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "ec2.amazonaws.com"),
        ({"type": "WebIdentityUser", "userName": "repo:o/r", "principalId": "p"}, "repo:o/r"),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}, "accountId": "1"}, "u-1"),
        ({"type": "AWSAccount", "principalId": "AIDA1", "accountId": "111122223333"}, "AIDA1"),
        ({"type": "AWSAccount", "accountId": "111122223333"}, "111122223333"),
        ({"type": "Unknown"}, None),
        (None, None),
    ],
)
def test_actor_is_who_did_it(identity: dict[str, str] | None, actor: str | None) -> None:
    assert fields_of(userIdentity=identity).actor == actor


@pytest.mark.parametrize(
    ("event_time", "expected"),
    [
        ("2014-09-01T23:59:59Z", "2014-09-01T23:59:59Z"),
        ("2014-09-01T23:59:59.5Z", "2014-09-01T23:59:59.5Z"),
        ("2014-09-01T23:59:59.123456Z", "2014-09-01T23:59:59.123Z"),
        ("2014-09-01T01:00:00+02:00", "2014-08-31T23:00:00Z"),
        ("2014-09-01T01:00:00", "2014-09-01T01:00:00Z"),
        ("2014-02-30T00:00:00Z", None),
        ("2014-09-01T24:00:61Z", None),
        ("2014-09-01T23:59:60Z", None),
        ("2014-09-01T23:59:59.\u0663Z", None),  # a digit, but not of ASCII
        ("yesterday", None),
        ("", None),
        (1409529600, None),
        (None, None),
    ],
)
def test_event_time_is_a_point_in_time_or_left_out(event_time: Any, expected: str | None) -> None:
    assert fields_of(eventTime=event_time).event_time == expected


@pytest.mark.parametrize("event_id", [None, "", "with space", "x" * 129, "é", {}])
def test_the_id_without_a_usable_event_id_is_the_hash_of_the_record(event_id: Any) -> None:
    record = encode(RECORD | {"eventID": event_id})
    assert build_document(record, LOG).id == hashlib.sha256(record).hexdigest()


def test_version_1_0_events_have_no_event_id() -> None:
    record = {key: value for key, value in RECORD.items() if key not in {"eventID", "eventTime"}}
    document = document_of(record)
    assert document.id == hashlib.sha256(encode(record)).hexdigest()
    assert document.fields.event_id is None
    assert document.fields.event_name == "GetObject"


def test_insight_events_give_what_they_are_about() -> None:
    details = {"eventSource": "ssm.amazonaws.com", "eventName": "UpdateInstance", "errorCode": "Throttled"}
    fields = document_of({"eventType": "AwsCloudTrailInsight", "insightDetails": details}).fields
    assert (fields.event_source, fields.event_name, fields.error_code) == (
        "ssm.amazonaws.com",
        "UpdateInstance",
        "Throttled",
    )


def test_fields_of_undocumented_types_are_left_out_or_become_text() -> None:
    fields = fields_of(
        errorCode=404, userAgent={"name": "x"}, readOnly="false", userIdentity="root", resources={"ARN": "x"}
    )
    assert fields.error_code == "404"
    assert fields.user_agent is None
    assert fields.read_only == "false"
    assert fields.actor is None
    assert fields.resource_arns == ()
    assert fields.event_name == "GetObject"


def test_a_lone_surrogate_hides_no_field() -> None:
    fields = fields_of(userAgent="\ud800agent", requestParameters={"x": "\udc00"})
    assert fields.user_agent == "\ud800agent"
    assert fields.event_name == "GetObject"


@given(records)
def test_any_json_record_gives_a_document_with_the_record_in_it(record: Any) -> None:
    document = document_of(record)
    assert json.loads(document.fields.raw) == json.loads(encode(record))
    assert document.fields.log_file == LOG


@given(records)
def test_the_same_record_gives_the_same_document(record: Any) -> None:
    assert document_of(record) == document_of(record)


@given(st.lists(records, min_size=1, max_size=5))
def test_documents_of_several_records_are_those_of_each(several: list[Any]) -> None:
    texts = [encode(record) for record in several]
    assert build_documents(b"\n".join(texts), LOG) == [build_document(text, LOG) for text in texts]


def with_empty_strings(value: Any) -> st.SearchStrategy[Any]:
    """The same value, with an empty string in place of some of its parts."""
    if isinstance(value, dict):
        return st.fixed_dictionaries({name: with_empty_strings(each) for name, each in value.items()})
    if isinstance(value, list):
        return st.tuples(*map(with_empty_strings, value)).map(list)
    return st.sampled_from([value, ""])


@given(with_empty_strings(RECORD) | with_empty_strings(AGGREGATED) | records)
def test_no_field_is_an_empty_string(record: Any) -> None:
    fields = document_of(record).fields
    values = [getattr(fields, name) for name in fields.__struct_fields__]
    assert "" not in values
    assert not [value for value in values if isinstance(value, tuple) and "" in value]


@given(records)
def test_only_twelve_digits_are_an_account_id(record: Any) -> None:
    ids = document_of(record).fields.account_ids
    assert all(re.fullmatch("[0-9]{12}", account_id) for account_id in ids)
    assert len(set(ids)) == len(ids)


def test_an_empty_string_is_in_raw_alone() -> None:
    """As in the CloudTrail guide's own example of a userIdentity."""
    record = RECORD | {
        "userIdentity": {
            "type": "AWSAccount",
            "principalId": "",
            "accountId": "ANONYMOUS_PRINCIPAL",
            "accessKeyId": "",
        },
        "userAgent": "",
        "requestID": "",
        "resources": [{"accountId": "", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::data"}],
    }
    fields = document_of(record).fields
    assert (fields.user_agent, fields.request_id, fields.access_key_id) == (None, None, None)
    assert fields.user_identity_principal_id is None
    assert (fields.actor, fields.user_identity_account_id) == ("ANONYMOUS_PRINCIPAL", "ANONYMOUS_PRINCIPAL")
    assert fields.account_ids == ("111122223333", "555566667777")
    assert json.loads(fields.raw) == record


@pytest.mark.parametrize("delegate", ["777788889999", {"accountId": "777788889999"}])
def test_a_delegate_is_an_account_however_it_is_written(delegate: Any) -> None:
    """The guide's text and its example differ."""
    fields = fields_of(userIdentity={"invokedByDelegate": delegate}, vpcEndpointAccountId=None)
    assert fields.account_ids == ("111122223333", "777788889999")


def test_many_resources_are_read_whole() -> None:
    names = [f"arn:aws:s3:::data/{number:05}" for number in range(500)]
    for _ in range(2):
        assert fields_of(resources=[{"ARN": name} for name in names]).resource_arns == tuple(names)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"errorCode": None, "errorMessage": None}, "success"),
        ({"errorCode": "", "errorMessage": ""}, "success"),
        ({"errorCode": "Client.UnauthorizedOperation"}, "denied"),
        ({"errorCode": "NoSuchBucket"}, "failed"),
        ({"errorCode": None, "errorMessage": "Failed authentication"}, "failed"),
        (
            {
                "errorCode": None,
                "errorMessage": None,
                "eventType": "AwsConsoleSignIn",
                "responseElements": {"ConsoleLogin": "Failure"},
            },
            "failed",
        ),
        ({"errorCode": None, "errorMessage": None, "responseElements": {"state": "Failure"}}, "success"),
        ({"errorCode": None, "errorMessage": None, "insightDetails": {"errorCode": "AccessDenied"}}, None),
    ],
)
def test_an_outcome_is_how_the_call_ended(changes: dict[str, Any], outcome: str | None) -> None:
    assert fields_of(**changes).outcome == outcome


def test_aggregated_calls_have_an_outcome_if_they_have_one_error() -> None:
    errors = {"dimension": "errorCode", "statistics": [{"name": "AccessDenied", "value": 1000}]}
    denied = AGGREGATED | {"summary": {**AGGREGATED["summary"], "details": [errors]}}
    assert document_of(AGGREGATED).fields.outcome is None
    assert document_of(denied).fields.outcome == "denied"


@pytest.mark.parametrize(
    ("event_name", "authenticated", "used", "mfa"),
    [
        ("GetObject", "true", None, "true"),
        ("GetObject", "false", "Yes", "false"),
        ("GetObject", True, None, "true"),
        ("GetObject", None, "Yes", None),
        ("GetObject", "perhaps", None, None),
        ("ConsoleLogin", None, "Yes", "true"),
        ("ConsoleLogin", "false", "Yes", "true"),
        ("ConsoleLogin", "true", "No", "false"),
        ("ConsoleLogin", "true", "perhaps", "true"),
        ("ConsoleLogin", "true", {}, "true"),
        ("ConsoleLogin", None, None, None),
    ],
)
def test_mfa_is_that_of_the_session_or_of_the_sign_in(
    event_name: str, authenticated: Any, used: Any, mfa: str | None
) -> None:
    identity = {"sessionContext": {"attributes": {"mfaAuthenticated": authenticated}}}
    fields = fields_of(eventName=event_name, userIdentity=identity, additionalEventData={"MFAUsed": used})
    assert fields.mfa == mfa


@pytest.mark.parametrize(
    ("response", "key"),
    [
        ({"credentials": {"accessKeyId": "ASIA1", "sessionToken": "secret"}}, "ASIA1"),
        ({"accessKey": {"accessKeyId": "AKIA1", "userName": "bob"}}, "AKIA1"),
        ({"credentials": None, "accessKey": {"accessKeyId": "AKIA1"}}, "AKIA1"),
        ({"credentials": {"accessKeyId": ""}}, None),
        ({"accessKeyId": "AKIA1"}, None),
        ({"credentials": "ASIA1"}, None),
        ("ASIA1", None),
        ([{"credentials": {"accessKeyId": "ASIA1"}}], None),
        (None, None),
    ],
)
def test_an_issued_key_is_one_that_the_answer_hands_out(response: Any, key: str | None) -> None:
    assert fields_of(responseElements=response).issued_access_key_id == key
    assert fields_of(requestParameters=response, responseElements=None).issued_access_key_id is None


@pytest.mark.parametrize(
    ("identity", "user"),
    [
        (
            {"type": "SAMLUser", "userName": "carol@example.com", "principalId": "x:carol"},
            "carol@example.com",
        ),
        ({"type": "WebIdentityUser", "userName": "repo:o/r"}, "repo:o/r"),
        ({"type": "IAMUser", "userName": "bob", "arn": "arn:aws:iam::111122223333:user/bob"}, None),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}}, "u-1"),
        ({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/carol"}, "carol"),
        (
            {
                "type": "AssumedRole",
                "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/dave@example.com",
                "onBehalfOf": {"userId": "u-1"},
            },
            "dave@example.com",
        ),
        ({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/admin/dave"}, None),
        (
            {
                "sessionContext": {
                    "webIdFederationData": {"attributes": {"www.amazon.com:user_id": "amzn1.x"}}
                }
            },
            "amzn1.x",
        ),
        ({"sessionContext": {"webIdFederationData": {"attributes": {"x:aud": "y", "x:sub": ["z"]}}}}, None),
        ({"sessionContext": {"webIdFederationData": {"attributes": []}}}, None),
        ({"sessionContext": {"webIdFederationData": []}}, None),
        (None, None),
    ],
)
def test_a_federated_user_is_who_the_identity_provider_names(identity: Any, user: str | None) -> None:
    assert fields_of(userIdentity=identity).federated_user == user


@pytest.mark.parametrize(
    ("caller", "recipient", "cross_account"),
    [
        ("111122223333", "111122223333", "false"),
        ("444455556666", "111122223333", "true"),
        ("ANONYMOUS_PRINCIPAL", "111122223333", None),
        (None, "111122223333", None),
        ("111122223333", None, None),
        ("111122223333", "12345678901x", None),
    ],
)
def test_a_call_is_cross_account_if_the_caller_is_of_another_one(
    caller: str | None, recipient: str | None, cross_account: str | None
) -> None:
    fields = fields_of(userIdentity={"accountId": caller}, recipientAccountId=recipient)
    assert fields.cross_account == cross_account


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        ("2023-07-10T11:11:04Z", "2023-07-10T11:11:04Z"),
        # As in the CloudTrail guide's examples of a userIdentity.
        ("20131102T010628Z", "2013-11-02T01:06:28Z"),
        ("soon", None),
    ],
)
def test_a_session_was_created_at_a_point_in_time(created: str, expected: str | None) -> None:
    identity = {"sessionContext": {"attributes": {"creationDate": created}}}
    assert fields_of(userIdentity=identity).session_created == expected
