"""What the simulation says of a seed is so in a deployment, on every search backend: the short form of `make simulate COMPARE=50`."""

from collections.abc import Iterator
from itertools import count, islice

from tests.chaos.pipeline import Pipeline
from tests.iam.account import SETTINGS
from tests.simulation.compared.comparison import compared_with
from tests.simulation.compared.portable import is_passing, portable
from tests.simulation.faults import Fault, How
from tests.simulation.plan import Delivery, Log, Plan
from tests.simulation.seeds import draw

_MOST_MESSAGES = 5


def _short_and_mixed(pipeline: Pipeline, *, failing: bool) -> Iterator[int]:
    """Give the seeds with a fault, or with none, of which good and bad wait for each other's sake in few messages."""
    for seed in count():
        plan = portable(draw(seed, pipeline.backend), pipeline.log_bucket)
        logs: list[Log] = [log for delivery in plan.of(Delivery) for log in delivery.logs]
        good, bad = (any(bool(log.errors) is is_bad for log in logs) for is_bad in (False, True))
        if good and bad and _is_short(plan) and bool(plan.of(Fault)) is failing:
            yield seed


def _is_short(plan: Plan) -> bool:
    """Tell whether few messages wait for few retries; a function takes seconds to die of a log, time and again."""
    deliveries: list[Delivery] = plan.of(Delivery)
    faults: list[Fault] = plan.of(Fault)
    return (
        sum(delivery.copies for delivery in deliveries) <= _MOST_MESSAGES
        and not any(log.deadly for delivery in deliveries for log in delivery.logs)
        and all(is_passing(fault) or fault.how is How.DENIED for fault in faults)
    )


class SimulatedSeedsTests:
    """A class of tests for each backend is a subclass of this one; `disturbed` is the deployment beside it."""

    def test_seeds_come_out_as_in_the_simulated_world(self, disturbed: Pipeline) -> None:
        calm, failing = (islice(_short_and_mixed(disturbed, failing=each), 1) for each in (False, True))
        compared = list(compared_with(disturbed, [*calm, *failing], SETTINGS))
        assert {each.seed: each.differences for each in compared if each.differences} == {}
        assert all(each.letters_at_rest for each in compared)
        assert sum(each.faults_met for each in compared) > 0
        assert sum(each.records for each in compared) > 0
