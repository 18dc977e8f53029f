"""OpenSearch Service: what the provider asks moto for."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.gaps.opensearch import upgrades_from
from tests.unit.local_cloud.conftest import Client


@pytest.fixture
def opensearch(client: Client) -> Any:
    return client("opensearch")


@pytest.fixture
def domain(opensearch: Any) -> Any:
    name = "gaps-of-opensearch"
    opensearch.create_domain(DomainName=name, EngineVersion="OpenSearch_2.19", IPAddressType="dualstack")
    yield name
    opensearch.delete_domain(DomainName=name)


def test_the_kind_of_addresses_is_kept(opensearch: Any, domain: str) -> None:
    assert opensearch.describe_domain(DomainName=domain)["DomainStatus"]["IPAddressType"] == "dualstack"
    opensearch.update_domain_config(DomainName=domain, IPAddressType="ipv4")
    assert opensearch.describe_domain(DomainName=domain)["DomainStatus"]["IPAddressType"] == "ipv4"
    config = opensearch.describe_domain_config(DomainName=domain)["DomainConfig"]
    assert config["IPAddressType"]["Options"] == "ipv4"


def test_a_domain_is_upgraded_to_a_compatible_version(opensearch: Any, domain: str) -> None:
    (versions,) = opensearch.get_compatible_versions(DomainName=domain)["CompatibleVersions"]
    assert versions["TargetVersions"] == ["OpenSearch_3.1", "OpenSearch_3.3", "OpenSearch_3.5"]
    opensearch.upgrade_domain(DomainName=domain, TargetVersion="OpenSearch_3.5", PerformCheckOnly=True)
    assert opensearch.describe_domain(DomainName=domain)["DomainStatus"]["EngineVersion"] == "OpenSearch_2.19"
    opensearch.upgrade_domain(DomainName=domain, TargetVersion="OpenSearch_3.5")
    assert opensearch.get_upgrade_status(DomainName=domain)["StepStatus"] == "SUCCEEDED"
    assert opensearch.describe_domain(DomainName=domain)["DomainStatus"]["EngineVersion"] == "OpenSearch_3.5"


def test_a_domain_is_not_upgraded_to_another(opensearch: Any, domain: str) -> None:
    with pytest.raises(ClientError, match="Cannot upgrade from OpenSearch_2"):
        opensearch.upgrade_domain(DomainName=domain, TargetVersion="OpenSearch_1.3")


@pytest.mark.parametrize(
    ("version", "upgrades"),
    [
        ("OpenSearch_3.5", []),
        ("OpenSearch_3.3", ["OpenSearch_3.5"]),
        ("OpenSearch_2.17", ["OpenSearch_2.19"]),
        ("OpenSearch_1.2", ["OpenSearch_1.3"]),
    ],
)
def test_only_the_last_of_a_major_version_goes_to_the_next(version: str, upgrades: list[str]) -> None:
    assert upgrades_from(version) == upgrades
