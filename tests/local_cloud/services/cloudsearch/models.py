"""CloudSearchBackend: the domains of one account and region."""

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from . import search_answer, search_request
from .documents import parse_batch
from .error_answers import document_service_error, search_error
from .exceptions import (
    DocumentServiceException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    SearchException,
    ValidationException,
)
from .index import SearchIndex
from .schema import IndexField, Schema

_DOMAIN_NAME = re.compile(r"[a-z][a-z0-9-]{2,27}")


@dataclass
class Option:
    """A configuration option of a domain with its `OptionStatus`."""

    value: Any
    state: str = "Active"
    pending_deletion: bool = False
    version: int = 1
    created: datetime = field(default_factory=utcnow)
    updated: datetime = field(default_factory=utcnow)

    def update(self, value: Any, state: str = "Active") -> None:
        """Set a new value; it is deployed at once unless `state` says otherwise."""
        self.value, self.state, self.pending_deletion = value, state, False
        self.version, self.updated = self.version + 1, utcnow()

    def to_api(self) -> dict[str, Any]:
        """Return the `Options` and `Status` members that every `...Status` shape of the API has."""
        return {
            "Options": self.value.to_api() if isinstance(self.value, IndexField) else self.value,
            "Status": {
                "CreationDate": self.created,
                "UpdateDate": self.updated,
                "UpdateVersion": self.version,
                "State": self.state,
                "PendingDeletion": self.pending_deletion,
            },
        }


class Domain:
    """A search domain: its configuration and its index.

    `index_fields` is what was configured; the index has what was deployed by the latest `index_documents`. One lock
    guards the index; batches are checked outside of it.
    """

    def __init__(self, name: str, account_id: str, region_name: str, partition: str) -> None:
        self.name = name
        self.account_id = account_id
        self.region_name = region_name
        self.arn = f"arn:{partition}:cloudsearch:{region_name}:{account_id}:domain/{name}"
        self.domain_id = f"{account_id}/{name}"
        self.path = f"cloudsearch_{region_name}/{account_id}/{name}"
        self.index_fields: dict[str, Option] = {}
        self._index = SearchIndex(Schema())
        self._lock = threading.Lock()
        self.scaling_parameters = Option({})
        self.availability_options = Option(value=False)
        self.endpoint_options = Option(
            {"EnforceHTTPS": False, "TLSSecurityPolicy": "Policy-Min-TLS-1-0-2019-07"}
        )
        self.access_policies = Option("")

    @property
    def requires_index_documents(self) -> bool:
        """Whether the configuration has changes that only `index_documents` deploys."""
        return any(option.state == "RequiresIndexDocuments" for option in self.index_fields.values())

    def define_index_field(self, index_field: IndexField) -> Option:
        """Add or replace the configuration of a field. It is deployed by `index_documents`."""
        if option := self.index_fields.get(index_field.name):
            option.update(index_field, "RequiresIndexDocuments")
        else:
            option = self.index_fields[index_field.name] = Option(index_field, "RequiresIndexDocuments")
        return option

    def delete_index_field(self, name: str) -> Option:
        """Mark a field for deletion, which `index_documents` carries out.

        Raises:
            ResourceNotFoundException: there is no such field.
        """
        if not (option := self.index_fields.get(name)):
            raise ResourceNotFoundException(f"Index field not found: {name}")
        option.update(option.value, "RequiresIndexDocuments")
        option.pending_deletion = True
        return option

    def index_documents(self) -> list[str]:
        """Deploy the configured fields and build the index again. Returns the names of the fields.

        Raises:
            ValidationException: a document has a value that is none of its field's new type. Nothing is deployed.
        """
        fields = {name: option for name, option in self.index_fields.items() if not option.pending_deletion}
        rebuilt = SearchIndex(Schema(option.value for option in fields.values()))
        with self._lock:
            try:
                operations = self._index.operations()
                while chunk := list(islice(operations, 10_000)):
                    rebuilt.apply(chunk)
            except ValueError as error:
                rebuilt.close()
                raise ValidationException(f"Documents do not fit the index fields: {error}") from None
            self._index.close()
            self._index = rebuilt
        self.index_fields = fields
        for option in fields.values():
            option.state = "Active"
        return list(rebuilt.schema)

    def upload(self, body: bytes, charset: str = "utf-8") -> tuple[int, dict[str, Any]]:
        """Apply a batch of documents in JSON, all or nothing. Returns the HTTP status and the answer."""
        try:
            batch = parse_batch(body, self._index.schema, charset)
        except DocumentServiceException as error:
            return error.status, document_service_error(error.messages)
        with self._lock:
            self._index.apply(batch.operations)
        deletes = sum(operation.fields is None for operation in batch.operations)
        answer = {"status": "success", "adds": len(batch.operations) - deletes, "deletes": deletes}
        if batch.warnings:
            answer["warnings"] = [{"message": warning} for warning in batch.warnings]
        return 200, answer

    def search(self, parameters: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer a search request from its decoded parameters. Returns the HTTP status and the answer."""
        started = time.perf_counter()
        request_id = mock_random.get_random_string(length=16)
        try:
            with self._lock:
                schema = self._index.schema
                search = search_request.parse_request(parameters, schema)
                result = self._index.search(search)
            answer = search_answer.answer(parameters, schema, search, result)
        except SearchException as error:
            return 400, search_error(str(error), request_id)
        elapsed = int((time.perf_counter() - started) * 1000)
        time_key = "timems" if parameters.get("format") == "sdk" else "time-ms"
        return 200, {"status": {"rid": request_id, time_key: elapsed}, **answer}

    def close(self) -> None:
        """Free the memory of the index."""
        with self._lock:
            self._index.close()

    def status(self, base_url: str) -> dict[str, Any]:
        """Return the `DomainStatus` of the API, with endpoints below `base_url`, which ends in a slash."""
        scaling = self.scaling_parameters.value
        endpoint = {"Endpoint": base_url + self.path}
        return {
            "DomainId": self.domain_id,
            "DomainName": self.name,
            "ARN": self.arn,
            "Created": True,
            "Deleted": False,
            "DocService": endpoint,
            "SearchService": endpoint,
            "RequiresIndexDocuments": self.requires_index_documents,
            "Processing": False,
            "SearchInstanceType": scaling.get("DesiredInstanceType", "search.small"),
            "SearchPartitionCount": scaling.get("DesiredPartitionCount") or 1,
            "SearchInstanceCount": scaling.get("DesiredReplicationCount") or 1,
            "Limits": {"MaximumReplicationCount": 5, "MaximumPartitionCount": 10},
        }


class CloudSearchBackend(BaseBackend):
    """The configuration service of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.domains: dict[str, Domain] = {}

    def create_domain(self, name: str) -> Domain:
        """Create an empty domain, ready at once.

        Raises:
            ValidationException: the name is not 3 to 28 of `a-z 0-9 -`, or does not begin with a letter.
            ResourceAlreadyExistsException: there is a domain of that name.
        """
        if not _DOMAIN_NAME.fullmatch(name):
            raise ValidationException(f"Invalid domain name: {name!r}")
        if name in self.domains:
            raise ResourceAlreadyExistsException(f"Domain already exists: {name}")
        self.domains[name] = Domain(name, self.account_id, self.region_name, self.partition)
        return self.domains[name]

    def domain(self, name: str) -> Domain:
        """Return a domain.

        Raises:
            ResourceNotFoundException: there is no such domain.
        """
        if not (domain := self.domains.get(name)):
            raise ResourceNotFoundException(f"Domain not found: {name}")
        return domain

    def delete_domain(self, name: str) -> Domain | None:
        """Delete a domain with its documents. No error if there is none, as in AWS."""
        if domain := self.domains.pop(name, None):
            domain.close()
        return domain

    def reset(self) -> None:
        for domain in self.domains.values():
            domain.close()
        super().reset()


cloudsearch_backends = BackendDict(CloudSearchBackend, "cloudsearch")
