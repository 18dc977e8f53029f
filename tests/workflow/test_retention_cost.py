"""The cost model's retention is what the real function does in the real state machine."""

import json
from io import StringIO
from typing import Any

import msgspec
import pytest

import delete_expired
from tests.cost.measure import logged_bytes
from tests.steps import LambdaContext
from tests.workflow.workflow import Workflow
from trailsearch.aws import clients
from trailsearch.aws.telemetry import logger
from trailsearch.cli.cost.counts import DAYS_PER_MONTH
from trailsearch.cli.cost.inputs import Model, Traffic
from trailsearch.cli.cost.retention import count_retention
from trailsearch.cli.cost.settings import (
    read_assumptions,
    read_measured,
    read_prices,
    read_settings,
    read_states,
)
from trailsearch.search import Backend

MODEL = Model(read_states(), read_measured(), read_assumptions(), read_prices())
TAKEN = MODEL.assumptions.retention
# What Lambda writes beside the function's own lines: START, END and REPORT, and 26 bytes that are billed for each line.
OF_LAMBDA_BYTES = 250 + 5 * 26


class Domain:
    """A CloudSearch domain with so many expired events, which shows at once what is deleted."""

    def __init__(self, events: int) -> None:
        self.ids = [f"{number:08}-0000-4000-8000-000000000000" for number in range(events)]
        self.uploads: list[int] = []

    def search(self, **request: Any) -> Any:
        at = 0 if request["cursor"] == "initial" else int(request["cursor"])
        page = self.ids[at : at + request["size"]]
        hits = {"found": len(self.ids), "cursor": str(at + len(page)), "hit": [{"id": each} for each in page]}
        return {"hits": hits}

    def upload_documents(self, documents: bytes, contentType: str) -> Any:  # noqa: N803  # boto3's name
        gone = {operation["id"] for operation in json.loads(documents)}
        self.ids = [each for each in self.ids if each not in gone]
        self.uploads.append(len(documents))
        return {"status": "success"}


@pytest.mark.parametrize("events", [0, 5, 20_000, 45_000])
def test_the_model_counts_what_an_execution_does(
    workflow: Workflow,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    events: int,
) -> None:
    domain = Domain(events)
    for name, value in {
        "ENVIRONMENT": "test",
        "SEARCH_BACKEND": "cloudsearch",
        "SEARCH_ENDPOINT": "doc.example.com",
        "SEARCH_QUERY_ENDPOINT": "search.example.com",
        "SEARCH_RETENTION_DAYS": "30",
        "STAGING_BUCKET": "staging",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(clients, "cloudsearch_domain", lambda _endpoint: domain)
    lines = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", lines)
    workflow.steps["delete_expired"] = lambda event: delete_expired.handler(event, LambdaContext())
    run = workflow.run_retention({})
    assert run.status == "SUCCEEDED"
    settings = msgspec.structs.replace(
        read_settings("prod"), search_backend=Backend.CLOUDSEARCH, search_retention_days=30
    )
    day = count_retention(settings, Traffic(events, 1), MODEL).times(1 / DAYS_PER_MONTH)
    rounds = run.visits.count("Delete Expired")
    assert day.state_transitions == pytest.approx(len(run.visits))
    assert day.invocations == pytest.approx(rounds)
    assert day.search_batches == pytest.approx(len(domain.uploads))
    logged = sum(logged_bytes(event, run.arn) for event in run.history)
    assert logged == pytest.approx(
        TAKEN.workflow_log_bytes_per_execution + TAKEN.workflow_log_bytes_per_round * rounds, rel=0.1
    )
    # Powertools prints the metrics, and has a stream of its own for the log.
    written = lines.getvalue() + capsys.readouterr().out
    of_function = len(written.encode()) / rounds + OF_LAMBDA_BYTES
    assert of_function == pytest.approx(TAKEN.log_bytes_per_round, rel=0.1)
    assert max(domain.uploads, default=0) <= TAKEN.deleted_at_once * (TAKEN.deletion_bytes + 1)
