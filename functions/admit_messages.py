"""Make room for every message of a batch in an execution's input. The Pipe's enrichment.

Event: the array of SQS messages of a batch, as the Pipe delivers it
(https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html). Answer: the same messages in the same
order, of which large ones are set aside; it is the input of the execution that the Pipe starts.

A batch fails as a whole here ("Partial batch failure handling for enrichment is not supported",
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html), so nothing that a message says
is an error: it is judged in the execution, where it concerns nobody else. S3 alone can fail.
"""

from contextlib import suppress
from functools import cache
from typing import Any

from trailsearch.aws import clients
from trailsearch.aws.telemetry import observed, report_admitted
from trailsearch.contracts.errors import TrailsearchError
from trailsearch.contracts.messages import LargeMessage
from trailsearch.contracts.settings import Settings, required
from trailsearch.workflow.room import with_room
from trailsearch.workflow.staging import Staging


@observed
def handler(event: list[dict[str, Any]], _context: Any) -> list[dict[str, Any]]:
    """Handle one batch of the Pipe."""
    admitted = [_admit(record) for record in event]
    report_admitted(
        len(event),
        sum(after["body"] != before["body"] for after, before in zip(admitted, event, strict=True)),
    )
    return admitted


def _admit(record: dict[str, Any]) -> dict[str, Any]:
    if redriven := LargeMessage.from_body(record["body"]):
        # It is kept for as long as a new dead letter about it. Where that cannot be, the execution finds out why.
        with suppress(TrailsearchError):
            _stage().get_message(redriven)
    return with_room(record, _stage)


@cache
def _stage() -> Staging:
    """Give the staging bucket. The client is made for the first large message: few batches have one."""
    bucket = required("STAGING_BUCKET", Settings.from_environment().staging_bucket)
    return Staging(clients.s3(), bucket)
