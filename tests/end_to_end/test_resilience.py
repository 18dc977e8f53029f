"""Nothing is lost under faults: the short form of `make chaos`. It runs after the other end-to-end tests, by its name."""

import json
from pathlib import PurePosixPath

import pytest

from tests.chaos.pipeline import Pipeline
from tests.chaos.retention import KEPT_DAYS, run_retention
from tests.chaos.run import run
from tests.chaos.scenarios import scenarios
from tests.iam.account import SETTINGS
from trailsearch.search import Backend

# One of each way to fail, and of each kind of dead letter: messages, a batch, documents, an execution.
REPRESENTATIVE = (
    "Fetch Logs: crash, lasting",
    "Split Records: time-out after the work",
    "Index Batch: answer lost",
    "Index Batch: HTTP 503, lasting",
    "Index Batch: execution aborted",
    "Keep Batch: HTTP 503",
    "Dead-letter sends: connection reset (documents)",
    "Pipe: duplicate, out-of-order messages",
    "Pipe: large messages beside",
    "Index Batch: access denied",
)
RETENTION = ("Delete Expired: deletion: answer lost", "Delete Expired: execution aborted")
SCENARIOS = {scenario.name: scenario for scenario in scenarios(Backend.CLOUDSEARCH)}


@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_every_event_is_found_or_waits_and_a_redrive_brings_all_in(disturbed: Pipeline, name: str) -> None:
    outcome = run(SCENARIOS[name], disturbed, seed=REPRESENTATIVE.index(name))
    assert outcome.problems == []
    assert outcome.lost == set()


@pytest.mark.parametrize("name", RETENTION)
def test_what_has_expired_is_deleted_and_nothing_else(disturbed: Pipeline, name: str) -> None:
    assert SETTINGS["search_retention_days"] == KEPT_DAYS
    outcome = run_retention(SCENARIOS[name], disturbed, seed=100 + RETENTION.index(name))
    assert outcome.problems == []
    assert outcome.lost == set()


def test_only_batches_that_failed_are_kept(disturbed: Pipeline) -> None:
    """Of all executions so far: the others have the tag that the bucket's lifecycle goes by."""
    bucket = disturbed.outputs["staging_bucket_name"]
    inputs: dict[str, list[str]] = {"Index Batch": [], "Keep Batch": []}
    for arn in disturbed.executions():
        for state, entered_with in disturbed.entered_states(arn):
            if state in inputs:
                inputs[state].append(json.loads(entered_with)["batch"]["key"])
    failed = set(inputs["Keep Batch"])
    split = {key for key in inputs["Index Batch"] if PurePosixPath(key).stem.isdecimal()}
    assert failed & split
    assert split - failed
    lifecycle = disturbed.s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    (tag,) = (rule["Filter"]["Tag"] for rule in lifecycle["Rules"] if "Tag" in rule["Filter"])
    for key in split:
        tags = disturbed.s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        assert tags == ([] if key in failed else [tag]), key
