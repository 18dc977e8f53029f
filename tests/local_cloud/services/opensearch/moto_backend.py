"""The domains that moto keeps: each has an endpoint here, is empty when it is made, and its data end with it."""

import functools
import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.opensearch.models import OpenSearchDomain, OpenSearchServiceBackend, opensearch_backends
from moto.opensearch.responses import OpenSearchServiceResponse

from ...patching import replace
from .engines import EngineMissingError

PATH = "opensearch"


class _AlreadyExistsError(JsonRESTError):
    """There is a domain of that name, https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_CreateDomain.html."""

    code = 409


def register(open_domain: Callable[[], object], drop: Callable[[str, list[str]], None]) -> None:
    """Make moto of this process give its domains an endpoint.

    Args:
        open_domain: Called before a domain is made.
        drop: Called when one is made, as a node that outlives the local cloud may have what an earlier one held, and
            when one has ended: with its name and those of all domains that are there.

    Raises:
        MotoChangedError: What this changes in moto is no longer there.
    """
    create_domain = OpenSearchServiceResponse.create_domain
    delete_domain = OpenSearchServiceBackend.delete_domain
    reset = OpenSearchServiceBackend.reset

    @functools.wraps(create_domain)
    def create_domain_with_endpoint(self: OpenSearchServiceResponse) -> str:
        name = self._get_param("DomainName")
        if name in self.opensearch_backend.domains:
            raise _AlreadyExistsError("ResourceAlreadyExistsException", f"Domain {name} already exists.")
        try:
            open_domain()
        except EngineMissingError as error:
            raise JsonRESTError("ValidationException", str(error)) from error
        status: dict[str, Any] = json.loads(create_domain(self))["DomainStatus"]
        domain = self.opensearch_backend.domains[status["DomainName"]]
        drop(domain.domain_name, _names())
        if domain.vpc_options is None:
            host_url = self.normalized_request.host_url
            domain.endpoint = f"{host_url}{PATH}/{self.region}/{domain.domain_name}"
        return json.dumps({"DomainStatus": domain.to_dict()})

    @functools.wraps(delete_domain)
    def delete_domain_and_data(self: OpenSearchServiceBackend, domain_name: str) -> OpenSearchDomain:
        domain = delete_domain(self, domain_name)
        drop(domain_name, _names())
        return domain

    def reset_and_drop_data(self: OpenSearchServiceBackend) -> None:
        for name in list(self.domains):
            drop(name, [])
        reset(self)

    replace(OpenSearchServiceResponse, "create_domain", create_domain_with_endpoint)
    replace(OpenSearchServiceBackend, "delete_domain", delete_domain_and_data)
    replace(OpenSearchServiceBackend, "reset", reset_and_drop_data)


def find_domain(region: str, name: str) -> OpenSearchDomain | None:
    """Give a domain of the local account, if there is one."""
    backends = opensearch_backends[DEFAULT_ACCOUNT_ID]
    found: OpenSearchDomain | None = backends[region].domains.get(name) if region in backends else None
    return found


def _names() -> list[str]:
    return [
        name
        for backends in opensearch_backends.values()
        for backend in backends.values()
        for name in backend.domains
    ]
