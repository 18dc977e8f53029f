"""The functions' settings: environment variables that Terraform sets (``terraform/functions.tf``)."""

import os
from collections.abc import Mapping
from typing import Self, TypeVar

import msgspec

from trailsearch.contracts.errors import SettingMissing

_Default = TypeVar("_Default", int, None)
_Value = TypeVar("_Value", str, int, frozenset[str])


class Settings(msgspec.Struct, frozen=True):
    """One function's settings.

    ``staging_bucket`` is set for those of the workflow, as is ``ledger``, whether they keep one there, ``log_buckets``, the names of the buckets that logs are in, for
    fetch_logs, ``search_backend`` for split_records, index_batch and delete_expired, ``search_max_batch_bytes`` for
    split_records, ``search_endpoint``, where batches go, for index_batch and delete_expired, ``search_query_endpoint``,
    where searches go, and ``search_retention_days`` for delete_expired, ``ledger_retention_days`` for those that know of the
    ledger, ``ingest_queue_url`` for audit_logs, the others for index_batch alone.
    """

    environment: str
    staging_bucket: str | None = None
    search_backend: str | None = None
    search_endpoint: str | None = None
    search_max_batch_bytes: int | None = None
    search_shards: int = 1
    search_replicas: int = 0
    search_query_endpoint: str | None = None
    search_retention_days: int | None = None
    log_buckets: frozenset[str] = frozenset()
    ledger: bool = False
    ledger_retention_days: int | None = None
    ingest_queue_url: str | None = None

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> Self:
        """Read the settings.

        Raises:
            SettingMissing: the variable that every function has is not set.
            ValueError: a variable is not the number that it should be; says which.
        """
        return cls(
            environment=required("ENVIRONMENT", variables.get("ENVIRONMENT")),
            staging_bucket=variables.get("STAGING_BUCKET") or None,
            search_backend=variables.get("SEARCH_BACKEND") or None,
            search_endpoint=variables.get("SEARCH_ENDPOINT") or None,
            search_max_batch_bytes=_number("SEARCH_MAX_BATCH_BYTES", variables, None),
            search_shards=_number("SEARCH_SHARDS", variables, 1),
            search_replicas=_number("SEARCH_REPLICAS", variables, 0),
            search_query_endpoint=variables.get("SEARCH_QUERY_ENDPOINT") or None,
            search_retention_days=_number("SEARCH_RETENTION_DAYS", variables, None),
            log_buckets=frozenset(filter(None, variables.get("LOG_BUCKETS", "").split(","))),
            ledger=variables.get("LEDGER") == "true",
            ledger_retention_days=_number("LEDGER_RETENTION_DAYS", variables, None),
            ingest_queue_url=variables.get("INGEST_QUEUE_URL") or None,
        )


def required(name: str, value: _Value | None) -> _Value:
    """Give the value of a setting that a function needs, which the environment variable of this name has.

    Raises:
        SettingMissing: it is not set; says which.
    """
    if value is None or value in ("", frozenset()):
        raise SettingMissing(f"The environment variable {name} is not set")
    return value


def _number(name: str, variables: Mapping[str, str], default: _Default) -> int | _Default:
    value = variables.get(name)
    if not value:
        return default
    if not value.isdecimal():
        raise ValueError(f"The environment variable {name} is no number: {value}")
    return int(value)
