"""What a policy lets through: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html."""

from typing import Any

import pytest

from trailsearch.cli.verify.policies import Asked, lets

QUEUE = "arn:aws:sqs:us-east-1:123456789012:queue"
TOPIC = "arn:aws:sns:us-east-1:123456789012:topic"
SENDS: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": QUEUE,
    "Condition": {"ArnEquals": {"aws:SourceArn": [TOPIC]}},
}
TLS_ONLY: dict[str, Any] = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "sqs:*",
    "Resource": QUEUE,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
ASKED = Asked("sns.amazonaws.com", "sqs:SendMessage", QUEUE, {"aws:SourceArn": TOPIC})


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def test_what_a_statement_allows_is_let_through_and_nothing_else() -> None:
    allowing = policy(SENDS, TLS_ONLY)
    assert lets(allowing, ASKED) is True
    for other in (
        ASKED._replace(principal="s3.amazonaws.com"),
        ASKED._replace(action="sqs:ReceiveMessage"),
        ASKED._replace(resource=f"{QUEUE}-2"),
        ASKED._replace(context={"aws:SourceArn": f"{TOPIC}-2"}),
        ASKED._replace(context={}),
    ):
        assert lets(allowing, other) is False
    assert lets(policy(), ASKED) is False


def test_a_denial_is_stronger() -> None:
    denying = {**TLS_ONLY, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    assert lets(policy(SENDS, denying), ASKED) is False


def test_a_single_statement_needs_no_list() -> None:
    assert lets({"Statement": SENDS}, ASKED) is True


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, False),
        ({"Action": ["sqs:Get*", "SQS:Send*"]}, True),
        ({"Resource": "arn:aws:sqs:*:*:qu?ue"}, True),
        ({"Condition": {"StringEquals": {"AWS:sourcearn": TOPIC}}}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:*"}}}, True),
        ({"Condition": {"StringNotEquals": {"aws:SourceArn": TOPIC}}}, False),
        ({"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}, False),
        ({"Condition": {"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}}, True),
        ({"Condition": {"StringEqualsIfExists": {"aws:SourceArn": "another"}}}, False),
    ],
)
def test_an_element_is_read_as_iam_reads_it(changes: dict[str, Any], expected: bool) -> None:
    assert lets(policy({**SENDS, **changes}), ASKED) is expected


@pytest.mark.parametrize(
    "unknown",
    [
        {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}},
        {"Condition": {"ForAnyValue:StringEquals": {"aws:SourceArn": TOPIC}}},
    ],
)
def test_what_is_not_known_here_decides_nothing(unknown: dict[str, Any]) -> None:
    assert lets(policy({**SENDS, **unknown}), ASKED) is None
    assert lets(policy(SENDS, {**SENDS, **unknown}), ASKED) is True
    assert lets(policy(SENDS, {**SENDS, **unknown, "Effect": "Deny"}), ASKED) is None


def test_the_policy_of_a_role_names_nobody() -> None:
    of_role = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    assert lets(policy(of_role), ASKED._replace(principal=None)) is True
