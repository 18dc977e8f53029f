"""What can go wrong with one invocation: the function crashes, or runs into its timeout."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Disruption:
    """How the worker of one invocation fails.

    `after` says when: after the handler has done its work, of which nobody hears, or before it is called.
    With `timeout_seconds` the worker hangs, and the function's timeout is that for this invocation; otherwise
    its process is killed.
    """

    after: bool
    timeout_seconds: float | None = None


# What is to go wrong with the invocation that the request of this context asks for.
disruption: ContextVar[Disruption | None] = ContextVar("disruption", default=None)
