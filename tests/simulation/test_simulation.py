"""New seeds on each commit, and all that have found a fault before."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from tests.conftest import REPOSITORY
from tests.simulation.faults import ANY, Fault, How
from tests.simulation.plan import Delivery, Fate, Log, Plan
from tests.simulation.run import run
from tests.simulation.seeds import draw
from tests.simulation.world import simulated
from trailsearch.search import Backend

NEW_SEEDS = 100
KEPT = {
    "an answer that is lost starts an execution twice": 5,
    "a log is taken for indexed whose events wait with another that brought them in": 101085,
    "what SQS takes more than once multiplies from redrive to redrive": 304904,
    "a good event stays among many that are refused, however often they are redriven": 8,
}
"""Seeds that find a fault that the pipeline had, by what it was: as ``planted`` says of the first and the last. The second did, before
seeds drew more; ``tests/unit/audit`` has that fault as such."""


@pytest.fixture(scope="module", autouse=True)
def _simulated() -> Iterator[None]:
    with simulated():
        yield


def _base() -> int:
    """Another one for each commit, and the same one wherever that is tested."""
    head = Path(REPOSITORY, ".git")
    found = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    return crc32((found.stdout if head.exists() else "").encode()) % 1_000_000


def test_what_must_hold_holds_for_new_seeds() -> None:
    base = _base()
    outcomes = [run(draw(seed)) for seed in range(base, base + NEW_SEEDS)]
    failures = [
        f"make simulate SEED={outcome.plan.seed}: {failure}"
        for outcome in outcomes
        for failure in outcome.failures
    ]
    assert not failures, f"of the seeds from {base}: " + "\n".join(failures)
    # Else nothing was tried.
    assert sum(outcome.faults_met > 0 for outcome in outcomes) > NEW_SEEDS / 5
    assert sum(outcome.events for outcome in outcomes) > NEW_SEEDS


@pytest.mark.parametrize("fault", KEPT)
def test_a_fault_that_was_found_is_mended(fault: str) -> None:
    assert run(draw(KEPT[fault])).failures == ()


def test_a_seed_is_always_the_same_run() -> None:
    first, second = (run(draw(7), trace=True) for _ in range(2))
    assert first == second
    assert first.lines


def test_an_event_that_is_never_indexed_is_lost() -> None:
    plan = Plan(1, Backend.OPENSEARCH, "dev", (_delivery(("an-event", Fate.FOUND)),))
    assert any(failure.startswith("lost: 1 event(s)") for failure in run(plan).failures)


def _delivery(*records: tuple[str, Fate]) -> Delivery:
    """A message about a log that is none, though its records are to be found."""
    log = Log("logs", "AWSLogs/1/CloudTrail/us-east-1/T0000Z_0001.json.gz", b"no gzip", records)
    return Delivery(1.0, "CloudTrail", f'{{"s3Bucket": "logs", "s3ObjectKey": ["{log.key}"]}}', (log,))


def test_a_fault_that_nothing_meets_changes_nothing() -> None:
    plan = draw(11)
    never = Fault(0.0, 1.0, "nothing", ANY, ANY, How.FAILING, 1.0, 0)
    calm = Plan(plan.seed, plan.backend, plan.environment, tuple(plan.of(Delivery)))
    with_fault = Plan(plan.seed, plan.backend, plan.environment, (*calm.parts, never))
    assert run(calm).executions == run(with_fault).executions
