"""External calls at the same time, a bounded number of them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_ahead(call: Callable[[_Item], _Result], items: Iterable[_Item], at_once: int) -> Iterator[_Result]:
    """Call a function for each item, in threads, while the results before it are used.

    Unlike ``Executor.map`` of Python 3.13, which takes all items at once, it takes the next item only where fewer than
    ``at_once`` results wait: memory is bounded by that many items and results, and the one in use.

    Yields:
        The results, in the order of the items.

    Raises:
        Exception: whatever a call raises, in its turn. Calls that have not begun are not made then.
    """
    pending: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(at_once)
    try:
        for item in items:
            if len(pending) == at_once:
                yield pending.popleft().result()
            pending.append(pool.submit(call, item))
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
