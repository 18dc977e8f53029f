"""`make verify` on OpenSearch."""

from datetime import UTC, datetime

from tests.end_to_end.conftest import Pipeline
from tests.end_to_end.verify_tests import VerifyTests, left_behind, verified
from tests.iam.verifier import DELETES_EVENTS
from tests.local_cloud.pipeline.operator import POLICY, USER, let_operate
from trailsearch.cli.verify.checks import State
from trailsearch.cli.verify.synthetic_log import MARK
from trailsearch.search import Backend, SearchSettings, search_backend


class TestOnOpenSearch(VerifyTests):
    def test_whoever_may_not_delete_documents_is_told_which_are_left(self, pipeline: Pipeline) -> None:
        iam = pipeline.client("iam")
        iam.delete_user_policy(UserName=USER, PolicyName=POLICY)
        iam.delete_user(UserName=USER)
        try:
            found = verified(pipeline, "--wait", "3")
        finally:
            let_operate(iam, [DELETES_EVENTS])
        state, said = found.rows["Deleted again"]
        assert state is State.WRONG
        assert "ESHttpDelete" in said
        left = left_behind(pipeline)
        assert left
        assert all(each.startswith(MARK) and each in said for each in left)
        backend = search_backend(SearchSettings(Backend.OPENSEARCH, "trailsearch-local"))
        for each in left:
            backend.removal(pipeline.outputs["search_endpoint"]).delete(each, datetime.now(UTC).isoformat())
        assert left_behind(pipeline) == []
