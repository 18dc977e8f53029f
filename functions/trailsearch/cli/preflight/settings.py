"""What is to be deployed, and where Terraform keeps its state: read from Terraform's own files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from trailsearch.cli.terraform_settings import SettingsUnreadable, load, variables
from trailsearch.search import Backend


class Notifications(msgspec.Struct, frozen=True):
    """A bucket whose event notifications go to the ingest queue, and the account that owns it; None: this one."""

    bucket: str
    account_id: str | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The variables that something can be looked up for (``terraform/variables.tf``)."""

    environment: str
    region: str
    search_backend: Backend
    create_trail: bool
    log_bucket_names: tuple[str, ...]
    log_topic_arns: tuple[str, ...]
    log_bucket_notifications: tuple[Notifications, ...]
    access_log_bucket_name: str | None
    reserved_concurrency: Mapping[str, int]
    alarm_topic_arns: tuple[str, ...]
    opensearch_engine_version: str
    opensearch_instance_type: str
    opensearch_instance_count: int
    opensearch_zone_count: int
    opensearch_master_instance_type: str | None

    @property
    def prefix(self) -> str:
        """How all names begin (``terraform/locals.tf``)."""
        return f"trailsearch-{self.environment}"


class StateBackend(msgspec.Struct, frozen=True):
    """Where Terraform keeps the state (https://developer.hashicorp.com/terraform/language/backend/s3)."""

    bucket: str
    key: str
    region: str


def read_settings(folder: Path, var_files: Sequence[Path]) -> Settings:
    """Read the settings, as Terraform takes them.

    Raises:
        SettingsUnreadable: a file is not there or no HCL, or a variable is missing or not what it must be.
    """
    values = variables(folder, var_files)
    try:
        # Terraform takes "3" for 3 and "true" for true, too.
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsUnreadable(f"{', '.join(map(str, var_files))}: {error}") from error


def read_state_backend(path: Path) -> StateBackend:
    """Read a backend file. Raises as ``read_settings`` does."""
    try:
        return msgspec.convert(load(path), StateBackend)
    except msgspec.ValidationError as error:
        raise SettingsUnreadable(f"{path}: {error}") from error
