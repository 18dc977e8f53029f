"""The functions' settings: environment variables that Terraform sets (``terraform/functions.tf``)."""

import os
from collections.abc import Mapping
from typing import Self, TypeVar

import msgspec

from trailsearch.contracts.errors import SettingMissing

_Default = TypeVar("_Default", int, None)


class Settings(msgspec.Struct, frozen=True):
    """One function's settings.

    ``search_backend`` is set for split_records, index_batch and delete_expired, ``search_max_batch_bytes`` for
    split_records, ``search_endpoint``, where batches go, for index_batch and delete_expired, ``search_query_endpoint``,
    where searches go, and ``search_retention_days`` for delete_expired, the others for index_batch alone.
    """

    environment: str
    staging_bucket: str
    search_backend: str | None = None
    search_endpoint: str | None = None
    search_max_batch_bytes: int | None = None
    search_shards: int = 1
    search_replicas: int = 0
    search_query_endpoint: str | None = None
    search_retention_days: int | None = None

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> Self:
        """Read the settings.

        Raises:
            SettingMissing: a variable is not set; says which.
            ValueError: a variable is not the number that it should be; says which.
        """
        return cls(
            environment=_required("ENVIRONMENT", variables),
            staging_bucket=_required("STAGING_BUCKET", variables),
            search_backend=variables.get("SEARCH_BACKEND") or None,
            search_endpoint=variables.get("SEARCH_ENDPOINT") or None,
            search_max_batch_bytes=_number("SEARCH_MAX_BATCH_BYTES", variables, None),
            search_shards=_number("SEARCH_SHARDS", variables, 1),
            search_replicas=_number("SEARCH_REPLICAS", variables, 0),
            search_query_endpoint=variables.get("SEARCH_QUERY_ENDPOINT") or None,
            search_retention_days=_number("SEARCH_RETENTION_DAYS", variables, None),
        )


def _required(name: str, variables: Mapping[str, str]) -> str:
    if value := variables.get(name):
        return value
    raise SettingMissing(f"The environment variable {name} is not set")


def _number(name: str, variables: Mapping[str, str], default: _Default) -> int | _Default:
    value = variables.get(name)
    if not value:
        return default
    if not value.isdecimal():
        raise ValueError(f"The environment variable {name} is no number: {value}")
    return int(value)
