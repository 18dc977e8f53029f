"""CloudWatch Logs: saved queries, which moto does not know.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
"""

import json
import uuid
from typing import Any

from moto.core.utils import unix_time_millis
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.responses import LogsResponse

from ..patching import add

# By account and Region, then by id.
_saved: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}


def close_gaps() -> None:
    """Add the operations that Terraform's provider needs."""
    add(LogsResponse, "put_query_definition", _put_query_definition)
    add(LogsResponse, "describe_query_definitions", _describe_query_definitions)
    add(LogsResponse, "delete_query_definition", _delete_query_definition)


def _put_query_definition(self: LogsResponse) -> str:
    saved = _saved_of(self)
    identifier = self._get_param("queryDefinitionId") or str(uuid.uuid4())
    if self._get_param("queryDefinitionId") and identifier not in saved:
        raise ResourceNotFoundException
    saved[identifier] = {
        "queryDefinitionId": identifier,
        "name": self._get_param("name"),
        "queryString": self._get_param("queryString"),
        "logGroupNames": self._get_param("logGroupNames", []),
        "lastModified": int(unix_time_millis()),
    }
    return json.dumps({"queryDefinitionId": identifier})


def _describe_query_definitions(self: LogsResponse) -> str:
    prefix = self._get_param("queryDefinitionNamePrefix", "")
    found = [query for query in _saved_of(self).values() if query["name"].startswith(prefix)]
    return json.dumps({"queryDefinitions": found})


def _delete_query_definition(self: LogsResponse) -> str:
    if _saved_of(self).pop(self._get_param("queryDefinitionId"), None) is None:
        raise ResourceNotFoundException
    return json.dumps({"success": True})


def _saved_of(response: LogsResponse) -> dict[str, dict[str, Any]]:
    return _saved.setdefault((response.current_account, response.region), {})
