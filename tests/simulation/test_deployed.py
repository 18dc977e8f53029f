"""What the simulated world takes from Terraform's files, without Terraform."""

import pytest

from tests.simulation.deployed import UnknownExpression, _Values, read
from trailsearch.search import Backend


@pytest.mark.parametrize(
    ("environment", "batch_size", "visibility"), [("dev", 1, 60), ("staging", 10, 90), ("prod", 40, 360)]
)
def test_each_environment_has_its_own_numbers(environment: str, batch_size: int, visibility: int) -> None:
    deployed = read(environment, Backend.OPENSEARCH)
    assert (deployed.pipe_batch_size, deployed.visibility_seconds) == (batch_size, visibility)


def test_the_definition_has_them_too() -> None:
    deployed = read("prod", Backend.CLOUDSEARCH)
    states = deployed.definitions["index_logs"]["States"]
    timeout = deployed.functions["fetch_logs"].timeout_seconds
    assert states["Fetch Logs"]["TimeoutSeconds"] == timeout + 15
    assert states["Index Batches"]["MaxConcurrency"] == 4


def test_only_opensearch_has_a_limit_of_a_batch() -> None:
    limits = [
        read("dev", backend).functions["split_records"].environment.get("SEARCH_MAX_BATCH_BYTES")
        for backend in (Backend.OPENSEARCH, Backend.CLOUDSEARCH)
    ]
    assert limits == ["3000000", None]


@pytest.mark.parametrize("expression", ["${var.nothing}", "${min(1, 2)}", "${1 / 2}", "text"])
def test_an_expression_that_is_not_understood_is_refused(expression: str) -> None:
    with pytest.raises(UnknownExpression):
        _Values({}).number(expression)
