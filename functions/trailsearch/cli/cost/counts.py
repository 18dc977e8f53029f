"""What AWS counts to write the bill."""

from typing import Final, Self

import msgspec

DAYS_PER_MONTH: Final = 30


class Counts(msgspec.Struct, frozen=True):
    """What AWS counts to write the bill."""

    executions: float = 0
    state_transitions: float = 0
    invocations: float = 0
    gb_seconds: float = 0
    storage_gb_seconds: float = 0
    s3_gets: float = 0
    s3_puts: float = 0
    staged_gb_months: float = 0
    sns_publishes: float = 0
    sqs_requests: float = 0
    pipe_requests: float = 0
    kms_requests: float = 0
    search_batches: float = 0
    log_gb: float = 0
    log_gb_months: float = 0
    traces: float = 0

    def __add__(self, other: Self) -> Self:
        """Add two counts, field by field."""
        return type(self)(
            *map(sum, zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True))
        )

    def times(self, factor: float) -> Self:
        """Multiply every field."""
        return type(self)(*(factor * value for value in msgspec.structs.astuple(self)))
