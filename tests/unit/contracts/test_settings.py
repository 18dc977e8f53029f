import pytest

from trailsearch.contracts.errors import SettingMissing
from trailsearch.contracts.settings import Settings

VARIABLES = {"ENVIRONMENT": "prod", "STAGING_BUCKET": "staging", "SEARCH_ENDPOINT": "doc-events.example.com"}


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_environment(VARIABLES) == Settings("prod", "staging", "doc-events.example.com")
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_environment() == Settings("prod", "staging", "doc-events.example.com")


@pytest.mark.parametrize("name", ["ENVIRONMENT", "STAGING_BUCKET"])
def test_a_setting_that_is_missing_or_empty_is_named(name: str) -> None:
    others = {key: text for key, text in VARIABLES.items() if key != name}
    for variables in (others, others | {name: ""}):
        with pytest.raises(SettingMissing, match=f"The environment variable {name} is not set"):
            Settings.from_environment(variables)


def test_only_index_batch_has_a_search_endpoint() -> None:
    others = {key: text for key, text in VARIABLES.items() if key != "SEARCH_ENDPOINT"}
    assert Settings.from_environment(others).search_endpoint is None
    assert Settings.from_environment(others | {"SEARCH_ENDPOINT": ""}).search_endpoint is None
