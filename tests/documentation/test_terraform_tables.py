"""The tables of variables and outputs hold what Terraform's files say."""

import re

from tests.conftest import REPOSITORY
from tests.documentation.terraform_tables import outputs, outputs_table, variables, variables_table

TERRAFORM = REPOSITORY / "terraform"


def declared(kind: str, file: str) -> list[str]:
    return re.findall(rf'^{kind} "(\w+)" {{$', (TERRAFORM / file).read_text(), re.MULTILINE)


def rows(table: str) -> list[list[str]]:
    return [re.split(r"(?<!\\) \| ", row.strip("| ")) for row in table.splitlines()[2:]]


def test_every_variable_has_a_row_and_the_required_ones_come_first() -> None:
    shown = [row[0].strip("`") for row in rows(variables_table())]
    required = [name for name in shown if name in {v.name for v in variables() if v.required}]
    assert shown == required + [name for name in declared("variable", "variables.tf") if name not in required]
    assert "environment" in required
    assert "tags" not in required


def test_every_output_has_a_row() -> None:
    assert (
        [row[0].strip("`") for row in rows(outputs_table())]
        == declared("output", "outputs.tf")
        == list(outputs())
    )


def test_every_row_has_four_cells() -> None:
    assert {len(row) for row in rows(variables_table())} == {4}


def test_types_and_defaults_read_as_terraform_writes_them() -> None:
    by_name = {row[0].strip("`"): row for row in rows(variables_table())}
    assert by_name["tags"][1:3] == ["`map(string)`", "`{}`"]
    assert by_name["search_partition_count"][1:3] == ["`number`", "`null`"]
    assert by_name["search_multi_az"][2] == "`false`"
    assert by_name["environment"][2] == "*required*"
    assert (
        by_name["log_bucket_notifications"][1]
        == "`list(object({bucket = string, account_id = optional(string)}))`"
    )
    assert (
        by_name["function_memory_mb"][2] == "`{ fetch_logs = 1769, split_records = 1769, index_batch = 256 }`"
    )


def test_every_validation_is_in_the_row_of_its_variable() -> None:
    for variable, row in zip(variables(), rows(variables_table()), strict=True):
        assert row[3].count("<br>") == len(variable.rules)


def test_what_is_reckoned_shows_as_a_gap_and_other_settings_by_name() -> None:
    text = variables_table()
    assert "${" not in text
    assert "at least …, 60 more than pipe\\_batching_window_seconds" not in text
    assert "at least …, 60 more than pipe_batching_window_seconds" in text
    assert '"trailsearch-\\<environment\\>" names the search domain' in text
