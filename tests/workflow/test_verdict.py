"""Whether an execution is green or red does not rest on what an indefinite path gives where it finds one thing.

On AWS that is an array of one; emulators are known that give the thing alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.intrinsic.argument import argument
from moto.stepfunctions.parser.asl.utils import json_path

from tests.local_cloud.gaps.stepfunctions.paths import extract_json
from tests.workflow.samples import BATCH, FETCHED, INDEXED, REFUSED_DOCUMENTS
from tests.workflow.workflow import Workflow, always_fails, answers
from trailsearch.contracts.messages import BatchRef, Indexed, Work

Paths = Callable[[str, Any], Any]


def one_alone(path: str, data: Any) -> Any:
    """What a path finds: if it is one thing, that alone, whatever the path."""
    found = extract_json(path, data)
    indefinite = "*" in path or ":" in path
    return found[0] if indefinite and len(found) == 1 else found


PATHS: dict[str, Paths] = {
    "an array of one": extract_json,
    "one alone": one_alone,
    "as moto": json_path.extract_json,
}

OUTCOMES = {
    "indexed": answers(INDEXED),
    "failed": always_fails("StorageAccessDenied"),
    "refused": answers(Indexed(documents=2, dead_letters=(REFUSED_DOCUMENTS,))),
}


def run(workflow: Workflow, outcomes: Sequence[str], paths: Paths) -> tuple[str, str, int]:
    """Run an execution with a batch for each outcome: how it ends, its cause, and the letters in the queue."""
    batches = [BatchRef(BATCH.bucket, f"{number}.json", 3, 400) for number in range(len(outcomes))]
    by_key = {batch.key: OUTCOMES[outcome] for batch, outcome in zip(batches, outcomes, strict=True)}
    workflow.steps |= {
        "fetch_logs": answers(FETCHED),
        "split_records": answers(Work(batches=tuple(batches))),
        "index_batch": lambda event: by_key[event["batch"]["key"]](event),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(string_expression, "extract_json", paths)
        patch.setattr(argument, "extract_json", paths)
        ended = workflow.run()
    return ended.error or ended.status, ended.cause, len(workflow.take_dead_letters())


@pytest.mark.parametrize("paths", PATHS.values(), ids=PATHS.keys())
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_execution_of_one_batch_is_red_if_that_failed(
    workflow: Workflow, outcome: str, paths: Paths
) -> None:
    ends, cause, letters = run(workflow, [outcome], paths)
    if outcome == "indexed":
        assert (ends, letters) == ("SUCCEEDED", 0)
        return
    assert (ends, letters) == ("SomeWorkDeadLettered", 1)
    assert "had documents refused: 1, the first ones" in cause
    assert ("StorageAccessDenied" if outcome == "failed" else "DocumentRefused") in cause


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(OUTCOMES)), max_size=4))
@pytest.mark.parametrize("paths", PATHS.values(), ids=PATHS.keys())
def test_an_execution_of_several_batches_is_red_if_any_of_them_failed(
    workflow: Workflow, paths: Paths, outcomes: list[str]
) -> None:
    ends, cause, letters = run(workflow, outcomes, paths)
    failed = len(outcomes) - outcomes.count("indexed")
    assert letters == failed
    assert ends == ("SomeWorkDeadLettered" if failed else "SUCCEEDED")
    assert not failed or f"had documents refused: {failed}, the first ones" in cause
