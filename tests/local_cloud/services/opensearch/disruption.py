"""What can go wrong with one request between the edge and the node, or in the node."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class DamagedBody:
    """The body reaches the node damaged: cut in its middle, or with a byte changed."""

    cut: bool


@dataclass(frozen=True)
class RefusedItems:
    """Of a bulk request, every `every`-th document that has a text in it is not stored: its item is this error."""

    status: int
    error_type: str
    reason: str
    every: int
    having: bytes = b""


# What is to go wrong with the request of this context.
disruption: ContextVar[DamagedBody | RefusedItems | None] = ContextVar("disruption", default=None)
