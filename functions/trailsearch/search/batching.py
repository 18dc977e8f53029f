"""Documents → batches, by bytes."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from trailsearch.events.documents import Document
from trailsearch.search.backend import BatchFormat


class Batch:
    """Documents that are uploaded together, as the search domain takes them.

    ``body`` is no longer than ``max_batch_bytes``. ``oldest_event_time`` of the documents is ISO 8601 in UTC.
    """

    def __init__(self, batch_format: BatchFormat) -> None:
        self._format = batch_format
        self.body = bytearray()
        self.documents = 0
        self.oldest_event_time: str | None = None

    def add(self, documents: Sequence[Document], *, whole: bool = True) -> bool:
        """Add some documents, or none of them, if there is no room or they are together too large for a document.

        ``whole`` is that of ``BatchFormat.append``.
        """
        before = len(self.body)
        added = self._format.append(documents, self.body, whole=whole)
        if added > self._format.max_document_bytes or len(self.body) > self._format.max_batch_bytes:
            self._format.truncate(self.body, before)
            return False
        self.documents += len(documents)
        times = [time for document in documents if (time := document.fields.event_time)]
        if self.oldest_event_time:
            times.append(self.oldest_event_time)
        self.oldest_event_time = min(times, default=None)
        return True


def pack(
    runs: Iterable[Sequence[Document]], batch_format: BatchFormat, too_large: Callable[[Document], None]
) -> Iterator[Batch]:
    """Pack documents, in the order they come, into as few batches as that order allows.

    Args:
        runs: documents, some at once: a hundred are encoded together in two thirds of the time.
        batch_format: how to encode them, and whose limits count.
        too_large: called with each document that is larger than ``max_document_bytes``, even if it is not whole; it gets
            into no batch.

    Yields:
        One batch after the other; together they have all other documents. Memory is bounded by two batches.
    """
    batch = Batch(batch_format)
    for run in runs:
        pending = [run]
        while pending:
            documents = pending.pop()
            if batch.add(documents):
                continue
            if len(documents) > 1:
                middle = len(documents) // 2
                pending += [documents[middle:], documents[:middle]]
                continue
            alone = Batch(batch_format)
            if alone.add(documents) or alone.add(documents, whole=False):
                if (
                    batch.documents
                ):  # Nothing is in it where only its first document is too large to be whole.
                    yield batch
                batch = alone
            else:
                too_large(documents[0])
    if batch.documents:
        yield batch
