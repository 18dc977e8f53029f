"""Delete some of the events that are older than they are to be kept. State: "Delete Expired".

Event: ``{"deletion": Deletion, "started": time, "execution": ARN}``, of the execution.
Answer: ``Deletion``, for the next round. The retention counts from when the execution was started: what is expired does
not change meanwhile.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from trailsearch.aws.telemetry import observed, report_deletion
from trailsearch.aws.tracing import subsegment
from trailsearch.contracts.errors import DeletionWithoutEffect
from trailsearch.contracts.messages import Deletion, to_payload
from trailsearch.contracts.settings import Settings, required
from trailsearch.search import SearchSettings, import_backend, search_backend
from trailsearch.search.backend import Expired, Retention

# A CloudSearch domain takes about one batch each ten seconds:
# https://docs.aws.amazon.com/cloudsearch/latest/developerguide/limits.html
WAIT_SECONDS = 10
LONGEST_WAIT_SECONDS = 600
# An hour of longer and longer waits: a domain that is changed or busy shows late what it has deleted.
MAX_ROUNDS_WITHOUT_EFFECT = 11

import_backend("retention")


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Handle one round.

    Raises:
        DeletionWithoutEffect: see ``delete_expired``.
        SettingMissing: the function lacks an environment variable.
    """
    settings = Settings.from_environment()
    endpoint = required("SEARCH_ENDPOINT", settings.search_endpoint)
    search_endpoint = required("SEARCH_QUERY_ENDPOINT", settings.search_query_endpoint)
    days = required("SEARCH_RETENTION_DAYS", settings.search_retention_days)
    before = datetime.fromisoformat(event["started"]).astimezone(UTC) - timedelta(days=days)
    earlier = msgspec.convert(event["deletion"], Deletion)
    backend = search_backend(SearchSettings.of_function(settings))
    deletion = delete_expired(before, earlier, backend.retention(endpoint, search_endpoint))
    report_deletion(deletion, earlier)
    return to_payload(deletion)


def delete_expired(before: datetime, earlier: Deletion, retention: Retention) -> Deletion:
    """Delete as many expired events as the search domain takes at once, and look what has become of earlier ones.

    The first round only counts: of what is deleted although the answer is lost, nobody would know how much it was.

    Raises:
        DeletionWithoutEffect: of what was accepted to be deleted for about an hour, nothing was.
        SearchThrottled, SearchUnavailable, SearchAccessDenied, BatchRefused: see ``Retention``.
    """
    if earlier.expired is None:
        with subsegment("Count expired events", before=before.isoformat()):
            found = retention.find(before)
        first = Deletion(before=before.isoformat(), expired=found.documents, left=found.documents)
        return _after_round(first, found, without_effect=0)
    with subsegment("Delete expired events", before=before.isoformat()):
        found = retention.delete_some(before)
    left = min(earlier.left, found.documents)
    known = dict.fromkeys((*earlier.indices, *earlier.indices_left))
    gone = tuple(index for index in known if index in earlier.indices or index not in found.indices)
    effect = left < earlier.left or len(gone) > len(earlier.indices) or found == Expired(0)
    without_effect = 0 if effect else earlier.without_effect + 1
    if without_effect > MAX_ROUNDS_WITHOUT_EFFECT:
        raise DeletionWithoutEffect(
            f"The search domain has {found.documents:,} events before {before.isoformat()}, and had {earlier.left:,}"
            f" {without_effect} rounds ago, though it has accepted each time that they be deleted. Either it does not"
            " index what it accepts, or somebody indexes old logs as fast as they are deleted"
        )
    later = msgspec.structs.replace(
        earlier, before=before.isoformat(), left=left, documents=earlier.expired - left, indices=gone
    )
    return _after_round(later, found, without_effect)


def _after_round(deletion: Deletion, found: Expired, without_effect: int) -> Deletion:
    return msgspec.structs.replace(
        deletion,
        indices_left=found.indices,
        rounds=deletion.rounds + 1,
        without_effect=without_effect,
        more=found != Expired(0),
        wait_seconds=min(WAIT_SECONDS << without_effect, LONGEST_WAIT_SECONDS),
    )
