"""Requests to the configuration service (AWS Query) and to the document and search services (REST, JSON)."""

import json
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.request import Request
from moto.core.responses import ActionResult, BaseResponse

from .error_answers import document_service_error, search_error
from .exceptions import DocumentServiceException
from .models import CloudSearchBackend, Domain, Option, cloudsearch_backends
from .schema import IndexField
from .upload_request import charset_of


class CloudSearchResponse(BaseResponse):
    """The configuration service. Answers are serialized by moto from the service model."""

    def __init__(self) -> None:
        super().__init__(service_name="cloudsearch")
        self.automated_parameter_parsing = True

    @property
    def cloudsearch_backend(self) -> CloudSearchBackend:
        return cloudsearch_backends[self.current_account][self.region]

    @property
    def domain(self) -> Domain:
        return self.cloudsearch_backend.domain(self._get_param("DomainName"))

    def _status(self, domain: Domain) -> dict[str, Any]:
        return domain.status(self.normalized_request.host_url)

    def create_domain(self) -> ActionResult:
        domain = self.cloudsearch_backend.create_domain(self._get_param("DomainName"))
        return ActionResult({"DomainStatus": self._status(domain)})

    def describe_domains(self) -> ActionResult:
        names = self._get_param("DomainNames")
        domains = self.cloudsearch_backend.domains.values()
        chosen = [domain for domain in domains if not names or domain.name in names]
        return ActionResult({"DomainStatusList": [self._status(domain) for domain in chosen]})

    def list_domain_names(self) -> ActionResult:
        return ActionResult({"DomainNames": dict.fromkeys(self.cloudsearch_backend.domains, "2013-01-01")})

    def delete_domain(self) -> ActionResult:
        domain = self.cloudsearch_backend.delete_domain(self._get_param("DomainName"))
        return ActionResult({"DomainStatus": {**self._status(domain), "Deleted": True}} if domain else {})

    def define_index_field(self) -> ActionResult:
        index_field = IndexField.from_api(self._get_param("IndexField"))
        return ActionResult({"IndexField": self.domain.define_index_field(index_field).to_api()})

    def describe_index_fields(self) -> ActionResult:
        names = self._get_param("FieldNames")
        options = sorted(self.domain.index_fields.items())
        return ActionResult(
            {"IndexFields": [option.to_api() for name, option in options if not names or name in names]}
        )

    def delete_index_field(self) -> ActionResult:
        option = self.domain.delete_index_field(self._get_param("IndexFieldName"))
        return ActionResult({"IndexField": option.to_api()})

    def index_documents(self) -> ActionResult:
        return ActionResult({"FieldNames": self.domain.index_documents()})

    def _describe(self, member: str, option: Option) -> ActionResult:
        return ActionResult({member: option.to_api()})

    def _update(self, member: str, option: Option, value: Any) -> ActionResult:
        option.update(value)
        return self._describe(member, option)

    def describe_scaling_parameters(self) -> ActionResult:
        return self._describe("ScalingParameters", self.domain.scaling_parameters)

    def update_scaling_parameters(self) -> ActionResult:
        value = self._get_param("ScalingParameters")
        return self._update("ScalingParameters", self.domain.scaling_parameters, value)

    def describe_availability_options(self) -> ActionResult:
        return self._describe("AvailabilityOptions", self.domain.availability_options)

    def update_availability_options(self) -> ActionResult:
        value = self._get_param("MultiAZ")
        return self._update("AvailabilityOptions", self.domain.availability_options, value)

    def describe_domain_endpoint_options(self) -> ActionResult:
        return self._describe("DomainEndpointOptions", self.domain.endpoint_options)

    def update_domain_endpoint_options(self) -> ActionResult:
        option = self.domain.endpoint_options
        value = option.value | self._get_param("DomainEndpointOptions")
        return self._update("DomainEndpointOptions", option, value)

    def describe_service_access_policies(self) -> ActionResult:
        return self._describe("AccessPolicies", self.domain.access_policies)

    def update_service_access_policies(self) -> ActionResult:
        value = self._get_param("AccessPolicies")
        return self._update("AccessPolicies", self.domain.access_policies, value)

    def describe_analysis_schemes(self) -> ActionResult:
        assert self.domain
        return ActionResult({"AnalysisSchemes": []})


class CloudSearchDomainResponse:
    """The document and search services of one domain."""

    @staticmethod
    def upload_documents(request: Request, full_url: str, headers: Any) -> TYPE_RESPONSE:
        domain = _domain(request)
        if not domain:
            return _json(404, document_service_error([f"No domain at {request.path}"]))
        try:
            charset = charset_of(request)
        except DocumentServiceException as error:
            return _json(error.status, document_service_error(error.messages))
        return _json(*domain.upload(request.get_data(), charset))

    @staticmethod
    def search(request: Request, full_url: str, headers: Any) -> TYPE_RESPONSE:
        domain = _domain(request)
        if not domain:
            return _json(404, search_error(f"No domain at {request.path}", ""))
        # "Parameters cannot be repeated in a search request":
        # https://docs.aws.amazon.com/cloudsearch/latest/developerguide/migrating.html
        if repeated := [name for name, values in request.values.lists() if len(values) > 1]:
            return _json(400, search_error(f"Parameter '{repeated[0]}' is repeated", ""))
        return _json(*domain.search(request.values.to_dict()))

    @staticmethod
    def suggest(request: Request, full_url: str, headers: Any) -> TYPE_RESPONSE:
        return _json(501, search_error("Suggestions are not supported by moto", ""))


def _domain(request: Request) -> Domain | None:
    service_region, account_id, name = request.path.strip("/").split("/")[:3]
    region = service_region.removeprefix("cloudsearch_")
    accounts = cloudsearch_backends
    if account_id not in accounts or region not in accounts[account_id]:
        return None
    return accounts[account_id][region].domains.get(name)


def _json(status: int, answer: dict[str, Any]) -> TYPE_RESPONSE:
    return status, {"Content-Type": "application/json"}, json.dumps(answer)
