"""The cost model's audit is what the real function does in the real state machine."""

from collections import Counter

import msgspec
import pytest

from tests.cost.measure import logged_bytes
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail
from tests.signed_logs import HOURS
from tests.steps import LOGS
from tests.workflow.audited import Audited
from trailsearch.audit import shares
from trailsearch.cli.cost import audit as cost
from trailsearch.cli.cost.counts import Counts
from trailsearch.cli.cost.inputs import Model, Traffic
from trailsearch.cli.cost.settings import (
    read_assumptions,
    read_measured,
    read_prices,
    read_settings,
    read_states,
)
from trailsearch.search import Backend

MODEL = Model(read_states(), read_measured(), read_assumptions(), read_prices())
TAKEN = MODEL.assumptions.audit
SETTINGS = msgspec.structs.replace(
    read_settings("prod"), search_backend=Backend.OPENSEARCH, keep_ledger=True, audit_hourly=True
)


def of_an_audit(places: int, most_places: int, logs: int, entries: int) -> Counts:
    """What the model has of one audit of accounts with a Region each."""
    taken = msgspec.structs.replace(TAKEN, places_in_a_share=most_places, regions_of_an_account=1)
    model = msgspec.structs.replace(
        MODEL, assumptions=msgspec.structs.replace(MODEL.assumptions, audit=taken)
    )
    a_day = logs * 24 / TAKEN.ledger_hours
    traffic = Traffic(events_per_day=a_day, events_per_log=1, account_regions=places)
    counted = cost.count_audit(SETTINGS, traffic, entries / TAKEN.ledger_hours, model)
    return counted.times(1 / cost.AUDITS_PER_MONTH)


@pytest.mark.parametrize(("accounts", "most_places"), [(3, 50), (7, 2)])
def test_the_model_counts_what_an_execution_does(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, accounts: int, most_places: int
) -> None:
    monkeypatch.setattr(shares, "MOST_PLACES", most_places)
    for number in range(accounts):
        audited.deliver(DigestedTrail(LOGS, account=f"{number}" * 12))
    audited.index(*audited.logs)
    entries = len(audited.kept("ledger/"))
    asked: Counter[str] = Counter()
    audited.s3.meta.events.register(
        "before-call.s3", lambda model, **_request: asked.update([str(model.name)])
    )
    run = audited.run()
    assert run.status == "SUCCEEDED"
    counted = of_an_audit(accounts, most_places, accounts * HOURS, entries)
    assert counted.state_transitions == len(run.visits)
    assert counted.invocations == len(audited.workflow.calls["audit_logs"])
    # Digests of three hours only are there, and of the day before none.
    assert counted.s3_gets == pytest.approx(asked["GetObject"], abs=accounts)
    puts = asked["PutObject"] + asked["ListObjectsV2"]
    # Past midnight, the hours are in two folders: in the model a sixth of them is.
    assert counted.s3_puts == pytest.approx(puts, abs=2 * accounts + 3)
    logged = sum(logged_bytes(event, run.arn) for event in run.history)
    in_shares = run.visits.count("Audit Share")
    assert logged == pytest.approx(
        TAKEN.workflow_log_bytes_per_execution + TAKEN.workflow_log_bytes_per_share * in_shares, rel=0.1
    )
