"""Nothing is lost under the faults that OpenSearch has alone: the short form of `make chaos BACKEND=opensearch`."""

import pytest

from tests.chaos.pipeline import Pipeline
from tests.chaos.retention import run_retention
from tests.chaos.run import run
from tests.chaos.scenarios import scenarios
from trailsearch.search import Backend

# One of each way to fail: documents of a batch, whole requests, bodies, an index, the cluster, the template, the domain.
REPRESENTATIVE = (
    "Index Batch: one shard unavailable",
    "Index Batch: shard limit",
    "Index Batch: some documents refused, others throttled",
    "Index Batch: red cluster: state not recovered",
    "Index Batch: HTTP 413 (halved)",
    "Index Batch: body cut on the way",
    "Index Batch: truncated answer",
    "Index Batch: disk full (flood stage)",
    "Index Batch: closed index, lasting",
    "Index Batch: template deleted",
    "Index Batch: index made without the template, lasting",
    "Index Batch: upgrade from an older template",
    "Index Batch: month's end, duplicate, out-of-order messages, redelivery",
    "Index Batch: domain replaced",
    "Index Batch: access denied, lasting",
)
RETENTION = ("Delete Expired: deletion: answer lost", "Delete Expired: search: HTTP 503, lasting")
SCENARIOS = {scenario.name: scenario for scenario in scenarios(Backend.OPENSEARCH)}


@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_every_event_is_found_or_waits_and_a_redrive_brings_all_in(disturbed: Pipeline, name: str) -> None:
    outcome = run(SCENARIOS[name], disturbed, seed=REPRESENTATIVE.index(name))
    assert outcome.problems == []
    assert outcome.lost == set()


@pytest.mark.parametrize("name", RETENTION)
def test_expired_months_are_dropped_and_nothing_else(disturbed: Pipeline, name: str) -> None:
    outcome = run_retention(SCENARIOS[name], disturbed, seed=100 + RETENTION.index(name))
    assert outcome.problems == []
    assert outcome.lost == set()
