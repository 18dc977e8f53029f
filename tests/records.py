"""CloudTrail records for tests: one whole record, and a strategy for any JSON record at all."""

import json
from typing import Any

from hypothesis import strategies as st

RECORD: dict[str, Any] = {
    "eventVersion": "1.08",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:alice@example.com",
        "arn": "arn:aws:sts::111122223333:assumed-role/admin/alice@example.com",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "arn": "arn:aws:iam::444455556666:role/admin",
                "accountId": "444455556666",
                "userName": "admin",
            },
            "webIdFederationData": {"attributes": {"oidc.example.com:sub": "repo:org/app"}},
            "attributes": {"creationDate": "2023-07-10T11:11:04Z", "mfaAuthenticated": "true"},
            "sourceIdentity": "alice",
        },
        "invokedBy": "athena.amazonaws.com",
        "invokedByDelegate": {"accountId": "777788889999"},
        "inScopeOf": {
            "sourceArn": "arn:aws:lambda:eu-central-1:999911112222:function:f",
            "sourceAccount": "999911112222",
        },
    },
    "eventTime": "2023-07-10T12:12:05Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "GetObject",
    "awsRegion": "eu-central-1",
    "sourceIPAddress": "192.0.2.7",
    "userAgent": "aws-cli/2.15",
    "errorCode": "AccessDenied",
    "errorMessage": "Access Denied",
    "requestParameters": {"bucketName": "data", "key": "secret.txt"},
    "responseElements": {"credentials": {"accessKeyId": "ASIAISSUED", "sessionToken": "secret"}},
    "additionalEventData": {"MFAUsed": "No", "bytesTransferredOut": 7},
    "requestID": "3eab6845",
    "eventID": "59526cdd-e3c3-479a-9f8d-da12e2cfa1f8",
    "readOnly": True,
    "resources": [
        {"ARN": "arn:aws:s3:::data/secret.txt", "type": "AWS::S3::Object"},
        {"ARNPrefix": "arn:aws:s3:::data/", "type": "AWS::S3::Object"},
        {"arn": "arn:aws:s3:::data", "accountId": "111122223333", "type": "AWS::S3::Bucket"},
    ],
    "eventType": "AwsApiCall",
    "managementEvent": False,
    "recipientAccountId": "111122223333",
    "sharedEventID": "5a5a",
    "serviceEventDetails": {"keyId": "key-1"},
    "vpcEndpointId": "vpce-1",
    "vpcEndpointAccountId": "555566667777",
    "eventCategory": "Data",
    "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
    "sessionCredentialFromConsole": "true",
}
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/aggregating-data-events.html
AGGREGATED: dict[str, Any] = {
    "eventVersion": "1.0",
    "accountId": "111122223333",
    "eventId": "62759c1a-6248-48e1-a6b3-d5fb7e6c4bc0",
    "eventCategory": "Aggregated",
    "eventType": "AwsAggregatedEvent",
    "awsRegion": "us-west-2",
    "eventSource": "s3.amazonaws.com",
    "timeWindow": {
        "windowStart": "2025-11-17T19:20:00Z",
        "windowEnd": "2025-11-17T19:25:00Z",
        "windowSize": "PT5M",
    },
    "summary": {
        "primaryDimension": {
            "dimension": "eventName",
            "statistics": [{"name": "PutObject", "value": 1000}],
            "aggregationType": "Count",
        },
        "details": [
            {
                "dimension": "resourceARN",
                "statistics": [
                    {"name": "arn:aws:s3:::bucket-1", "value": 800},
                    {"name": "arn:aws:s3:::bucket-2", "value": 150},
                    {"name": "arn:aws:s3:::bucket-3", "value": 50},
                ],
                "aggregationType": "Count",
            }
        ],
    },
}

_any_text = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    [
        "\ud800",
        "\udfff\ud800",
        "😀",
        "\x00\x0b\x1f",
        "\ufffe\uffff",
        '"\\/\b\f\n\r\t',
        "x" * 5000,
        "\x00" * 1000,
        "",
    ]
)
_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _any_text
)
json_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_any_text, inner, max_size=4),
    max_leaves=12,
)
_times = st.sampled_from(
    ["2023-07-10T12:12:05Z", "2023-07-10T12:12:05.123456+02:00", "2023-02-30T00:00:00Z", "soon", "0001-01-01"]
)


def _maybe(usual: Any) -> st.SearchStrategy[Any]:
    """The usual value, nearly anything, or nothing."""
    usual_values: st.SearchStrategy[Any]
    if isinstance(usual, dict):
        usual_values = st.fixed_dictionaries(
            {}, optional={key: _maybe(value) for key, value in usual.items()}
        )
    elif isinstance(usual, list):
        usual_values = st.lists(_maybe(usual[0]), max_size=3)
    else:
        usual_values = st.just(usual)
    return usual_values | json_values


records = (
    st.fixed_dictionaries({}, optional={**{k: _maybe(v) for k, v in RECORD.items()}, "eventTime": _times})
    | st.fixed_dictionaries({}, optional={k: _maybe(v) for k, v in AGGREGATED.items()})
    | st.fixed_dictionaries({}, optional={"resources": st.just([{"ARN": f"arn:{n}"} for n in range(1500)])})
    | json_values
)


def encode(record: Any) -> bytes:
    """A record as the JSON text that a log might have: characters outside ASCII as they are, if that can be."""
    try:
        return json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(record).encode()
