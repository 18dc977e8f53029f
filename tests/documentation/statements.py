"""The policy statements that terraform/README.md gives to the owner of logs that are in another account."""

import json
from typing import Any

from tests.documentation import pages

# The names of the example.
BUCKET = "acme-organization-trail"
TOPIC = "arn:aws:sns:us-east-1:444455556666:organization-trail"


def statements(names: dict[str, str]) -> dict[str, Any]:
    """Give the statements by their Sid, with other names in place of some that they have.

    Raises:
        ValueError: the README shows no statements, or several lists of them, or a name is not in them.
    """
    shown = [fence.text for fence in pages.fences(pages.read(pages.TERRAFORM)) if fence.language == "json"]
    (text,) = shown
    for name, replacement in names.items():
        if name not in text:
            raise ValueError(f"no statement has {name}")
        text = text.replace(name, replacement)
    return {statement["Sid"]: statement for statement in json.loads(text)}
