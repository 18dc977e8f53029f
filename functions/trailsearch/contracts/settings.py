"""The functions' settings: environment variables that Terraform sets (``terraform/functions.tf``)."""

import os
from collections.abc import Mapping
from typing import Self

import msgspec

from trailsearch.contracts.errors import SettingMissing


class Settings(msgspec.Struct, frozen=True):
    """One function's settings. ``search_endpoint`` is set for index_batch alone."""

    environment: str
    staging_bucket: str
    search_endpoint: str | None = None

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> Self:
        """Read the settings.

        Raises:
            SettingMissing: a variable is not set; says which.
        """
        return cls(
            environment=_required("ENVIRONMENT", variables),
            staging_bucket=_required("STAGING_BUCKET", variables),
            search_endpoint=variables.get("SEARCH_ENDPOINT") or None,
        )


def _required(name: str, variables: Mapping[str, str]) -> str:
    if value := variables.get(name):
        return value
    raise SettingMissing(f"The environment variable {name} is not set")
