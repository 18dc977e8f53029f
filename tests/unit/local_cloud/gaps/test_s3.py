import json
from typing import Any

import pytest

from tests.local_cloud.gaps.s3 import applicable_statements
from tests.unit.local_cloud.conftest import Client

DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"Bool": {"aws:SecureTransport": ["false"]}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:us-east-1:123456789012:trail/x"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"s3:x-amz-acl": "private"}}, False),
    ],
)
def test_a_statement_applies_only_if_its_condition_holds(condition: dict[str, Any], applies: bool) -> None:
    assert applicable_statements(DENY | {"Condition": condition}) == ([DENY] if applies else [])


def test_a_statement_without_condition_applies() -> None:
    assert applicable_statements([DENY]) == [DENY]


@pytest.mark.parametrize(
    ("condition", "status"), [({"Bool": {"aws:SecureTransport": "false"}}, 200), (None, 403)]
)
def test_a_bucket_that_demands_tls_can_be_written_and_one_that_denies_cannot(
    client: Client, condition: dict[str, Any] | None, status: int
) -> None:
    s3 = client("s3")
    bucket = f"tls-{status}"
    statement = DENY | ({"Condition": condition} if condition else {})
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )

    try:
        answer = s3.put_object(Bucket=bucket, Key="key", Body=b"")
    except s3.exceptions.ClientError as error:
        answer = error.response

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status


def test_an_object_that_does_not_exist_has_no_tags_to_take_off(client: Client) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="tagged")
    s3.put_object(Bucket="tagged", Key="key", Body=b"", Tagging="expires=soon")
    s3.delete_object_tagging(Bucket="tagged", Key="key")
    assert s3.get_object_tagging(Bucket="tagged", Key="key")["TagSet"] == []
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchKey"):
        s3.delete_object_tagging(Bucket="tagged", Key="gone")
