"""A local cloud in a process of its own: what it changes in moto must not reach the other tests of this one."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import boto3
import pytest

from tests.local_cloud.process import LocalCloud

Client = Callable[[str], Any]


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def client(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Makes a boto3 client of the local cloud."""
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    for name, value in cloud.environment().items():
        if name.startswith("AWS_") or name.lower() == "no_proxy":
            monkeypatch.setenv(name, value)
    return cast("Client", boto3.Session().client)
