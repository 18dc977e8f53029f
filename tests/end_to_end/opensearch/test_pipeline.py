"""The pipeline on OpenSearch."""

import json

import msgspec

from tests.end_to_end.conftest import Pipeline
from tests.end_to_end.pipeline_tests import PipelineTests
from trailsearch.cli.dead_letters.dead_letter_queue import peek
from trailsearch.cli.environment import Queue
from trailsearch.contracts.errors import SearchUnavailable
from trailsearch.contracts.messages import BatchRef, DeadLetter, Execution, Kind
from trailsearch.search import Backend
from trailsearch.search.queries import Query


class TestOnOpenSearch(PipelineTests):
    backend = Backend.OPENSEARCH
    emoji = "event_name:Emoji"
    bad_query = ("event_name:[", "Failed to parse query [event_name:[]")


def test_a_document_that_the_domain_refuses_is_dead_lettered_alone(pipeline: Pipeline) -> None:
    """Split Records writes none that a domain refuses: here is a batch of another hand."""
    tested, outputs = pipeline.under_test(), pipeline.outputs
    index = f"{tested.prefix}-events-2014.09"
    fields: list[dict[str, object]] = [{"event_name": "ByHand"}, {"event_name": {"in": "a keyword"}}, {}]
    lines = [
        line
        for number, document in enumerate(fields)
        for line in (
            {"index": {"_index": index, "_id": f"by-hand-{number}"}},
            {"event_id": f"by-hand-{number}", "event_time": "2014-09-02T00:00:00Z", **document},
        )
    ]
    body = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    batch = BatchRef(outputs["staging_bucket_name"], "batches/by-hand/0.json", len(fields), len(body))
    tested.s3.put_object(Bucket=batch.bucket, Key=batch.key, Body=body)
    execution = Execution(f"{outputs['state_machine_arn']}:by-hand", "Index Batch", "local")
    letter = execution.dead_letter(Kind.BATCH, SearchUnavailable("HTTP 503"), batch=batch)
    tested.sqs.send_message(
        QueueUrl=outputs["ingest_queue_url"], MessageBody=msgspec.json.encode(letter).decode()
    )
    tested.wait_until_idle()
    with peek(Queue(tested.sqs, tested.dead_letter_queue, "")) as received:
        letters = [DeadLetter.from_body(message["Body"]) for message, _ in received]
    (refused,) = (
        each
        for each in letters
        if each and each.error.error == "DocumentRefused" and "by-hand" in each.error.cause
    )
    assert "by-hand-1" in refused.error.cause
    assert "failed to parse field [event_name] of type [keyword]" in refused.error.cause
    assert refused.batch
    assert list(tested.staged_documents(refused.batch.bucket, refused.batch.key)) == ["by-hand-1"]
    tested.show_all()
    found = tested.domain.search(Query("event_id:by\\-hand\\-*")).events
    assert {event["id"] for event in found} == {"by-hand-0", "by-hand-2"}
