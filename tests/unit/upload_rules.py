"""The upload rules of Amazon CloudSearch, written down once more for tests to judge by.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/preparing-data.html
https://docs.aws.amazon.com/cloudsearch/latest/developerguide/limits.html
"""

import json
import re
from datetime import datetime
from typing import Any

MAX_DOCUMENT_BYTES, MAX_BATCH_BYTES = 1024 * 1024, 5_000_000
XML_CHARACTERS = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd]*")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")
TEXT = {"raw", "error_message", "user_agent"}
TIMES = {"event_time", "session_created"}
ARRAYS = {"resource_names", "resource_arns", "resource_types", "account_ids"}


def assert_obeys(operation: bytes) -> dict[str, Any]:
    """Assert that one ``add`` operation obeys the rules, and give it decoded."""
    assert len(operation) <= MAX_DOCUMENT_BYTES
    add: dict[str, Any] = json.loads(operation.decode())
    assert set(add) == {"type", "id", "fields"}
    assert add["type"] == "add"
    assert re.fullmatch(r"[A-Za-z0-9_\-=#;:/?@&]{1,128}", add["id"])
    for name, value in add["fields"].items():
        values = value if name in ARRAYS else [value]
        assert 1 <= len(values) <= 1000
        for item in values:
            assert isinstance(item, str)
            assert XML_CHARACTERS.fullmatch(item)
            assert name in TEXT or len(item) <= 4096
    for name in TIMES & add["fields"].keys():
        assert DATE.fullmatch(add["fields"][name])
        datetime.fromisoformat(add["fields"][name])
    return add
