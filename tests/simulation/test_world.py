"""The world does what AWS documents, and what it shows is there to be read."""

import io
from collections.abc import Generator, Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest
import simpy
from click.testing import CliRunner
from rich.console import Console

import index_batch
from tests.simulation import __main__ as command
from tests.simulation.__main__ import Result, simulate, sum_up
from tests.simulation.deployed import read
from tests.simulation.plan import Delivery, Plan
from tests.simulation.run import run
from tests.simulation.seeds import draw
from tests.simulation.services.sqs import TooLarge
from tests.simulation.shrinking import shrink
from tests.simulation.timeline import show
from tests.simulation.world import Endless, World, simulated
from trailsearch.contracts.messages import Indexed
from trailsearch.search import Backend


@pytest.fixture(scope="module", autouse=True)
def _simulated() -> Iterator[None]:
    with simulated():
        yield


@pytest.fixture
def world() -> World:
    return World(Plan(1, Backend.OPENSEARCH, "dev", ()), read("dev", Backend.OPENSEARCH))


def test_a_message_that_is_received_is_hidden_for_a_while(world: World) -> None:
    world.ingest.send("body")
    assert [message.body for message in world.ingest.receive(10)] == ["body"]
    assert world.ingest.receive(10) == []
    world.env.run(world.deployed.visibility_seconds + 1)
    assert [message.receives for message in world.ingest.receive(10)] == [2]


def test_a_message_that_is_received_too_often_is_moved(world: World) -> None:
    sent = world.ingest.send("body")
    for _ in range(world.deployed.max_receive_count + 1):
        world.ingest.receive(10)
        world.env.run(world.env.now + world.deployed.visibility_seconds + 1)
    assert not world.ingest.messages
    (moved,) = world.dead_letters.messages.values()
    assert (moved.id, moved.sent, moved.system["DeadLetterQueueSourceArn"]) == (sent.id, 0, world.ingest.arn)


def test_a_queue_refuses_what_is_too_large(world: World) -> None:
    with pytest.raises(TooLarge):
        world.ingest.send("x" * (world.deployed.max_message_bytes + 1))


def test_what_is_staged_for_an_execution_alone_expires_before_what_a_dead_letter_may_point_to(
    world: World,
) -> None:
    world.buckets.put(world.buckets.staging, "batches/1", b"", tags="expires=soon")
    world.buckets.put(world.buckets.staging, "batches/2", b"")
    world.env.run(3 * 24 * 3600)
    assert world.buckets.find(world.buckets.staging, "batches/1") is None
    assert world.buckets.find(world.buckets.staging, "batches/2") is not None


def _plan_with_a_good_log() -> Plan:
    for seed in range(1000):
        plan = draw(seed)
        # Of one that is audited, the audit would say so first.
        if (
            plan.calm
            and not plan.is_audited
            and any(log.records and not log.errors for each in plan.of(Delivery) for log in each.logs)
        ):
            return replace(plan, small_batches=False)
    raise AssertionError("there is none")


def test_a_plan_that_fails_is_made_small() -> None:
    plan = _plan_with_a_good_log()
    forgetful = lambda batch, *_: Indexed(documents=batch.documents)  # noqa: E731
    with patch.object(index_batch, "index_batch", forgetful):
        small = shrink(plan)
        outcome = run(small, trace=True)
    assert len(small.parts) == 1
    assert "lost" in outcome.kinds
    text = io.StringIO()
    show(outcome, Console(file=text, width=200))
    assert "Index Batch: entered" in text.getvalue()
    assert "lost: " in text.getvalue()


def test_what_goes_on_for_ever_is_ended(world: World) -> None:
    def go_on() -> Generator[simpy.Event, object, None]:
        while True:
            yield world.env.timeout(0)

    world.env.process(go_on())
    with pytest.raises(Endless):
        world.env.run(1)


def test_the_first_seed_that_fails_is_made_small_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, bool]] = []
    monkeypatch.setattr(command, "run_all", lambda seeds, *_: [seeds[3], seeds[5]])
    monkeypatch.setattr(command, "show_one", lambda seed, *_, small: shown.append((seed, small)))
    result = CliRunner().invoke(simulate, ["--seeds", "10", "--base", "100"])
    assert result.exit_code == 1
    assert shown == [(103, True)]


def test_a_summary_names_what_is_to_be_looked_at() -> None:
    text = io.StringIO()
    good, bad = (Result(seed, failures, 86400.0, 2, 3, 1) for seed, failures in ((1, ()), (2, ("lost: it",))))
    sum_up([good, bad], 2.0, Console(file=text, width=200))
    assert "2 seeds, 4 executions, 6 events" in text.getvalue()
    assert "1 lost, 0 doubled" in text.getvalue()
    assert "make simulate SEED=2 SMALL=1" in text.getvalue()
