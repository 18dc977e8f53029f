"""State machines: a definition, ready to be executed any number of times."""

from collections.abc import Mapping
from random import Random
from typing import Any

import simpy
from msgspec import UNSET

from . import definition as asl
from .execution import Ended, Execution, ExecutionContext, Process, Tasks
from .history import Watch
from .limits import MAX_HISTORY_EVENTS, MAX_PAYLOAD_BYTES, payload_bytes
from .program import compile_machine


class Machine:
    """A state machine of a Standard workflow."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        """Read a definition whose placeholders are filled in.

        Raises:
            NotSupported: it has something that this interpreter does not know.
        """
        machine = asl.read(definition)
        self._level = compile_machine(machine)
        self._timeout_seconds = None if machine.timeout_seconds is UNSET else machine.timeout_seconds

    def run(
        self,
        env: simpy.Environment,
        context: ExecutionContext,
        data: Any,
        tasks: Tasks,
        random: Random,
        watch: Watch | None = None,
    ) -> Process:
        """Run an execution. To be driven by a process of ``env``; an interrupt of it stops the execution.

        Timers that are no longer needed stay in the environment: run it until an event or a time, not until it is empty.

        Args:
            env: the clock.
            context: which execution it is.
            data: its input, as Python values. It is not to be changed any more.
            tasks: who does the work of Tasks.
            random: where jitter is drawn from.
            watch: who is told what happens, while it happens.

        Returns:
            ``Ended``.

        Raises:
            ValueError: StartExecution would refuse the input.
        """
        if payload_bytes(data) > MAX_PAYLOAD_BYTES:
            raise ValueError(f"an input of more than {MAX_PAYLOAD_BYTES:,} bytes")
        execution = Execution(env, self._level, context, tasks, random, watch)
        return (yield from execution.run(data, self._timeout_seconds))

    def redrive(
        self,
        env: simpy.Environment,
        context: ExecutionContext,
        data: Any,
        ended: Ended,
        tasks: Tasks,
        random: Random,
        watch: Watch | None = None,
    ) -> Process:
        """Go on with an execution that has failed, timed out or was stopped; as ``run`` otherwise.

        ``ended`` is used up: it cannot be redriven twice.

        Raises:
            ValueError: it cannot be redriven, because it has succeeded, or has no room left in its history: "The execution event
                history count is less than 24,999."
                https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
        """
        if ended.position is None or ended.history_events >= MAX_HISTORY_EVENTS - 1:
            raise ValueError(f"{context.name} cannot be redriven")
        execution = Execution(env, self._level, context, tasks, random, watch)
        return (yield from execution.redrive(ended, data, self._timeout_seconds))
