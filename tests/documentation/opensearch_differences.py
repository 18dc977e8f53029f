"""The table of what the embedded OpenSearch engine does otherwise than a real node."""

from collections.abc import Mapping

from tests.documentation.tables import code, escaped, table
from tests.local_cloud.services.opensearch.differences import Difference


def differences_table(differences: Mapping[str, Difference]) -> str:
    """Give the table: what is done, what comes of it on each engine, and why."""
    rows = (
        (escaped(done), _shown(difference.embedded), _shown(difference.node), escaped(difference.why))
        for done, difference in differences.items()
    )
    return table(("What", "Embedded", "Node", "Why"), rows)


def _shown(value: object) -> str:
    match value:
        case list():
            return ", ".join(map(str, value))
        case str():
            return code(value)
        case _:
            return str(value)
