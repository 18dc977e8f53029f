"""The state machines in moto, to compare with."""

from tests.workflow.conftest import workflow

__all__ = ["workflow"]
