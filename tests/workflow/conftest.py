"""What the workflow tests share."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.workflow.audited import Audited, deploy
from tests.workflow.workflow import Workflow


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workflow]:
    """The state machine, with no functions yet."""
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield Workflow(monkeypatch)


@pytest.fixture
def audited(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> Audited:
    """The state machine audit, with the real function, and what Terraform sets for it."""
    return deploy(workflow, monkeypatch)
