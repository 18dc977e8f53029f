"""Which seed finds which planted bug: what ``python -m tests.simulation.planted`` prints."""

from collections.abc import Mapping

from tests.simulation.planted.hunt import Found

FOUND: Mapping[str, Found] = {
    "Fetch Logs has no Catch": Found(0, "untrue"),
    "Split Records has no Catch": Found(33, "untrue"),
    "Index Batch has no Catch": Found(0, "untrue"),
    "Fetch Logs is tried again without limit": Found(0, "lost"),
    "Index Batch is tried again without limit": Found(0, "lost"),
    "a batch that fails is not kept": Found(37, "untrue"),
    "refused documents are not dead-lettered": Found(0, "lost"),
    "a batch that fails is not dead-lettered": Found(1, "lost"),
    "of the dead letters, those of logs are forgotten": Found(0, "lost"),
    "a dead letter is written twice": Found(0, "doubled"),
    "a message of several is not isolated": Found(0, "untrue"),
    "a log of several is not isolated": Found(0, "lost"),
    "an isolation starts the first message only": Found(0, "lost"),
    "Split Records forgets redriven batches": Found(5, "lost"),
    "Split Records forgets dead letters": Found(0, "lost"),
    "a dead letter has the message in place of its body": Found(0, "untrue"),
    "Index Batch is given up before its function is": Found(0, "untrue"),
    "a message is visible again after a second": Found(0, "untrue"),
    "messages are kept for ten minutes": Found(1, "lost"),
    "handled executions are dead-lettered too": Found(0, "untrue"),
    "fetch_logs has a second": Found(0, "untrue"),
    "index_batch has a second": Found(0, "untrue"),
    "an event's id changes with the hour": Found(3, "untrue"),
    "events without a time are left out beside others": Found(0, "lost"),
    "executions share their records": Found(0, "lost"),
    "executions share their batches": Found(3, "lost"),
    "a log that is cut short is taken for a whole one": Found(3, "lost"),
    "taking a message apart loses the last part": Found(3, "lost"),
    "large messages are not set aside": Found(1, "limit"),
    "large messages are cut": Found(0, "untrue"),
    "a refused batch is not halved": Found(1, "untrue"),
    "an isolation takes along a neighbour": Found(3, "untrue"),
    "refused documents are counted as indexed": Found(0, "lost"),
    "documents that are throttled are counted as indexed": Found(9, "lost"),
    "documents that are throttled are taken for refused": Found(9, "untrue"),
}
