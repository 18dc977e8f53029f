"""Ctrl-C between the calls of AWS, not in the middle of one."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


@contextmanager
def deferred_interrupt() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block, however that ends, and raise KeyboardInterrupt there.

    A block within such a block leaves it to the outer one. Python interrupts its main thread alone: in any other, there is
    nothing to wait with.

    A call that is cut off may have taken place all the same: messages are received and nobody knows their
    receipt handles, or sent and not deleted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
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


def say_interrupts_in_one_line() -> None:
    """Let Ctrl-C end this program without a traceback where no command is there yet to handle it: while modules are imported."""
    otherwise = sys.excepthook

    def say_it(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt) and os.environ.get("DEBUG", "0") in {"", "0"}:
            sys.stderr.write("Error: Interrupted\n")
        else:
            otherwise(kind, error, trace)

    sys.excepthook = say_it
