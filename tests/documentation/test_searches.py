"""Which searches the READMEs show for which backend; that they find something is tested where there are events."""

import pytest

from tests.demo.backends import DEMOS
from tests.documentation import pages
from tests.documentation.commands import commands_of
from tests.documentation.kinds import Kind, as_command, backends_of, kind_of, searches
from trailsearch.search import Backend

BOTH = set(Backend)
TABLE = """
`QUERY=outside:'of a table'`

| To find | CloudSearch | OpenSearch |
|---|---|---|
| x, and not `y` | `QUERY=x:'1'` or `QUERY="x:'2'"` | `QUERY=x:1` |

| Other | Table |
|---|---|
| `QUERY=y:1` | `make search QUERY=y:2` |

```sh cloudsearch
make search QUERY="z:'1'"
```
```sh
make search QUERY=z:1
```
"""


def test_every_backend_has_searches() -> None:
    assert {backend: len(searches(backend)) > 10 for backend in Backend} == dict.fromkeys(Backend, True)


def test_the_head_of_a_column_and_the_language_of_a_block_name_the_backend_and_else_it_is_that_of_the_settings() -> (
    None
):
    found = {shown.text: backends_of(shown) for shown in commands_of(TABLE, "README.md")}
    assert {text for text, backends in found.items() if backends == {Backend.CLOUDSEARCH}} == {
        "QUERY=x:'1'",
        "QUERY=\"x:'2'\"",
        "make search QUERY=\"z:'1'\"",
    }
    assert {text for text, backends in found.items() if backends == {Backend.OPENSEARCH}} == {
        "QUERY=outside:'of a table'",
        "QUERY=x:1",
        "QUERY=y:1",
        "make search QUERY=y:2",
        "make search QUERY=z:1",
    }


@pytest.mark.parametrize(
    ("text", "backends"),
    [
        ("make search ENV=dev QUERY=matchall SIZE=0", BOTH),
        ("make search", BOTH),
        ("QUERY=…", BOTH),
        ("QUERY=matchall", BOTH),
        ("QUERY=198.51.100.231 PARSER=simple", BOTH),
        ("make search QUERY=matchall-not", {Backend.OPENSEARCH}),
        ("make search QUERY=x", {Backend.OPENSEARCH}),
    ],
)
def test_words_and_the_query_for_everything_are_for_every_backend(text: str, backends: set[Backend]) -> None:
    (shown,) = commands_of(f"`{text}`", "README.md")
    assert kind_of(shown) is Kind.SEARCH
    assert backends_of(shown) == backends


def test_the_settings_of_every_environment_have_the_backend_that_searches_are_for_by_default() -> None:
    settings = (pages.TERRAFORM.parent / "environments").glob("*.tfvars")
    assert all('\nsearch_backend = "opensearch"\n' in each.read_text(encoding="utf-8") for each in settings)


def test_a_query_that_is_quoted_is_typed_behind_make_search() -> None:
    (shown,) = commands_of("`QUERY=…`", "README.md")
    assert as_command(shown) == "make search QUERY=matchall"


def test_the_queries_of_the_demo_stand_side_by_side() -> None:
    rows = [line for line in pages.read(pages.FUNCTIONS).splitlines() if line.startswith("| ")]
    for queries in zip(*(demo.queries for demo in DEMOS.values()), strict=True):
        assert any(all(query in row for query in queries) for row in rows), queries
