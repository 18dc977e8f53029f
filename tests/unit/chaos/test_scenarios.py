import re

from tests.chaos.scenarios import scenarios
from tests.conftest import REPOSITORY

SCENARIOS = {scenario.name: scenario for scenario in scenarios()}


def test_every_scenario_has_a_name_of_its_own() -> None:
    assert len(SCENARIOS) == len(scenarios())


def test_an_outage_is_as_long_as_a_batch_is_retried() -> None:
    variables = (REPOSITORY / "terraform" / "variables.tf").read_text()
    retries = re.search(r'variable "index_batch_max_attempts" {\n.*?default +=\s(\d+)', variables, re.DOTALL)
    assert retries
    (outage,) = SCENARIOS["Index Batch: outage as long as retries"].rules
    assert outage.times == int(retries[1])
