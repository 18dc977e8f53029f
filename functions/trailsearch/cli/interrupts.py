"""Ctrl-C between the calls of AWS, not in the middle of one."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def deferred_interrupt() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block, however that ends, and raise KeyboardInterrupt there. For the main thread alone.

    A block within such a block leaves it to the outer one.

    A call that is cut off may have taken place all the same: messages are received and nobody knows their
    receipt handles, or sent and not deleted.
    """
    interrupted = False

    def remember(_signal: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True

    previous = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if interrupted and callable(previous):
            previous(signal.SIGINT, None)
