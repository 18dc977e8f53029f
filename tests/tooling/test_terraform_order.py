"""In which order Terraform makes what the first message needs: its own tests, which make nothing, do not show that."""

import hcl2
import pytest
from hcl2 import SerializationOptions

from tests.conftest import REPOSITORY

_HCL = SerializationOptions(strip_string_quotes=True, with_comments=False, explicit_blocks=False)
DOMAIN = {"aws_cloudsearch_domain_service_access_policy.events", "aws_opensearch_domain.events"}


def made_before(file: str, kind: str, name: str) -> set[str]:
    with (REPOSITORY / "terraform" / file).open() as opened:
        resources = hcl2.load(opened, serialization_options=_HCL)["resource"]
    (resource,) = (each[kind][name] for each in resources if name in each.get(kind, {}))
    return {address.removeprefix("${").removesuffix("}") for address in resource["depends_on"]}


@pytest.mark.parametrize(
    ("file", "kind", "name"),
    [
        ("pipe.tf", "aws_pipes_pipe", "ingest"),
        ("retention.tf", "aws_scheduler_schedule", "retention"),
    ],
)
def test_what_starts_executions_comes_after_all_that_lets_them_use_the_search_domain(
    file: str, kind: str, name: str
) -> None:
    """Else the first uploads are refused, and an environment begins with dead letters."""
    assert made_before(file, kind, name) >= DOMAIN


def test_the_first_execution_that_fails_finds_the_rule_that_dead_letters_it() -> None:
    assert "aws_cloudwatch_event_target.failed_executions" in made_before(
        "pipe.tf", "aws_pipes_pipe", "ingest"
    )
