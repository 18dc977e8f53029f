"""Sample contracts: what the functions answer in tests that script them."""

from trailsearch.contracts.messages import (
    BatchRef,
    DeadLetter,
    ErrorOutput,
    Indexed,
    Kind,
    LogRef,
    RecordsRef,
    Work,
)

RECORDS = RecordsRef("staging", "records/e.ndjson", records=3, bytes=300)
BATCH = BatchRef("staging", "batches/e/00001.json", documents=3, bytes=400)
OTHER_BATCH = BatchRef("staging", "batches/e/00002.json", documents=2, bytes=200, attempts=4)


def dead_letter(kind: Kind, state: str, why: str) -> DeadLetter:
    """Write a dead letter about the log or the documents that every test takes."""
    return DeadLetter(
        dead_letter=1,
        kind=kind,
        environment="test",
        state=state,
        execution="arn:aws:states:us-east-1:123456789012:execution:index-logs:e",
        failed_at="2023-07-10T12:12:05.000Z",
        error=ErrorOutput(why, f"s3://logs/key: {why}"),
        log=LogRef("logs", "key") if kind is Kind.LOG else None,
        batch=BATCH if kind is Kind.DOCUMENTS else None,
    )


UNREADABLE_LOG = dead_letter(Kind.LOG, "Fetch Logs", "LogCorrupt")
LARGE_DOCUMENT = dead_letter(Kind.DOCUMENTS, "Split Records", "DocumentTooLarge")
REFUSED_DOCUMENTS = dead_letter(Kind.DOCUMENTS, "Index Batch", "DocumentRefused")

FETCHED = Work(records=RECORDS)
SPLIT = Work(batches=(BATCH,))
INDEXED = Indexed(documents=3)
