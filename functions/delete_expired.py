"""Delete some of the events that are older than they are to be kept. State: "Delete Expired".

Event: ``{"deletion": Deletion, "started": time, "execution": ARN}``, of the execution.
Answer: ``Deletion``, for the next round. The retention counts from when the execution was started: what is expired does
not change meanwhile.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from trailsearch.aws.telemetry import observed, report_deletion
from trailsearch.aws.tracing import subsegment
from trailsearch.contracts.errors import DeletionWithoutEffect, SettingMissing
from trailsearch.contracts.messages import Deletion, to_payload
from trailsearch.contracts.settings import Settings
from trailsearch.search import SearchSettings, search_backend
from trailsearch.search.backend import Retention

_Value = TypeVar("_Value", str, int)

# A CloudSearch domain takes about one batch each ten seconds:
# https://docs.aws.amazon.com/cloudsearch/latest/developerguide/limits.html
WAIT_SECONDS = 10
LONGEST_WAIT_SECONDS = 600
# An hour of longer and longer waits: a domain that is changed or busy shows late what it has deleted.
MAX_ROUNDS_WITHOUT_EFFECT = 11


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Handle one round.

    Raises:
        DeletionWithoutEffect: see ``delete_expired``.
        SettingMissing: the function lacks an environment variable.
    """
    settings = Settings.from_environment()
    endpoint = _required("SEARCH_ENDPOINT", settings.search_endpoint)
    search_endpoint = _required("SEARCH_QUERY_ENDPOINT", settings.search_query_endpoint)
    days = _required("SEARCH_RETENTION_DAYS", settings.search_retention_days)
    before = datetime.fromisoformat(event["started"]).astimezone(UTC) - timedelta(days=days)
    earlier = msgspec.convert(event["deletion"], Deletion)
    backend = search_backend(SearchSettings.of_function(settings))
    deletion = delete_expired(before, earlier, backend.retention(endpoint, search_endpoint))
    report_deletion(deletion, earlier)
    return to_payload(deletion)


def delete_expired(before: datetime, earlier: Deletion, retention: Retention) -> Deletion:
    """Delete as many expired events as the search domain takes at once, and look whether earlier rounds had an effect.

    Raises:
        DeletionWithoutEffect: they had none, for about an hour.
        SearchThrottled, SearchUnavailable, SearchAccessDenied, BatchRefused: see ``Retention.delete_some``.
    """
    with subsegment("Delete expired events", before=before.isoformat()):
        deleted = retention.delete_some(before)
    expired = deleted.documents if earlier.expired is None else earlier.expired
    left = deleted.documents if earlier.expired is None else min(earlier.left, deleted.documents)
    new_indices = [index for index in deleted.indices if index not in earlier.indices]
    effect = earlier.expired is None or left < earlier.left or bool(new_indices) or not deleted.more
    without_effect = 0 if effect else earlier.without_effect + 1
    if without_effect > MAX_ROUNDS_WITHOUT_EFFECT:
        raise DeletionWithoutEffect(
            f"The search domain has {deleted.documents:,} events before {before.isoformat()}, and had {earlier.left:,}"
            f" {without_effect} rounds ago, though it has accepted each time that they be deleted. Either it does not"
            " index what it accepts, or somebody indexes old logs as fast as they are deleted"
        )
    return Deletion(
        before=before.isoformat(),
        expired=expired,
        left=left,
        documents=expired - left,
        indices=(*earlier.indices, *new_indices),
        rounds=earlier.rounds + 1,
        without_effect=without_effect,
        more=deleted.more,
        wait_seconds=min(WAIT_SECONDS << without_effect, LONGEST_WAIT_SECONDS),
    )


def _required(name: str, value: _Value | None) -> _Value:
    if value is None:
        raise SettingMissing(f"The environment variable {name} is not set")
    return value
