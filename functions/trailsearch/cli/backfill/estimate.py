"""What a backfill will take: Counted → Estimate. Pure.

Logs are only listed, not read: how many events they have, the plan reckons from the size of each. Dollars are those of the cost model for
executions in which nothing fails, at us-east-1's prices, without what the search domain takes for holding more events.
"""

import math
from typing import NamedTuple

import msgspec

from trailsearch.cli.cost.inputs import Model, Settings
from trailsearch.cli.cost.model import Delivery, count, function_seconds, staging_puts, variable_dollars
from trailsearch.cli.cost.search_domain import max_batch_bytes
from trailsearch.contracts.backfill import Counted
from trailsearch.search import Backend
from trailsearch.workflow.backfill_parts import LOGS_PER_MESSAGE

_LISTED_AT_ONCE = 1_000  # keys, by one request to S3, which costs as much as one that writes


class Estimate(NamedTuple):
    """About how many events there are, GB that they take in the search domain (each copy), dollars, and hours."""

    events: float
    domain_gb: float
    dollars: float
    hours: float


def estimate(counted: Counted, settings: Settings, model: Model, states_per_part: int) -> Estimate:
    """Reckon what it takes to index what a plan has counted, one part after the other.

    ``states_per_part`` is how many states of the backfill's own state machine a part enters.
    """
    if not counted.parts:
        return Estimate(0, 0, 0, 0)
    taken, backend = model.assumptions.backfill, settings.search_backend
    events = counted.events
    document_bytes = model.measured.events.document_bytes[backend]
    stored_bytes = (
        model.assumptions.opensearch.index_bytes if backend is Backend.OPENSEARCH else document_bytes
    )
    staged = events * model.measured.events.staged_bytes / counted.parts
    documents = events * document_bytes / counted.parts
    batches = math.ceil(documents / max_batch_bytes(settings))
    logs = counted.logs / counted.parts
    delivery = Delivery(
        math.ceil(logs / LOGS_PER_MESSAGE), logs, batches, staging_puts(round(staged)), staged, documents
    )
    once = count(delivery, settings, model)
    # What is planned comes by no topic, queue or Pipe. It is listed, a part is written, read, and marked as done.
    counts = msgspec.structs.replace(
        once,
        sns_publishes=0,
        sqs_requests=0,
        pipe_requests=0,
        state_transitions=once.state_transitions + states_per_part,
        s3_gets=once.s3_gets + 1,
        s3_puts=once.s3_puts + 2 + logs / _LISTED_AT_ONCE,
    ).times(counted.parts)
    dollars = math.fsum(variable_dollars(counts, model.prices, backend).values())
    seconds = function_seconds(delivery, settings, model)
    uploading = seconds["index_batch"]
    if backend is Backend.CLOUDSEARCH:
        uploading = max(uploading, batches * taken.cloudsearch_seconds_per_batch)
    else:
        uploading /= settings.opensearch_instance_count
    hours = counted.parts * (seconds["fetch_logs"] + seconds["split_records"] + uploading) / 3600
    return Estimate(events, events * stored_bytes / 1e9, dollars, hours)
