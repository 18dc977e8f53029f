"""Ctrl-C waits for the end of a block, and is never lost."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from trailsearch.cli.interrupts import deferred_interrupt


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def interrupted_block(done: list[str], *, fails: bool = False) -> None:
    with deferred_interrupt():
        press_ctrl_c()
        done.append("inner")
        if fails:
            raise ValueError


def test_an_interrupt_waits_for_the_end_of_the_block() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted_block(done)
    assert done == ["inner"]


def test_an_interrupt_is_not_lost_where_the_block_fails() -> None:
    with pytest.raises(KeyboardInterrupt) as raised:
        interrupted_block([], fails=True)
    assert isinstance(raised.value.__context__, ValueError)


def test_a_block_within_a_block_leaves_it_to_the_outer_one() -> None:
    done: list[str] = []

    def outer_block() -> None:
        with deferred_interrupt():
            interrupted_block(done)
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        outer_block()
    assert done == ["inner", "outer"]


def test_without_an_interrupt_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGINT)
    with deferred_interrupt():
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_who_ignores_interrupts_goes_on_to() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with deferred_interrupt():
            press_ctrl_c()
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_a_block_is_as_it_is() -> None:
    def block() -> str:
        with deferred_interrupt():
            return "done"

    with ThreadPoolExecutor() as pool:
        assert pool.submit(block).result() == "done"
