"""Makes a plan that fails as small as it can be: Hypothesis finds the fewest parts with which it still fails in the same way."""

from random import Random

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tests.simulation.plan import Plan
from tests.simulation.run import run

# A part is left out where 0 is drawn, to which Hypothesis shrinks; that is seldom at first, so that it finds a failure soon.
_SELDOM = 63
_TRIES = 400


def shrink(plan: Plan) -> Plan:
    """Give the smallest plan found that has one of the failures of this one; the same, if it is none. Within ``simulated``."""
    kinds = run(plan).kinds

    def fails(drawn: tuple[int, ...]) -> bool:
        return not kinds.isdisjoint(run(plan.only(list(map(bool, drawn)))).kinds)

    try:
        kept = find(
            st.tuples(*[st.integers(0, _SELDOM)] * len(plan.parts)),
            fails,
            settings=settings(
                max_examples=_TRIES,
                database=None,
                deadline=None,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
            random=Random(plan.seed),
        )
    except NoSuchExample:
        return plan
    return plan.only(list(map(bool, kept)))
