import gzip
import json
import re

import pytest

from tests.chaos.delivery import Delivery
from tests.chaos.scenarios import scenarios
from tests.conftest import REPOSITORY
from trailsearch.search import Backend

# Of a backend, and of what serves it.
TABLES = {
    "cloudsearch": scenarios(Backend.CLOUDSEARCH),
    "opensearch": scenarios(Backend.OPENSEARCH),
    "opensearch, on a node": scenarios(Backend.OPENSEARCH, "node"),
}


@pytest.mark.parametrize("table", TABLES)
def test_every_scenario_has_a_name_of_its_own(table: str) -> None:
    names = [scenario.name for scenario in TABLES[table]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("table", TABLES)
def test_an_outage_is_as_long_as_a_batch_is_retried(table: str) -> None:
    variables = (REPOSITORY / "terraform" / "variables.tf").read_text()
    retries = re.search(r'variable "index_batch_max_attempts" {\n.*?default +=\s(\d+)', variables, re.DOTALL)
    assert retries
    (scenario,) = (each for each in TABLES[table] if each.name == "Index Batch: outage as long as retries")
    assert scenario.rules[0].times == int(retries[1])


def test_every_fault_of_cloudsearch_that_is_no_status_of_its_own_is_met_on_opensearch() -> None:
    own_statuses = {"Delete Expired: deletion: HTTP 507"} | {
        f"Index Batch: HTTP {status}{lasts}" for status in (507, 509) for lasts in ("", ", lasting")
    }
    names = {table: {scenario.name for scenario in rows} for table, rows in TABLES.items()}
    assert names["cloudsearch"] - names["opensearch"] == own_statuses


def test_only_opensearch_has_states_of_an_engine_and_a_node_has_all_that_the_engine_in_memory_has() -> None:
    assert not any(scenario.engine_state for scenario in TABLES["cloudsearch"])
    names = {table: {scenario.name for scenario in rows} for table, rows in TABLES.items()}
    assert names["opensearch"] < names["opensearch, on a node"]


def test_a_state_that_lasts_leaves_dead_letters_that_say_why() -> None:
    lasting = [
        each for each in TABLES["opensearch, on a node"] if each.engine_state and each.outlasts_retries
    ]
    assert lasting
    assert all(each.letters.startswith("batch: Search") for each in lasting)


@pytest.mark.parametrize("seed", range(5))
def test_events_around_a_month_s_end_are_in_two_months(seed: int) -> None:
    (scenario,) = (each for each in TABLES["opensearch"] if each.redelivered)
    delivery = Delivery(seed, scenario.start, scenario.duration)
    records = [
        record for body in delivery.bodies.values() for record in json.loads(gzip.decompress(body))["Records"]
    ]
    assert {record["eventTime"][:7] for record in records} == {"2023-10", "2023-11"}
