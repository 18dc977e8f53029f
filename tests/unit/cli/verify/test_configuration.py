"""What verify takes for granted is what Terraform does."""

import json
import re
from types import SimpleNamespace
from typing import Any

import hcl2
import pytest

from tests.conftest import REPOSITORY
from trailsearch.cli.verify.configuration import (
    DEFAULT_REGIONS,
    FILTER_OF_SHARED_TOPICS,
    wrong_with_subscription,
)

INGEST: Any = SimpleNamespace(dead_letter_queue=SimpleNamespace(arn="arn:aws:sqs:us-east-1:1:dead-letter"))


def test_the_regions_whose_sns_has_the_plain_principal_are_those_of_terraform() -> None:
    text = (REPOSITORY / "terraform" / "ingest.tf").read_text(encoding="utf-8")
    block = text.partition("default_regions = [")[2].partition("]")[0]
    assert set(re.findall(r'"([a-z0-9-]+)"', block)) == DEFAULT_REGIONS


def test_the_filter_of_shared_topics_is_that_of_terraform() -> None:
    text = (REPOSITORY / "terraform" / "ingest.tf").read_text(encoding="utf-8")
    (policy,) = re.findall(r"shared_topic_filter_policy = jsonencode\((.+)\)", text)
    assert hcl2.loads(f"policy = {policy}\n")["policy"] == FILTER_OF_SHARED_TOPICS


SHARED = {"FilterPolicy": json.dumps(FILTER_OF_SHARED_TOPICS), "FilterPolicyScope": "MessageBody"}


def test_the_subscription_to_a_shared_topic_is_right() -> None:
    for attributes in ({}, SHARED):
        assert list(wrong_with_subscription({"RawMessageDelivery": "true", **attributes}, INGEST)) == []


@pytest.mark.parametrize(
    "attributes",
    [
        # By attributes, of which CloudTrail's messages have none: "exists" false needs at least one.
        SHARED | {"FilterPolicyScope": "MessageAttributes"},
        SHARED | {"FilterPolicy": json.dumps({"messageType": ["ComplianceChangeNotification"]})},
        {"FilterPolicy": json.dumps(FILTER_OF_SHARED_TOPICS)},
    ],
)
def test_any_other_filter_of_a_subscription_is_wrong(attributes: dict[str, str]) -> None:
    (wrong,) = wrong_with_subscription({"RawMessageDelivery": "true", **attributes}, INGEST)
    assert wrong.startswith("it has a filter policy")
