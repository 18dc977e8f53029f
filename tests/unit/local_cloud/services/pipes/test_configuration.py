from typing import Any

import pytest
from moto.pipes.models import Pipe

from tests.local_cloud.services.pipes.configuration import PipeConfiguration, UnsupportedPipeError

FIRE_AND_FORGET = {"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}}

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:x"


def pipe(**changes: Any) -> Pipe:
    arguments = {
        "name": "pipe",
        "account_id": "123456789012",
        "region_name": "us-east-1",
        "source": "arn:aws:sqs:us-east-1:123456789012:queue",
        "target": "arn:aws:states:us-east-1:123456789012:stateMachine:machine",
        "role_arn": "arn:aws:iam::123456789012:role/pipe",
        "target_parameters": FIRE_AND_FORGET,
    }
    return Pipe(**arguments | changes)


def test_batches_have_ten_messages_and_no_window_by_default() -> None:
    configuration = PipeConfiguration.of(pipe())

    assert (configuration.batch_size, configuration.window_seconds) == (10, 0)


def test_a_function_may_be_the_enrichment() -> None:
    assert PipeConfiguration.of(pipe()).enrichment_arn is None
    assert PipeConfiguration.of(pipe(enrichment=FUNCTION)).enrichment_arn == FUNCTION


@pytest.mark.parametrize(
    ("changes", "feature"),
    [
        ({"source": "arn:aws:kinesis:us-east-1:123456789012:stream/x"}, "a source other than an SQS queue"),
        (
            {"target": "arn:aws:lambda:us-east-1:123456789012:function:x"},
            "a target other than a state machine",
        ),
        (
            {"enrichment": "arn:aws:states:us-east-1:123456789012:stateMachine:x"},
            "an enrichment other than a function",
        ),
        (
            {"enrichment": FUNCTION, "enrichment_parameters": {"InputTemplate": "<$.body>"}},
            "an InputTemplate",
        ),
        ({"source_parameters": {"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}}, "FilterCriteria"),
        ({"target_parameters": FIRE_AND_FORGET | {"InputTemplate": "{}"}}, "an InputTemplate"),
        ({"target_parameters": {}}, "an InvocationType other than FIRE_AND_FORGET"),
    ],
)
def test_what_is_not_run_is_named(changes: dict[str, Any], feature: str) -> None:
    with pytest.raises(UnsupportedPipeError, match=f"Pipe pipe: the local cloud does not run .*{feature}"):
        PipeConfiguration.of(pipe(**changes))
