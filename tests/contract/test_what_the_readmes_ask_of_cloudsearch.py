"""CloudSearch: the searches that the READMEs show for it, and each of their parts, find something.

As one types them they run end to end (tests/end_to_end/test_what_the_readmes_show.py). Here they are asked of the local
CloudSearch, with the fields that Terraform gives a domain (tests/end_to_end/test_pipeline.py holds that they are these).
"""

import re

import pytest

from tests.contract.backends import on_cloudsearch
from tests.contract.conftest import SESSION, CloudWith
from tests.contract.readme_documents import count, documents, finds_nothing, values
from tests.documentation.commands import Shown
from tests.documentation.kinds import as_command, searches
from trailsearch.events.documents import Document
from trailsearch.events.fields import SCHEMA, Fields
from trailsearch.search import Backend
from trailsearch.search.queries import SearchDomain

NAME = "trailsearch-local"
# As long as one word may be, and longer. https://docs.aws.amazon.com/cloudsearch/latest/developerguide/limits.html
LONGEST, TOO_LONG = "x" * 256, "y" * 257


@pytest.fixture(scope="module")
def local(cloud_with: CloudWith) -> SearchDomain:
    """A domain with the documents, and one that has long words."""
    searched = on_cloudsearch(SESSION, cloud_with("embedded").endpoint_url, NAME)
    long_words = Document("long-words", Fields(raw=f'{{"some": "beside {LONGEST} {TOO_LONG} behind"}}'))
    for run in (*documents(), [long_words]):
        assert searched.upload(run) == []
    return searched.domain


@pytest.mark.parametrize("shown", searches(Backend.CLOUDSEARCH), ids=str)
def test_a_search_and_every_part_of_it_finds_something_by_itself(local: SearchDomain, shown: Shown) -> None:
    assert finds_nothing(as_command(shown), local, Backend.CLOUDSEARCH) == []


def test_what_finds_nothing_behind_something_that_does_is_found_out(local: SearchDomain) -> None:
    query = "(or error_code:'Failed authentication' event_name:'CreateUser')"
    command = f'make search QUERY="{query}" FACETS=actor'
    assert finds_nothing(command, local, Backend.CLOUDSEARCH) == ["error_code:'Failed authentication'"]


@pytest.mark.parametrize("field", SCHEMA)
def test_every_field_of_the_tables_is_found_by_its_value(local: SearchDomain, field: str) -> None:
    value = re.sub(r"([\'\\])", r"\\\1", values()[field])
    assert count(local, f"{field}:'{value}'")


def test_a_word_of_more_than_256_characters_is_not_searchable_and_those_beside_it_are(
    local: SearchDomain,
) -> None:
    found = {word: count(local, f"raw:'{word}'") for word in ("beside", LONGEST, "behind", TOO_LONG)}
    assert list(found.values()) == [1, 1, 1, 0]
    # Nor is a part of it, which is no word.
    assert count(local, f"raw:'{TOO_LONG[:100]}'") == 0
