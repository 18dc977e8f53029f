"""Nothing of the caller's account, proxies and plans gets into the local cloud."""

import os

import pytest

from tests.local_cloud.process import LocalCloud
from tests.local_cloud.sealing import own_variables, proxies, sealed

OF_A_CALLER = (
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_ROLE_ARN"),
    *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION"),
    *(
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_USE_FIPS_ENDPOINT",
    ),
    *(
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_DATA_PATH",
        "AWS_ACCESS_KEY_ID",
    ),
    *(
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
    ),
    *("TF_VAR_search_backend", "TF_CLI_ARGS", "TF_CLI_ARGS_apply", "TF_WORKSPACE", "TF_DATA_DIR"),
)
"""Variables of which each has been seen to lead a client or Terraform elsewhere."""


@pytest.fixture(autouse=True)
def _caller(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OF_A_CALLER:
        monkeypatch.setenv(name, "mine")


def test_nothing_of_the_caller_reaches_what_is_run_against_the_local_cloud() -> None:
    environment = LocalCloud(region="eu-west-1").environment()
    assert [name for name, value in environment.items() if value == "mine"] == []
    assert environment.items() >= own_variables("", "eu-west-1").items()


def test_nothing_of_the_caller_stays_in_a_process_that_turns_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    environment: dict[str, str] = dict(os.environ)
    monkeypatch.setattr(os, "environ", environment)
    LocalCloud().enter()
    assert "mine" not in environment.values()
    assert environment["PATH"]


def test_what_has_nothing_to_do_with_it_stays() -> None:
    others = {
        "PATH": "/bin",
        "TF_CLI_CONFIG_FILE": "rc",
        "GOPROXY": "direct",
        "OPENSEARCH_URL": "http://127.0.0.1",
    }
    assert sealed({**others, "AWS_PROFILE": "mine"}) == others


def test_the_proxies_are_kept_for_who_asks_terraform_s_registry() -> None:
    assert set(proxies(os.environ)) == {name for name in OF_A_CALLER if name.lower().endswith("_proxy")}
