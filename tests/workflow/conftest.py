"""What the workflow tests share."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.workflow.workflow import Workflow


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workflow]:
    """The state machine, with no functions yet."""
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield Workflow(monkeypatch)
