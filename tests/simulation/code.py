"""Runs the product's own code within the simulated world: a greenlet, which waits where it calls AWS or sleeps.

The code is plain Python that knows nothing of the simulation. Each call of a client takes virtual time, in which all others
go on; so calls of functions that run at the same time come in any order. What the code knows of time and chance is
replaced, module by module (``in_virtual_time``): the clock of the machine that it runs on, which may be wrong, and a
generator that has a seed.
"""

import os
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from random import Random, uniform
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple, Self
from unittest.mock import patch

import simpy
from greenlet import getcurrent, greenlet

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""When the world begins: second 0 of its clock."""
CTRL_C = "Ctrl-C"
"""Who interrupts code with this does what Ctrl-C does; with anything else, it ends at once."""
_PRODUCT = (
    "trailsearch",
    "admit_messages",
    "audit_logs",
    "delete_expired",
    "fetch_logs",
    "index_batch",
    "plan_backfill",
    "split_records",
)


class Ended(BaseException):
    """The process that the code runs in is no more: it crashed, or was killed. The product catches no BaseException."""


class End(NamedTuple):
    """What code has come to: what it returned, or what it raised."""

    value: Any
    error: BaseException | None


class Code(greenlet):
    """Code of the product that runs as if in a process of its own.

    ``skew`` is how many seconds the clock of its machine is ahead; ``caller`` says who it is; ``environment`` are its
    variables; ``deadline`` is when it is ended, if it ever is; ``execution`` is the ARN of the one that it works for, if it does.
    """

    def __init__(
        self,
        env: simpy.Environment,
        run: Callable[[], Any],
        caller: str,
        random: Random,
        *,
        skew: float = 0.0,
        environment: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> None:
        super().__init__(run)
        self.env = env
        self.caller = caller
        self.random = random
        self.skew = skew
        self.environment = environment
        self.deadline = deadline
        self.execution = ""
        self.killed = False

    def process(self) -> Generator[simpy.Event, Any, "End"]:
        """Run it to its end: a process of SimPy, which raises nothing. Who interrupts it ends the code (``Ended``)."""
        self.parent = getcurrent()
        try:
            self._enter()
            event = self.switch()
            while not self.dead:
                try:
                    value = yield event
                except simpy.Interrupt as interrupt:
                    self._enter()
                    event = self.throw(self._interrupted(str(interrupt.cause)))
                else:
                    self._enter()
                    event = self.switch(value)
        except BaseException as error:  # noqa: BLE001  # It is for whoever runs the code.
            return End(None, error)
        return End(event, None)

    def _interrupted(self, cause: str) -> BaseException:
        if cause == CTRL_C:
            return KeyboardInterrupt()
        self.killed = True
        return Ended(cause)

    def _enter(self) -> None:
        global _entered  # noqa: PLW0603
        if self.environment is not None and self.environment is not _entered:
            for name in _entered or ():
                os.environ.pop(name, None)
            os.environ.update(self.environment)
            _entered = self.environment


_entered: Mapping[str, str] | None = None


def running() -> Code:
    """The code that runs now."""
    code = getcurrent()
    assert isinstance(code, Code), "this is called by code of the product alone, within the world"
    return code


def wait_for(event: simpy.Event) -> Any:
    """Let the code that runs wait for an event; gives its value."""
    code = running()
    assert code.parent is not None
    return code.parent.switch(event)


def pause(seconds: float) -> None:
    """Let the code that runs wait."""
    wait_for(running().env.timeout(max(0.0, seconds)))


def moment(seconds: float) -> datetime:
    """The time of a second of the world's clock."""
    return EPOCH + timedelta(seconds=seconds)


class _Datetime(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        code = running()
        return moment(code.env.now + code.skew).astimezone(tz)  # type: ignore[return-value]


class _Pool:
    """Stands for a pool of threads: each call is made when it is submitted, one after the other."""

    def __init__(self, _at_once: int) -> None:
        pass

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(call(*arguments))
        except Exception as error:  # noqa: BLE001  # It is for whoever asks for the result.
            future.set_exception(error)
        return future

    def shutdown(self, *, cancel_futures: bool = False) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, call: Callable[[Any], Any], items: Any) -> Iterator[Any]:
        return map(call, items)


def _uniform(low: float, high: float) -> float:
    return running().random.uniform(low, high)


_REPLACED: Mapping[str, tuple[Any, Any]] = {
    "time": (
        time,
        SimpleNamespace(sleep=pause, monotonic=lambda: running().env.now, time=lambda: running().env.now),
    ),
    "datetime": (datetime, _Datetime),
    "uniform": (uniform, _uniform),
}


def product_modules() -> list[ModuleType]:
    """The modules of the product that are imported."""
    return [module for name, module in sys.modules.items() if name.partition(".")[0] in _PRODUCT]


@contextmanager
def in_virtual_time() -> Iterator[None]:
    """Replace, in every module of the product, the clock, chance, and pools of threads by the world's."""
    global _entered  # noqa: PLW0603
    with ExitStack() as stack:
        for module in product_modules():
            for name, (real, virtual) in _REPLACED.items():
                if module.__dict__.get(name) is real:
                    stack.enter_context(patch.object(module, name, virtual))
            if "ThreadPoolExecutor" in module.__dict__:
                stack.enter_context(patch.object(module, "ThreadPoolExecutor", _Pool))
        stack.enter_context(patch.dict(os.environ, {}))
        _entered = None
        yield
