"""The retention on OpenSearch, which drops whole months."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from tests.end_to_end.conftest import Pipeline
from tests.end_to_end.retention_tests import (
    KEPT,
    RetentionTests,
    When,
    at,
    before_month_of_border,
)


class TestOnOpenSearch(RetentionTests):
    kept: ClassVar[Mapping[str, When]] = {
        **KEPT,
        "expired-in-a-month-that-has-not": before_month_of_border(timedelta(0)),
    }
    expired: ClassVar[Mapping[str, When]] = {
        "first-year": at("2006-01-01T00:00:00Z"),
        "last-of-a-month": before_month_of_border(timedelta(seconds=1)),
        **{f"old-{number}": before_month_of_border(timedelta(days=1 + 10 * number)) for number in range(20)},
    }

    def test_expired_months_are_gone_with_their_indices(
        self, pipeline: Pipeline, purged: dict[str, Any]
    ) -> None:
        deletion = json.loads(purged["output"])["deletion"]
        prefix = pipeline.outputs["search_domain_name"]
        assert f"{prefix}-events-2006.01" in deletion["indices"]
        # The first one counts, and so many rounds drop one each; the last one finds nothing.
        assert deletion["rounds"] == len(deletion["indices"]) + 2
        _, answer = pipeline.under_test().engine.ask_engine(
            "GET", f"/_cat/indices/{prefix}-events-*?format=json&h=index"
        )
        there = {each["index"] for each in answer}
        assert f"{prefix}-events-undated" in there
        assert not there & set(deletion["indices"])
