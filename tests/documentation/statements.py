"""The policy statements that terraform/README.md gives: to the owner of logs in another account, and to who verifies."""

import json
from typing import Any

from tests.documentation import pages

OF_OWNER, OF_VERIFIER = "Trailsearch", "Verify"
"""How the Sids begin of those for the owner of the logs, and for whoever runs `make verify`."""
# The names of the example.
BUCKET = "acme-organization-trail"
TOPIC = "arn:aws:sns:us-east-1:444455556666:organization-trail"


def statements(names: dict[str, str], of: str = OF_OWNER) -> dict[str, Any]:
    """Give the statements for somebody by their Sid, with other names in place of some that they have.

    Raises:
        ValueError: the README shows no such statements, or several lists of them, or a name is not in them.
    """
    shown = [fence.text for fence in pages.fences(pages.read(pages.TERRAFORM)) if fence.language == "json"]
    (text,) = [each for each in shown if f'"Sid": "{of}' in each]
    for name, replacement in names.items():
        if name not in text:
            raise ValueError(f"no statement has {name}")
        text = text.replace(name, replacement)
    return {statement["Sid"]: statement for statement in json.loads(text)}
