"""What the runtime knows of a function."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """A function as it is now. If it is equal to what it was, its workers can go on."""

    arn: str
    name: str
    region: str
    runtime: str
    handler: str
    code_sha256: str
    timeout_seconds: int
    memory_mb: int
    environment: tuple[tuple[str, str], ...]
    log_group: str
    log_format: str
    traced: bool
