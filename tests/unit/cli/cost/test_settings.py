"""What the cost model is given is what Terraform's own files, the state machine and the price table say."""

import json
import re
import shutil
import tomllib
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hcl2
import msgspec
import pytest
from hcl2 import SerializationOptions

import audit_logs
from tests.workflow.definition import RETENTION, load, states
from trailsearch.audit.shares import MOST_PLACES
from trailsearch.cli.capacity import GB_OF_DOCUMENTS, LARGEST
from trailsearch.cli.cost.inputs import CostUnknown, Model
from trailsearch.cli.cost.model import AUDIT_METRICS, fixed_dollars
from trailsearch.cli.cost.search_domain import max_batch_bytes
from trailsearch.cli.cost.settings import (
    DEFINITION_FILE,
    PRICES_FILE,
    follow,
    read_assumptions,
    read_measured,
    read_prices,
    read_settings,
    read_states,
)
from trailsearch.cli.terraform_settings import TERRAFORM, environments
from trailsearch.search import Backend
from trailsearch.search.cloudsearch.retention import PAGE, PAGES

PRICES = read_prices()


def test_every_environment_has_settings() -> None:
    assert environments() == ["dev", "staging", "prod"]
    assert [read_settings(name).pipe_batch_size > 0 for name in environments()] == [True] * 3


def edited(folder: Path, file: str, before: str, after: str) -> Path:
    """A copy of the configuration in which one text is another."""
    copy = folder / "terraform"
    shutil.copytree(TERRAFORM, copy, ignore=shutil.ignore_patterns(".terraform"))
    text = (copy / file).read_text()
    assert text.count(before) >= 1
    (copy / file).write_text(text.replace(before, after, 1))
    return copy


@pytest.mark.parametrize(
    ("file", "before", "after", "name", "value"),
    [
        ("environments/prod.tfvars", "pipe_batch_size              = 40", "pipe_batch_size              = 34", "pipe_batch_size", 34),
        ("environments/prod.tfvars", '"search.large"', '"search.xlarge"', "search_instance_type", "search.xlarge"),
        ("environments/prod.tfvars", "alarm_no_logs_hours = 2", "alarm_no_logs_hours = null", "alarm_no_logs_hours", None),
        ("environments/prod.tfvars", 'search_backend = "opensearch"', 'search_backend = "cloudsearch"', "search_backend", "cloudsearch"),
        ("environments/prod.tfvars", '"or2.medium.search"', '"or2.large.search"', "opensearch_instance_type", "or2.large.search"),
        ("environments/prod.tfvars", "opensearch_volume_gib     = 100", "opensearch_volume_gib     = 700", "opensearch_volume_gib", 700),
        ("functions.tf", "soon_days = 1", "soon_days = 3", "staged_days", 3),
        ("workflow.tf", '"ALL"', '"ERROR"', "workflow_logged", False),
        ("workflow.tf", "tracing_configuration {\n    enabled = true", "tracing_configuration {\n    enabled = false", "traced", False),
        ("variables.tf", "index_batch   = 256", "index_batch   = 640", "memory_mb", {"fetch_logs": 1769, "split_records": 1769, "index_batch": 640}),
    ],
)  # fmt: skip
def test_a_setting_is_what_the_files_say(
    tmp_path: Path, file: str, before: str, after: str, name: str, value: Any
) -> None:
    assert getattr(read_settings("prod", edited(tmp_path, file, before, after)), name) == value


def test_tfvars_go_before_defaults() -> None:
    assert read_settings("dev").search_multi_az is False
    assert read_settings("prod").search_multi_az is True


def test_an_unknown_environment_is_named_with_those_that_there_are() -> None:
    with pytest.raises(CostUnknown, match=r"no environment nowhere.*dev, staging, prod"):
        read_settings("nowhere")


def test_a_configuration_that_says_too_little_is_not_guessed(tmp_path: Path) -> None:
    folder = edited(tmp_path, "functions.tf", "storage_mb      = 512", "storage         = 512")
    with pytest.raises(CostUnknown, match="storage_mb"):
        read_settings("prod", folder)


def test_states_are_those_of_the_way_that_nothing_fails_on() -> None:
    assert read_states() == follow(load())
    machine = json.loads(DEFINITION_FILE.read_text())
    before = follow(machine)
    machine["States"]["Index Batches"]["ItemProcessor"]["States"]["Index Batch"] = {
        "Type": "Pass",
        "Next": "More",
    }
    machine["States"]["Index Batches"]["ItemProcessor"]["States"]["More"] = {"Type": "Pass", "End": True}
    machine["States"]["Split Records"]["Next"] = "Another"
    machine["States"]["Another"] = {"Type": "Pass", "Next": "Index Batches"}
    after = follow(machine)
    assert (after.per_execution, after.per_batch) == (before.per_execution + 1, before.per_batch + 1)


@pytest.mark.parametrize("name", PRICES)
def test_every_price_says_what_it_is_for_where_it_is_from_and_when_it_was_checked(name: str) -> None:
    price = PRICES[name]
    assert price.dollars > 0
    assert price.per > 0
    assert price.unit
    assert urlsplit(price.source).scheme == "https"
    assert urlsplit(price.source).hostname == "aws.amazon.com"
    assert price.checked >= date(2026, 1, 1)
    assert (price.seen is not None) == (price.evidence == "secondary")
    assert (price.read is not None) == (price.evidence == "list")


def test_what_no_page_confirms_are_prices_of_cloudsearch_alone() -> None:
    unconfirmed = {name for name, price in PRICES.items() if price.evidence == "known"}
    assert unconfirmed == {"search_batch", "search.medium", "search.large", "search.xlarge", "search.2xlarge"}
    assert all(PRICES[name].source == "https://aws.amazon.com/cloudsearch/pricing/" for name in unconfirmed)


def test_the_price_table_has_nothing_that_is_not_read() -> None:
    table = tomllib.loads(PRICES_FILE.read_text())
    assert table["region"] == "us-east-1"
    known = {field.name for field in msgspec.structs.fields(type(next(iter(PRICES.values()))))}
    assert {name for price in table["prices"].values() for name in price} <= known


def test_there_is_a_price_for_every_instance_type_of_cloudsearch_that_can_be_set() -> None:
    variables = (TERRAFORM / "variables.tf").read_text()
    offered = {
        f"search.{size}"
        for size in ("small", "medium", "large", "xlarge", "2xlarge")
        if f'"search.{size}"' in variables
    }
    assert offered == {name for name in PRICES if name.startswith("search.")}
    assert offered == GB_OF_DOCUMENTS.keys()
    assert list(GB_OF_DOCUMENTS)[-1] == LARGEST


def test_there_is_a_price_for_every_instance_type_of_opensearch_that_a_domain_can_grow_to() -> None:
    """Any type can be set: of others the command says that it has no price."""
    node_types = read_assumptions().opensearch.node_types
    assert node_types.keys() <= PRICES.keys()
    assert {read_settings(name).opensearch_instance_type for name in environments()} <= node_types.keys()


def test_volumes_are_no_larger_than_terraform_takes_them() -> None:
    variables = (TERRAFORM / "variables.tf").read_text()
    for name in ("t3.small.search", "t3.medium.search"):
        limit = read_assumptions().opensearch.node_types[name].max_volume_gib
        assert f'"{name}" = {limit}' in variables


def test_what_stays_free_is_what_the_alarm_asks_for() -> None:
    (below,) = re.findall(
        r'100 \* free_storage_mib / .+", above = (\d+)', (TERRAFORM / "alarms.tf").read_text()
    )
    assert 1 - int(below) / 100 == read_assumptions().opensearch.free_share


def test_batches_are_as_large_as_terraform_lets_them_be() -> None:
    limits = re.search(
        r"opensearch_max_batch_bytes = local.opensearch_burstable \? (\d+) : (\d+)",
        (TERRAFORM / "opensearch.tf").read_text(),
    )
    assert limits
    opensearch = msgspec.structs.replace(read_settings("prod"), search_backend=Backend.OPENSEARCH)
    found = [
        max_batch_bytes(msgspec.structs.replace(opensearch, opensearch_instance_type=kind))
        for kind in ("t3.small.search", "or2.medium.search")
    ]
    assert found == [int(limit) for limit in limits.groups()]


def test_alarms_of_opensearch_are_as_many_more_as_terraform_has() -> None:
    """Those of CloudSearch are counted in a deployment: tests/end_to_end/test_what_it_costs.py."""
    with (TERRAFORM / "alarms.tf").open() as file:
        loaded = hcl2.load(file, serialization_options=SerializationOptions(strip_string_quotes=True))
    (alarms,) = (block["domain_alarms"] for block in loaded["locals"] if "domain_alarms" in block)
    read = {
        backend: sum(len(alarm["metrics"]) for alarm in alarms[backend].values() if isinstance(alarm, dict))
        for backend in Backend
    }
    counted = read_measured().resources.alarm_metrics
    assert (
        counted[Backend.OPENSEARCH] - counted[Backend.CLOUDSEARCH]
        == read[Backend.OPENSEARCH] - read[Backend.CLOUDSEARCH]
    )


def test_what_the_retention_runs_on_is_what_terraform_gives_it() -> None:
    text = (TERRAFORM / "retention.tf").read_text()
    assert re.findall(r"memory_mb +=? *(\d+)", text) == [str(read_assumptions().retention.memory_mb)]
    assert re.findall(r'schedule_expression = "(.+)"', text) == ["rate(1 day)"]


def test_a_round_is_as_large_as_the_model_has_it() -> None:
    taken = read_assumptions().retention
    assert taken.deleted_at_once == PAGE * PAGES
    assert taken.searches == PAGES
    (most,) = (
        rule["NumericGreaterThanEquals"]
        for state in states(load(RETENTION))
        for rule in state.fields.get("Choices", [])
        if "NumericGreaterThanEquals" in rule
    )
    assert most == taken.most_rounds


def test_the_alarm_of_the_retention_has_as_many_metrics_as_are_left_out_without_it() -> None:
    with (TERRAFORM / "alarms.tf").open() as file:
        text = file.read()
    alarm = text.partition("retention-failed")[2].partition("expression")[0]
    metrics = re.search(r"metrics += \[(.*)\]", alarm)
    assert metrics
    prod = read_settings("prod")
    model = Model(read_states(), read_measured(), read_assumptions(), read_prices())
    without = msgspec.structs.replace(prod, search_retention_days=None)
    saved = fixed_dollars(prod, model)["Alarms"] - fixed_dollars(without, model)["Alarms"]
    price = model.prices["alarm_metric_month"]
    assert saved == pytest.approx(price.dollars / price.per * metrics[1].count('"') / 2)


def test_what_the_audit_runs_on_is_what_terraform_and_the_function_have() -> None:
    taken = read_assumptions().audit
    text = (TERRAFORM / "audit.tf").read_text()
    assert re.findall(r"memory_mb +=? *(\d+)", text) == [str(taken.memory_mb)]
    assert re.findall(r'schedule_expression = "(.+)"', text) == ["rate(1 hour)"]
    assert taken.places_in_a_share == MOST_PLACES
    assert len(audit_logs.METRICS) == AUDIT_METRICS


def test_what_was_measured_says_how() -> None:
    assert read_measured().functions.keys() == {"fetch_logs", "split_records", "index_batch"}
    assert "make cost-measure" in PRICES_FILE.with_name("measured.toml").read_text()
