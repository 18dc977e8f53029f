"""What SNS keeps out of the queue of a topic that is shared with AWS Config, by the filter policy that Terraform sets.

SNS is moto's here, whose filters are those that SNS documents.
"""

import json
import re
from pathlib import Path
from typing import Any

import hcl2
import pytest
from moto.sns.utils import FilterPolicyMatcher

from tests.conftest import REPOSITORY
from tests.unit.logs.test_notifications import FOREIGN_MESSAGES
from trailsearch.logs.notifications import Ignored


@pytest.fixture(scope="module")
def shared_topic() -> FilterPolicyMatcher:
    text = (REPOSITORY / "terraform" / "ingest.tf").read_text(encoding="utf-8")
    (policy,) = re.findall(r"shared_topic_filter_policy = jsonencode\((.+)\)", text)
    return FilterPolicyMatcher(hcl2.loads(f"policy = {policy}\n")["policy"], "MessageBody")


def published(text: str) -> str:
    """What was published, of a message that may be in the envelope of SNS."""
    try:
        message = json.loads(text)
    except ValueError:
        return text
    return str(message["Message"]) if message.get("Type") == "Notification" else text


def test_every_announcement_passes(shared_topic: FilterPolicyMatcher, cloudtrail_data: Path) -> None:
    announcements = {
        path.stem: published(path.read_text(encoding="utf-8"))
        for path in (cloudtrail_data / "notifications").glob("*.json")
        if "validation" not in path.stem
    }
    assert announcements
    assert {name for name, body in announcements.items() if not shared_topic.matches({}, body)} == set()


@pytest.mark.parametrize(("message", "kind"), FOREIGN_MESSAGES)
def test_what_aws_config_says_does_not_pass(
    shared_topic: FilterPolicyMatcher, message: dict[str, Any], kind: Ignored
) -> None:
    assert shared_topic.matches({}, json.dumps(message)) == (kind is not Ignored.CONFIG_NOTIFICATION)


def test_what_declares_nothing_passes_so_that_it_is_dead_lettered(shared_topic: FilterPolicyMatcher) -> None:
    assert shared_topic.matches({}, json.dumps({"order": 7}))
