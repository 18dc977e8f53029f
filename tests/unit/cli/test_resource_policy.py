from typing import Any

import pytest

from trailsearch.cli.resource_policy import OWNER, Answer, Request, decide

TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"
ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:trailsearch-test-lag"
CONTEXT = {"aws:SourceAccount": "123456789012", "AWS:SourceOwner": "123456789012", "aws:SourceArn": ALARM, "aws:SecureTransport": "true"}  # fmt: skip
CLOUDWATCH = Request("Service", "cloudwatch.amazonaws.com", "sns:Publish", TOPIC, CONTEXT)
ACCOUNT = Request("AWS", "arn:aws:iam::123456789012:root", "sns:Subscribe", TOPIC, {"sns:Protocol": "sqs"})


def allow(**changes: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
    }
    return {name: value for name, value in {**statement, **changes}.items() if value is not None}


def answer(*statements: dict[str, Any], request: Request = CLOUDWATCH) -> Answer:
    return decide({"Statement": list(statements)}, request)


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return allow(Condition={operator: {key: value}})


# SNS's own, of a topic that nobody has given one.
DEFAULT = allow(
    Principal={"AWS": "*"},
    Action=["SNS:GetTopicAttributes", "SNS:Publish"],
    Condition={"StringEquals": {"AWS:SourceOwner": "123456789012"}},
)


@pytest.mark.parametrize(
    "statement",
    [
        allow(),
        allow(Principal="*"),
        allow(Principal={"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]}),
        allow(Action=["sns:*"]),
        allow(Action="SNS:Publish"),
        allow(Action="*"),
        allow(Resource="*"),
        allow(Resource=None),
        allow(Resource="arn:aws:sns:*:123456789012:on-?all"),
        allow(NotAction="sns:Subscribe", Action=None),
        allow(NotResource="arn:aws:sns:us-east-1:123456789012:other", Resource=None),
        allow(NotPrincipal={"Service": "events.amazonaws.com"}, Principal=None),
        DEFAULT,
        when("ArnLike", "aws:SourceArn", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:*"),
        when("ArnEquals", "aws:sourcearn", [ALARM, "arn:aws:other"]),
        when("StringEquals", "aws:SourceAccount", ["111122223333", "123456789012"]),
        when("StringEqualsIfExists", "aws:SourceAccount", "123456789012"),
        when("StringLike", "aws:SourceAccount", "1234*"),
        when("StringNotEquals", "aws:SourceAccount", "111122223333"),
        when("Bool", "aws:SecureTransport", True),
        when("ForAnyValue:StringEquals", "aws:SourceAccount", "123456789012"),
    ],
)
def test_it_is_allowed(statement: dict[str, Any]) -> None:
    assert answer(statement) is Answer.ALLOWED
    assert decide({"Statement": statement}, CLOUDWATCH) is Answer.ALLOWED


@pytest.mark.parametrize(
    "statement",
    [
        allow(Principal={"Service": "events.amazonaws.com"}),
        allow(Principal={"AWS": "arn:aws:iam::123456789012:root"}),
        allow(Principal=None),
        allow(NotPrincipal={"Service": "cloudwatch.amazonaws.com"}, Principal=None),
        allow(Action="sns:Subscribe"),
        allow(NotAction="sns:*", Action=None),
        allow(Resource="arn:aws:sns:us-east-1:123456789012:on-callers"),
        allow(Effect="Deny"),
        when("ArnLike", "aws:SourceArn", "arn:aws:cloudwatch:eu-west-1:*"),
        when("StringEquals", "aws:SourceAccount", "111122223333"),
        when("StringNotEquals", "aws:SourceAccount", ["111122223333", "123456789012"]),
        when("Bool", "aws:SecureTransport", "false"),
        # What is known not to hold decides, whatever is not known.
        allow(Condition={"StringEquals": {"aws:SourceAccount": "111122223333", "aws:SourceOrgID": "o-1"}}),
    ],
)
def test_it_is_not_allowed(statement: dict[str, Any]) -> None:
    assert answer(statement) is Answer.DENIED


def test_without_a_statement_nothing_is_allowed() -> None:
    assert answer() is Answer.DENIED


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}},
        {"NumericLessThan": {"aws:SourceAccount": "5"}},
        {"Null": {"aws:SourceArn": "false"}},
    ],
)
def test_what_only_aws_knows_is_not_guessed(condition: dict[str, Any]) -> None:
    assert answer(allow(Condition=condition)) is Answer.UNSURE
    deny = allow(Effect="Deny", Principal="*", Condition=condition)
    assert answer(allow(), deny) is Answer.UNSURE
    assert answer(allow(), allow(Condition=condition)) is Answer.ALLOWED
    assert answer(deny) is Answer.DENIED


def test_what_is_denied_is_not_allowed_elsewhere() -> None:
    assert answer(allow(), allow(Effect="Deny", Principal="*", Action="sns:*")) is Answer.DENIED
    tls_only = allow(Effect="Deny", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    assert answer(allow(), tls_only) is Answer.ALLOWED


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"AWS": "123456789012"}, Answer.ALLOWED),
        ({"AWS": ["arn:aws:iam::123456789012:root"]}, Answer.ALLOWED),
        ({"AWS": "*"}, Answer.ALLOWED),
        ({"AWS": "444455556666"}, Answer.DENIED),
        ({"Service": "cloudwatch.amazonaws.com"}, Answer.DENIED),
    ],
)
def test_an_account_is_named_in_several_ways(principal: dict[str, Any], expected: Answer) -> None:
    assert answer(allow(Principal=principal, Action="sns:Subscribe"), request=ACCOUNT) is expected


def test_the_policy_of_a_role_names_nobody_and_is_for_its_owner() -> None:
    of_role = allow(Principal=None)
    assert answer(of_role, request=CLOUDWATCH._replace(kind=OWNER, who="role")) is Answer.ALLOWED
    assert answer(of_role) is Answer.DENIED
