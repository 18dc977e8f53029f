import pytest

from trailsearch.contracts.errors import SettingMissing
from trailsearch.contracts.settings import Settings

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
)


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_environment(VARIABLES) == SETTINGS
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_environment() == SETTINGS


@pytest.mark.parametrize("name", ["ENVIRONMENT", "STAGING_BUCKET"])
def test_a_setting_that_is_missing_or_empty_is_named(name: str) -> None:
    others = {key: text for key, text in VARIABLES.items() if key != name}
    for variables in (others, others | {name: ""}):
        with pytest.raises(SettingMissing, match=f"The environment variable {name} is not set"):
            Settings.from_environment(variables)


def test_not_every_function_has_search_endpoints() -> None:
    others = {key: text for key, text in VARIABLES.items() if not key.endswith("_ENDPOINT")}
    for variables in (others, others | {"SEARCH_ENDPOINT": "", "SEARCH_QUERY_ENDPOINT": ""}):
        settings = Settings.from_environment(variables)
        assert (settings.search_endpoint, settings.search_query_endpoint) == (None, None)


def test_only_opensearch_has_numbers_to_set() -> None:
    settings = Settings.from_environment({"ENVIRONMENT": "prod", "STAGING_BUCKET": "staging"})
    assert (settings.search_max_batch_bytes, settings.search_shards, settings.search_replicas) == (None, 1, 0)


def test_only_delete_expired_has_a_retention() -> None:
    assert (
        Settings.from_environment({"ENVIRONMENT": "prod", "STAGING_BUCKET": "staging"}).search_retention_days
        is None
    )


@pytest.mark.parametrize(
    "name", ["SEARCH_MAX_BATCH_BYTES", "SEARCH_SHARDS", "SEARCH_REPLICAS", "SEARCH_RETENTION_DAYS"]
)
@pytest.mark.parametrize("value", ["many", "1.5", "-1"])
def test_a_number_that_is_none_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"The environment variable {name} is no number: {value}"):
        Settings.from_environment(VARIABLES | {name: value})
