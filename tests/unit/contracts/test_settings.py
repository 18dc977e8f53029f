from typing import Any

import pytest

from trailsearch.contracts.errors import SettingMissing
from trailsearch.contracts.settings import Settings, required

VARIABLES = {
    "ENVIRONMENT": "prod",
    "STAGING_BUCKET": "staging",
    "SEARCH_BACKEND": "opensearch",
    "SEARCH_ENDPOINT": "doc-events.example.com",
    "SEARCH_MAX_BATCH_BYTES": "3000000",
    "SEARCH_SHARDS": "2",
    "SEARCH_REPLICAS": "1",
    "SEARCH_QUERY_ENDPOINT": "search-events.example.com",
    "SEARCH_RETENTION_DAYS": "90",
    "LOG_BUCKETS": "logs,other-logs",
}
SETTINGS = Settings(
    "prod",
    "staging",
    "opensearch",
    "doc-events.example.com",
    3_000_000,
    2,
    1,
    "search-events.example.com",
    90,
    frozenset({"logs", "other-logs"}),
)


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_environment(VARIABLES) == SETTINGS
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_environment() == SETTINGS


def test_a_setting_that_every_function_has_is_named_where_it_is_missing_or_empty() -> None:
    for variables in ({}, {"ENVIRONMENT": ""}):
        with pytest.raises(SettingMissing, match="The environment variable ENVIRONMENT is not set"):
            Settings.from_environment(variables)


def test_what_not_every_function_needs_may_be_missing_or_empty() -> None:
    for variables in ({}, dict.fromkeys(VARIABLES, "")):
        assert Settings.from_environment(variables | {"ENVIRONMENT": "prod"}) == Settings("prod")


@pytest.mark.parametrize("value", [None, "", frozenset()])
def test_a_setting_that_a_function_needs_is_named_where_it_is_missing(value: Any) -> None:
    with pytest.raises(SettingMissing, match="The environment variable LOG_BUCKETS is not set"):
        required("LOG_BUCKETS", value)


@pytest.mark.parametrize("value", ["bucket", 90, frozenset({"bucket"})])
def test_a_setting_that_a_function_needs_is_given(value: Any) -> None:
    assert required("ANY", value) == value


@pytest.mark.parametrize(
    "name", ["SEARCH_MAX_BATCH_BYTES", "SEARCH_SHARDS", "SEARCH_REPLICAS", "SEARCH_RETENTION_DAYS"]
)
@pytest.mark.parametrize("value", ["many", "1.5", "-1"])
def test_a_number_that_is_none_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"The environment variable {name} is no number: {value}"):
        Settings.from_environment(VARIABLES | {name: value})
