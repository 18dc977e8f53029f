"""Addresses of the page, and what an address says."""

import json
from typing import Any
from urllib.parse import parse_qs, urlencode

from playwright.sync_api import Page

THIEF = "198.51.100.231"
"""The address that nobody but the thief of the story uses (``tests.log_generator.story``)."""


def having(field: str, *values: str, negated: bool = False) -> dict[str, Any]:
    """Write a filter as the page's address has it."""
    return {"fields": [field], "is": "is", "values": [*values], "not": negated}


def address(*filters: dict[str, Any], **parameters: str) -> str:
    """Write the address of a view."""
    said = [*parameters.items(), *(("filter", json.dumps(each)) for each in filters)]
    return f"?{urlencode(said or [('page', 'search')])}"


def said(page: Page) -> dict[str, str]:
    """Read what a page's address says, but its filters."""
    return {name: values[-1] for name, values in parse_qs(_query(page)).items() if name != "filter"}


def filters(page: Page) -> list[dict[str, Any]]:
    """Read the filters that a page's address says."""
    return [json.loads(each) for each in parse_qs(_query(page)).get("filter", [])]


def _query(page: Page) -> str:
    """Ask the page itself, as Playwright hears of a changed address a moment later."""
    return str(page.evaluate("location.search.slice(1)"))
