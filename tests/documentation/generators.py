"""What is generated, by the names of the blocks."""

from collections.abc import Mapping

from click.testing import CliRunner

from tests.documentation.blocks import Generator
from tests.documentation.fields_table import fields_table
from tests.documentation.make_targets import targets_table
from tests.documentation.opensearch_differences import differences_table
from tests.documentation.planted_table import planted_table
from tests.documentation.questions_table import questions_table
from tests.documentation.states_table import states_table
from tests.documentation.terraform_tables import outputs_table, variables_table
from tests.documentation.workflow_diagram import draw
from tests.local_cloud.services.opensearch.differences import DIFFERENCES
from tests.simulation.planted.found import FOUND
from tests.workflow import definition
from trailsearch.cli.cost.cost import cost
from trailsearch.events.fields import SCHEMA
from trailsearch.questions import load


def _cost() -> str:
    result = CliRunner().invoke(cost, env={"MARKDOWN": "1"}, catch_exceptions=False)
    if result.exit_code:
        raise RuntimeError(f"make cost MARKDOWN=1 failed: {result.output}")
    return result.stdout


GENERATORS: Mapping[str, Generator] = {
    "cost": _cost,
    "fields": lambda: fields_table(SCHEMA),
    "make-targets": targets_table,
    "opensearch-differences": lambda: differences_table(DIFFERENCES),
    "outputs": outputs_table,
    "planted-bugs": lambda: planted_table(FOUND),
    "questions": lambda: questions_table(load()),
    "backfill": lambda: draw(definition.load(definition.BACKFILL)),
    "backfill-states": lambda: states_table(definition.load(definition.BACKFILL)),
    "audit": lambda: draw(definition.load(definition.AUDIT)),
    "audit-states": lambda: states_table(definition.load(definition.AUDIT)),
    "retention": lambda: draw(definition.load(definition.RETENTION)),
    "retention-states": lambda: states_table(definition.load(definition.RETENTION)),
    "states": lambda: states_table(definition.load()),
    "variables": variables_table,
    "workflow": lambda: draw(definition.load()),
}
