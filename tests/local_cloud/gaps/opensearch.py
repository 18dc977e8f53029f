"""OpenSearch Service: the kind of addresses of a domain, and upgrades.

moto forgets a domain's IPAddressType, which the provider then sets with every plan, and knows no upgrades: to the
provider, a version that is not among the domain's compatible ones means a new domain.
"""

import functools
import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.es import urls
from moto.opensearch.models import OpenSearchDomain, OpenSearchServiceBackend
from moto.opensearch.responses import OpenSearchServiceResponse

from ..patching import add, replace

# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/what-is.html#choosing-version
VERSIONS = [
    *((1, minor) for minor in (0, 1, 2, 3)),
    *((2, minor) for minor in (3, 5, 7, 9, 11, 13, 15, 17, 19)),
    *((3, minor) for minor in (1, 3, 5)),
]


def close_gaps() -> None:
    """Keep IPAddressType, and carry out upgrades."""
    responses = OpenSearchServiceResponse
    replace(responses, "create_domain", _keeping_ip_address_type(responses.create_domain, "DomainStatus"))
    replace(
        responses,
        "update_domain_config",
        _keeping_ip_address_type(responses.update_domain_config, "DomainConfig"),
    )
    replace(OpenSearchDomain, "to_dict", _with_ip_address_type(OpenSearchDomain.to_dict))
    replace(OpenSearchDomain, "to_config_dict", _with_ip_address_type(OpenSearchDomain.to_config_dict))
    replace(OpenSearchServiceBackend, "get_compatible_versions", _get_compatible_versions)
    add(responses, "upgrade_domain", _upgrade_domain)
    add(responses, "get_upgrade_status", _get_upgrade_status)
    upgrade = "{0}/2021-01-01/opensearch/upgradeDomain"
    urls.url_paths |= {
        f"{upgrade}$": responses.dispatch,
        f"{upgrade}/(?P<domainname>[^/]+)/status$": responses.dispatch,
    }


def upgrades_from(version: str) -> list[str]:
    """Give the versions that a domain can be upgraded to, by names such as OpenSearch_2.19.

    Within its major version, and from the last minor one to the next major version.
    https://docs.aws.amazon.com/opensearch-service/latest/developerguide/version-migration.html
    """
    major, minor = (int(part) for part in version.removeprefix("OpenSearch_").split("."))
    last_minor = max((known for known in VERSIONS if known[0] == major), default=(major, minor))[1]
    majors = {major, major + 1} if minor == last_minor else {major}
    return [
        f"OpenSearch_{known[0]}.{known[1]}"
        for known in VERSIONS
        if known > (major, minor) and known[0] in majors
    ]


def _keeping_ip_address_type(
    original: Callable[[OpenSearchServiceResponse], str], member: str
) -> Callable[[OpenSearchServiceResponse], str]:
    @functools.wraps(original)
    def keep_ip_address_type(self: OpenSearchServiceResponse) -> str:
        answer: str = original(self)
        name = self._get_param("DomainName") or self.path.split("/")[-2]
        domain = self.opensearch_backend.domains[name]
        if chosen := self._get_param("IPAddressType"):
            vars(domain)["ip_address_type"] = chosen
            shown = domain.to_dict() if member == "DomainStatus" else domain.to_config_dict()
            answer = json.dumps({member: shown})
        return answer

    return keep_ip_address_type


def _with_ip_address_type(
    original: Callable[[OpenSearchDomain], dict[str, Any]],
) -> Callable[[OpenSearchDomain], dict[str, Any]]:
    @functools.wraps(original)
    def show_ip_address_type(self: OpenSearchDomain) -> dict[str, Any]:
        shown = original(self)
        value = getattr(self, "ip_address_type", "ipv4")
        return shown | {"IPAddressType": value if "DomainId" in shown else {"Options": value}}

    return show_ip_address_type


def _get_compatible_versions(self: OpenSearchServiceBackend, domain_name: str | None) -> list[dict[str, Any]]:
    versions = (
        [self.describe_domain(domain_name).engine_version.options]
        if domain_name
        else [f"OpenSearch_{major}.{minor}" for major, minor in VERSIONS]
    )
    return [{"SourceVersion": version, "TargetVersions": upgrades_from(version)} for version in versions]


def _upgrade_domain(self: OpenSearchServiceResponse) -> str:
    name, target = self._get_param("DomainName"), self._get_param("TargetVersion")
    domain = self.opensearch_backend.describe_domain(name)
    if target not in upgrades_from(domain.engine_version.options):
        raise JsonRESTError(
            "ValidationException", f"Cannot upgrade from {domain.engine_version.options} to {target}."
        )
    check_only = bool(self._get_param("PerformCheckOnly"))
    if not check_only:
        domain.engine_version.options = target
    return json.dumps({"DomainName": name, "TargetVersion": target, "PerformCheckOnly": check_only})


def _get_upgrade_status(self: OpenSearchServiceResponse) -> str:
    self.opensearch_backend.describe_domain(self.path.split("/")[-2])
    return json.dumps({"UpgradeStep": "UPGRADE", "StepStatus": "SUCCEEDED", "UpgradeName": "Upgrade"})
