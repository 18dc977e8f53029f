import json
from datetime import UTC, datetime
from typing import Any

import pytest
from moto.events.models import EventPattern

from tests.unit.local_cloud.conftest import Client

from .machine import ENDS, Machine


def test_a_transformed_event_has_its_time_as_aws_writes_it(client: Client) -> None:
    paths = {"execution": "$.detail.executionArn", "status": "$.detail.status", "time": "$.time"}
    template = '{"execution": "<execution>", "status": "<status>", "at": "<time>"}'
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    machine = Machine(client, {"Type": "Wait", "Seconds": 30, "End": True}, transformer)
    execution = machine.start()
    machine.stepfunctions.stop_execution(executionArn=execution)

    (event,) = machine.events()
    assert datetime.strptime(event.pop("at"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert event == {"execution": execution, "status": "ABORTED"}


@pytest.mark.parametrize(
    ("detail", "matches"),
    [
        ({"status": "FAILED", "error": "States.Runtime"}, True),
        ({"status": "FAILED", "error": None}, True),
        ({"status": "FAILED"}, True),
        ({"status": "FAILED", "error": "DeadLettered"}, False),
        ({"status": "ABORTED", "error": "DeadLettered"}, True),
        ({"status": "ABORTED", "error": None}, True),
        ({"status": "TIMED_OUT"}, True),
        ({"status": "SUCCEEDED", "error": None}, False),
        ({"status": "RUNNING"}, False),
    ],
)
def test_the_pattern_matches_what_aws_says_it_does(detail: dict[str, Any], matches: bool) -> None:
    pattern = EventPattern.load(json.dumps({"detail": ENDS}))
    assert pattern.matches_event({"source": "aws.states", "detail-type": "", "detail": detail}) == matches
