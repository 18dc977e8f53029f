"""Which requests meet which fault."""

from tests.local_cloud.faults import AnswerLost, Reset, Rule, Truncation
from tests.local_cloud.faults.rules import Request, Rules

GET = Request("GET", "/bucket/key", "", "")


def test_a_share_of_requests_is_drawn_from_the_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        rules = Rules([Rule(Reset(), share=0.3, seed=seed)])
        return [rules.fault_for(GET) is not None for _ in range(100)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 15 <= sum(drawn(1)) <= 45


def test_the_first_rule_that_applies_decides() -> None:
    rules = Rules([Rule(Reset(), times=1), Rule(Truncation()), Rule(AnswerLost())])
    assert [rules.fault_for(GET) for _ in range(3)] == [Reset(), Truncation(), Truncation()]
