"""The saved queries that terraform/README.md names are there, and filter by what is really logged.

Nothing here runs Logs Insights. The fields that they ask for are held against logs of executions, end to end.
"""

import re

from tests.conftest import REPOSITORY
from tests.documentation import pages
from trailsearch.contracts import errors

QUERIES = (REPOSITORY / "terraform" / "queries.tf").read_text(encoding="utf-8")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "functions").rglob("*.py"))
)
# A line of OpenSearch's own log, as AWS shows it:
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createdomain-configure-slow-logs.html
OF_OPENSEARCH = (
    "[2026-11-26T19:00:00,123][WARN ][o.o.c.r.a.DiskThresholdMonitor] [node] high disk watermark exceeded"
)


def test_the_saved_queries_that_are_named_are_those_that_there_are() -> None:
    named = re.search(r"\*\*Saved queries\*\*(.*?)\n\n", pages.read(pages.TERRAFORM), re.DOTALL)
    assert named
    there = re.findall(r"^ {4}([a-z-]+) = \{$", QUERIES, re.MULTILINE)
    assert set(re.findall(r"`([a-z-]+)`", named[1])) == set(there)


def test_what_they_filter_messages_by_is_logged() -> None:
    messages = set(re.findall(r'\bmessage = "([^"]+)"', QUERIES))
    assert messages
    logged = set(re.findall(r'(?:logger\.\w+|report_work)\(\s*"([^"]+)"', SOURCES))
    assert messages <= logged


def test_errors_and_levels_that_they_filter_by_are_real_ones() -> None:
    names = {
        name
        for listed in re.findall(r"\berror in \[([^\]]*)\]", QUERIES)
        for name in re.findall(r'"(\w+)"', listed)
    }
    assert names
    assert names <= set(vars(errors))
    levels = {
        name
        for listed in re.findall(r"\blevel in \[([^\]]*)\]", QUERIES)
        for name in re.findall(r'"(\w+)"', listed)
    }
    assert {"WARNING", "ERROR"} <= levels <= {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


def test_a_line_of_opensearch_is_read_as_it_is_written() -> None:
    (pattern,) = re.findall(r"parse @message /(\\\[.*)/$", QUERIES, re.MULTILINE)
    found = re.search(pattern.replace("(?<", "(?P<"), OF_OPENSEARCH)
    assert found
    assert (found["level"], found["logger"]) == ("WARN", "o.o.c.r.a.DiskThresholdMonitor")
