"""What verify takes for granted is what Terraform does."""

import re

from tests.conftest import REPOSITORY
from trailsearch.cli.verify.configuration import DEFAULT_REGIONS


def test_the_regions_whose_sns_has_the_plain_principal_are_those_of_terraform() -> None:
    text = (REPOSITORY / "terraform" / "ingest.tf").read_text(encoding="utf-8")
    block = text.partition("default_regions = [")[2].partition("]")[0]
    assert set(re.findall(r'"([a-z0-9-]+)"', block)) == DEFAULT_REGIONS
