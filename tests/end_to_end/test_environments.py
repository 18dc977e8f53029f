"""Two environments in one account do not touch each other; one of them can be deleted, once it is meant to be."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.end_to_end.conftest import Cloud, local_cloud
from tests.iam.account import SETTINGS
from tests.local_cloud.terraform.deployment import Deployment, TerraformFailed
from tests.simulation.deployed import read
from trailsearch.search import Backend

ONE, OTHER = "trailsearch-local", "trailsearch-prod"
# In place of the placeholders.
RECIPIENTS = {"alarm_topic_arns": ["arn:aws:sns:us-east-1:123456789012:on-call"]}


class Neighbours(NamedTuple):
    """Environment local, on CloudSearch, and environment prod, with its own settings and so on OpenSearch."""

    one: Deployment
    other: Deployment


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with local_cloud(tmp_path_factory.mktemp("environments")) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def neighbours(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    """Both environments, made at the same time."""
    with ThreadPoolExecutor() as pool:
        one = pool.submit(cloud.deploy, tmp_path_factory.mktemp("local"), SETTINGS)
        other = pool.submit(
            cloud.deploy, tmp_path_factory.mktemp("prod"), RECIPIENTS, "environments/prod.tfvars"
        )
    neighbours = Neighbours(one.result(), other.result())
    yield neighbours
    for name in ("logs", "staging"):
        bucket = f"{OTHER}-{name}-123456789012-us-east-1"
        cloud.client("s3").put_object(Bucket=bucket, Key=f"AWSLogs/{name}", Body=b"data")
    neighbours.other.configure({"deletion_protection": False, "force_destroy": True})
    neighbours.other.apply(lambda *_: None)
    neighbours.other.destroy()
    assert neighbours.other.resources() == {}
    assert neighbours.one.planned_changes() == []


@pytest.fixture
def neighbour(neighbours: Neighbours) -> Deployment:
    """Environment prod, beside the other."""
    return neighbours.other


@pytest.fixture(scope="module")
def folder(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is initialized, in which any environment can be planned."""
    folder = tmp_path_factory.mktemp("planned")
    Deployment(folder, cloud.variables, cloud.package).initialize()
    return folder


def planned_changes(cloud: Cloud, folder: Path, environment: str, settings: dict[str, Any]) -> list[str]:
    """Plan an environment that is not there."""
    var_file = f"environments/{environment}.tfvars"
    deployment = Deployment(folder, cloud.variables, cloud.package, settings, var_file)
    deployment.configure({})
    with deployment.one_provider():
        return deployment.planned_changes()


@pytest.mark.parametrize(("environment", "settings"), [("dev", {}), ("staging", RECIPIENTS)])
def test_the_settings_of_every_other_environment_can_be_planned(
    cloud: Cloud, folder: Path, environment: str, settings: dict[str, Any]
) -> None:
    assert "aws_sfn_state_machine.index_logs" in planned_changes(cloud, folder, environment, settings)


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_nothing_is_planned_before_alarms_have_recipients(
    cloud: Cloud, folder: Path, environment: str
) -> None:
    with pytest.raises(TerraformFailed, match="alarm_topic_arns must hold ARNs"):
        planned_changes(cloud, folder, environment, {})


def test_both_plans_are_empty(neighbours: Neighbours) -> None:
    assert neighbours.one.planned_changes() == []
    assert neighbours.other.planned_changes() == []


def test_the_simulation_goes_by_the_numbers_that_are_deployed(neighbour: Deployment) -> None:
    assumed, made = read("prod", Backend.OPENSEARCH), neighbour.resources()
    queue, machine = made["aws_sqs_queue.ingest"], made["aws_sfn_state_machine.index_logs"]
    source = made["aws_pipes_pipe.ingest"]["source_parameters"][0]["sqs_queue_parameters"][0]
    assert assumed.visibility_seconds == queue["visibility_timeout_seconds"]
    assert assumed.retention_seconds == queue["message_retention_seconds"]
    assert assumed.max_message_bytes == queue["max_message_size"]
    assert assumed.max_receive_count == json.loads(queue["redrive_policy"])["maxReceiveCount"]
    assert assumed.pipe_batch_size == source["batch_size"]
    assert assumed.pipe_window_seconds == source["maximum_batching_window_in_seconds"]
    for name, function in assumed.functions.items():
        deployed = made[f'aws_lambda_function.step["{name}"]']
        variables = deployed["environment"][0]["variables"]
        assert function.timeout_seconds == deployed["timeout"]
        assert (function.reserved_concurrency or -1) == deployed["reserved_concurrent_executions"]
        # Those of Powertools are the same for all.
        assert function.environment.keys() == {
            each for each in variables if each == "POWERTOOLS_SERVICE_NAME" or "POWERTOOLS" not in each
        }
        assert variables["ENVIRONMENT"] == function.environment["ENVIRONMENT"]
        limit = "SEARCH_MAX_BATCH_BYTES"
        assert variables.get(limit) == function.environment.get(limit)
    assert _numbers(assumed.definitions["index_logs"]) == _numbers(json.loads(machine["definition"]))
    detail = json.loads(made["aws_cloudwatch_event_rule.failed_executions"]["event_pattern"])["detail"]
    ended, failed = detail["$or"]
    assert assumed.event_statuses == set(ended["status"])
    assert assumed.handled_errors == set(failed["error"][-1]["anything-but"])


def _numbers(value: Any) -> Any:
    """Leave texts out of a definition, in which names of resources are."""
    match value:
        case dict():
            return {name: _numbers(each) for name, each in value.items()}
        case list():
            return [_numbers(each) for each in value]
        case str():
            return ""
        case _:
            return value


def test_nothing_of_one_knows_of_the_other(neighbours: Neighbours) -> None:
    ones, others = neighbours.one.resources(), neighbours.other.resources()
    assert [address for address, values in ones.items() if OTHER in json.dumps(values)] == []
    assert [address for address, values in others.items() if ONE in json.dumps(values)] == []


def test_nothing_is_destroyed_before_the_protection_has_agreed(neighbours: Neighbours) -> None:
    protection = "terraform_data.deletion_protection"
    made = {address.partition("[")[0] for address in neighbours.one.resources()}
    unprotected = made - neighbours.one.dependencies(f'{protection}["environment"]') - {protection}
    assert sorted(address for address in unprotected if not address.startswith("data.")) == []


def test_a_protected_environment_refuses_to_be_destroyed(neighbour: Deployment) -> None:
    before = neighbour.resources()
    with pytest.raises(TerraformFailed, match="deletion_protection is true"):
        neighbour.destroy()
    assert neighbour.resources().keys() == before.keys()
    assert neighbour.planned_changes() == []


def test_a_protected_environment_refuses_to_lose_its_search_domain(neighbour: Deployment) -> None:
    before = neighbour.resources()
    neighbour.configure(
        {"opensearch_engine_version": "OpenSearch_2.19"}
    )  # AWS upgrades, but does not go back.
    with pytest.raises(TerraformFailed, match="this would delete the search domain with all that is indexed"):
        neighbour.apply(lambda *_: None)
    assert (
        neighbour.resources()["aws_opensearch_domain.events[0]"] == before["aws_opensearch_domain.events[0]"]
    )
    neighbour.configure({"opensearch_engine_version": "OpenSearch_3.5"})
    assert neighbour.planned_changes() == []


def test_a_search_domain_that_somebody_deleted_is_made_again(cloud: Cloud, neighbour: Deployment) -> None:
    cloud.client("opensearch").delete_domain(DomainName=OTHER)
    assert "aws_opensearch_domain.events[0]" in neighbour.apply(lambda *_: None)
    assert neighbour.planned_changes() == []


def test_a_protected_environment_refuses_another_backend_before_anything_is_done(
    neighbour: Deployment,
) -> None:
    neighbour.configure({"search_backend": "cloudsearch"})
    with pytest.raises(TerraformFailed, match="deploy a second environment with it beside this one"):
        neighbour.planned_changes()
    neighbour.configure({"search_backend": "opensearch"})


def test_a_protected_environment_refuses_to_lose_its_trail(neighbour: Deployment) -> None:
    before = neighbour.resources()
    neighbour.configure(
        {
            "create_trail": False,
            "log_bucket_names": ["central-logs"],
            "log_bucket_notifications": [{"bucket": "central-logs"}],
        }
    )
    with pytest.raises(TerraformFailed, match="deletion_protection is true"):
        neighbour.apply(lambda *_: None)
    kept = {
        address for address in before if not address.startswith(("data.", "aws_cloudwatch_metric_alarm."))
    }
    assert kept <= neighbour.resources().keys()
    neighbour.configure({"create_trail": True, "log_bucket_names": [], "log_bucket_notifications": []})
    neighbour.apply(lambda *_: None)
    assert neighbour.planned_changes() == []
