"""What is compared, and that each kind of difference is seen."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import pytest

from tests.simulation.compared import in_simulation
from tests.simulation.compared.comparison import Compared, sum_up
from tests.simulation.compared.outcome import Look, Outcome, Waits, differences
from tests.simulation.compared.portable import (
    LASTING_SECONDS,
    PASSING_SECONDS,
    deployed_locally,
    portable,
)
from tests.simulation.deployed import Deployed
from tests.simulation.faults import ANY, Fault, How
from tests.simulation.plan import Act, Deed, Delivery, Fate, Log, Plan
from tests.simulation.seeds import draw
from tests.simulation.world import simulated
from trailsearch.search import Backend

BUCKET = "trailsearch-local-logs"
SEEDS = range(80)


@pytest.fixture(scope="module", autouse=True)
def _simulated() -> Iterator[None]:
    with simulated():
        yield


@cache
def _deployed() -> Deployed:
    return deployed_locally({"search_backend": "opensearch", "search_retention_days": 6000}, [BUCKET])


def _play(plan: Plan) -> Outcome:
    return in_simulation.play(plan, _deployed())


def _log(number: int, body: bytes, *records: tuple[str, Fate]) -> Log:
    day = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/01"
    return Log(
        "logs", f"{day}/111122223333_CloudTrail_us-east-1_20260101T0000Z_{number:04}.json.gz", body, records
    )


GOOD = _log(1, gzip.compress(b'{"Records":[{"eventID":"an-event"}]}'), ("an-event", Fate.FOUND))
CORRUPT = _log(2, b"")
WRONG = Delivery(7.0, "wrong", '{"wrong-0003": 1}', mark="wrong-0003")


def _plan(*faults: Fault) -> Plan:
    """A good log, a corrupt one, and a message that is not recognized."""
    announced = json.dumps({"s3Bucket": "logs", "s3ObjectKey": [CORRUPT.key]})
    envelope = {"Type": "Notification", "Message": announced, "TopicArn": "arn:aws:sns:::t"}
    return Plan(
        5,
        Backend.OPENSEARCH,
        "staging",
        (
            Delivery(9.0, "CloudTrail", json.dumps({"s3Bucket": "logs", "s3ObjectKey": [GOOD.key]}), (GOOD,)),
            Delivery(8.0, "SNS envelope", json.dumps(envelope), (CORRUPT,)),
            WRONG,
            *faults,
        ),
    )


def _fault(end: float, how: How = How.FAILING, caller: str = "fetch_logs") -> Fault:
    return Fault(-30.0, end, "s3", ANY, caller, how, 0.2, 1)


IN_THE_LOCAL_CLOUD = f"s3://{BUCKET}/seed-5/{CORRUPT.key}"
NOT_RECOGNIZED = Waits(WRONG.mark, "message", "MessageNotRecognized")
UNREADABLE = {Waits(IN_THE_LOCAL_CLOUD, "log", "LogCorrupt"): 1, NOT_RECOGNIZED: 1}


def test_records_and_letters_are_seen_by_what_they_are_about() -> None:
    outcome = _play(portable(_plan(), BUCKET))
    assert outcome == Outcome(*[Look({"an-event": 1}, UNREADABLE, 2)] * 2)


def test_what_fails_until_all_has_come_to_rest_is_cured_by_the_redrives() -> None:
    plan = portable(_plan(_fault(3600.0)), BUCKET)
    outcome = _play(plan)
    logs = {log.uri for delivery in plan.of(Delivery) for log in delivery.logs}
    assert outcome.at_rest.waiting == {
        NOT_RECOGNIZED: 1,
        **{Waits(uri, "message", "StorageUnavailable"): 1 for uri in logs},
    }
    assert outcome.at_rest.found == {}
    assert outcome.at_the_end == Look({"an-event": 1}, UNREADABLE, 2)


def test_what_passes_before_the_retries_end_changes_nothing() -> None:
    assert _play(portable(_plan(_fault(60.0)), BUCKET)) == _play(portable(_plan(), BUCKET))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda look: replace(look, found={}),
            "an-event 1 time(s) in the simulated world, 0 in the local cloud",
        ),
        (lambda look: replace(look, found={"an-event": 2}), "1 time(s) in the simulated world, 2"),
        (lambda look: replace(look, found={**look.found, "another": 1}), "another 0 time(s)"),
        (
            lambda look: replace(look, waiting={**look.waiting, NOT_RECOGNIZED: 0}),
            "1 letter(s) in the simulated world, 0",
        ),
        (
            lambda look: replace(look, waiting={**look.waiting, NOT_RECOGNIZED: 2}),
            "1 letter(s) in the simulated world, 2",
        ),
        (
            lambda look: replace(
                look, waiting={**look.waiting, Waits("an-event", "documents", "DocumentRefused"): 1}
            ),
            "an-event (documents: DocumentRefused) waits in 0 letter(s)",
        ),
    ],
)
@pytest.mark.parametrize("when", ["at_rest", "at_the_end"])
def test_each_difference_is_told(when: str, change: Callable[[Look], Look], said: str) -> None:
    outcome = Outcome(*[Look({"an-event": 1}, UNREADABLE, 2)] * 2)
    assert list(differences(outcome, outcome)) == []
    changed = outcome._replace(**{when: change(getattr(outcome, when))})
    (told,) = differences(outcome, changed)
    assert said in told


def test_what_was_announced_twice_waits_however_many_letters_there_are() -> None:
    plan = _plan()
    others = [part for part in plan.parts if part != WRONG]
    twice = replace(plan, parts=(*others, replace(WRONG, copies=2)))
    outcome = _play(portable(twice, BUCKET))
    assert outcome.at_rest.letters > 2
    assert outcome.at_rest.waiting == UNREADABLE


def test_a_fault_lasts_or_passes_and_is_met_by_every_call_meanwhile() -> None:
    found: list[Fault] = portable(_plan(_fault(3600.0), _fault(60.0), _fault(60.0, How.DENIED)), BUCKET).of(
        Fault
    )
    assert [(fault.begin, fault.end, fault.chance) for fault in found] == [
        (0.0, LASTING_SECONDS, 1.0),
        (0.0, PASSING_SECONDS, 1.0),
        (0.0, LASTING_SECONDS, 1.0),
    ]


@pytest.mark.parametrize(
    "left_out",
    [
        _fault(60.0, How.SLOW),
        _fault(60.0, How.CRASH_AFTER),
        _fault(60.0, caller="admit_messages"),
        _fault(60.0, caller=ANY),
        _fault(60.0)._replace(service="sqs"),
        _fault(60.0)._replace(service="search", caller="delete_expired"),
        _fault(60.0, How.HALF)._replace(service="lambda"),
        Act(1.0, Deed.REDRIVE),
        Act(1.0, Deed.FILL_DOMAIN),
    ],
)
def test_what_the_local_cloud_cannot_play_is_left_out(left_out: Fault | Act) -> None:
    plan = _plan()
    assert portable(replace(plan, parts=(*plan.parts, left_out)), BUCKET) == portable(plan, BUCKET)


def test_drawn_plans_have_the_names_of_the_local_cloud_and_keys_of_their_own() -> None:
    plans = [portable(draw(seed), BUCKET) for seed in SEEDS]
    keys: set[str] = set()
    for plan in plans:
        deliveries: list[Delivery] = plan.of(Delivery)
        for delivery in deliveries:
            assert not re.search(r"trailsearch-(dev|staging|prod)|[\"]logs\W", delivery.body)
            for log in delivery.logs:
                assert log.mark in delivery.body
                assert log.bucket != "logs"
        own = {log.key for delivery in deliveries for log in delivery.logs}
        assert not own & keys
        keys |= own
    assert len(keys) > len(SEEDS)
    assert sum(len(plan.of(Fault)) for plan in plans) > len(SEEDS) / 10


def test_a_function_dies_of_no_log_whose_message_is_set_aside() -> None:
    deadly = replace(GOOD, deadly=True)
    body = json.dumps({"s3Bucket": "logs", "s3ObjectKey": [deadly.key]})
    small = Delivery(0.0, "small", body, (deadly,))
    plan = Plan(1, Backend.OPENSEARCH, "dev", (small, replace(small, what="large", body=body + " " * 10_000)))
    assert [delivery.what for delivery in portable(plan, BUCKET).of(Delivery)] == ["small"]


def test_a_summary_says_how_much_was_the_same() -> None:
    compared = Compared(1, Backend.OPENSEARCH, 5, 4, 1_000, 1, 3, 2, (), 1.0)
    assert sum_up([compared, compared._replace(differences=("it",))], 60.0) == (
        "2 seeds: 10 messages about 8 logs with 2,000 records, 2 faults met, 6 letters, 4 after the redrives:"
        " 1 with the same outcome, 1 with another; 60 s."
    )
