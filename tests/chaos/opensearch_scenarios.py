"""The rows that OpenSearch has alone: what its nodes answer where CloudSearch has nothing of the kind.

What the engine in memory does not do of itself is injected, in a node's words; a real node is put into that state, too.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.chaos.engine_states import (
    ClosedIndex,
    ClusterSetting,
    DomainReplaced,
    EngineState,
    ForeignIndex,
    IndexSetting,
    OlderTemplate,
    TemplateDeleted,
)
from tests.chaos.scenario import INDEX, PASSING, Scenario
from tests.local_cloud.faults import BodyDamage, ErrorAnswer, Fault, Match, RefusedItems, Rule
from tests.local_cloud.services.opensearch import EngineChoice

_BULK = Match(method="POST", path="/_bulk$")
THROTTLED, UNAVAILABLE = "batch: SearchThrottled", "batch: SearchUnavailable"
_REFUSED = "documents: DocumentRefused"
# Of the events of rows that need a month without an index, or with one of its own.
_OTHER_MONTH = datetime(2023, 9, 10, 12, tzinfo=UTC)
_MONTHS_END = datetime(2023, 10, 31, 23, 30, tzinfo=UTC)


def scenarios(engine: EngineChoice) -> Iterator[Scenario]:
    """All of them, in the order of the table."""
    yield from _items()
    yield from _requests()
    yield from _states()
    if engine == "node":
        yield from _states_of_a_node()
    yield from _templates()
    yield Scenario(
        "month's end, duplicate, out-of-order messages, redelivery",
        INDEX,
        (Rule(ErrorAnswer(503, "503"), _BULK, times=PASSING),),
        announced=2,
        shuffled=True,
        redelivered=True,
        start=_MONTHS_END,
        duration=timedelta(hours=1),
    )


def _items() -> Iterator[Scenario]:
    """Answers in which some or all documents are not stored."""
    no_room = (
        "Validation Failed: 1: this action would add [1] total shards, but this cluster currently has [1000]/[1000]"
        " maximum shards open;"
    )
    no_shard = "[events][0] primary shard is not active Timeout: [1m]"
    for name, fault, letters in (
        (
            "some documents throttled",
            RefusedItems(429, "rejected_execution_exception", "rejected execution of primary operation"),
            THROTTLED,
        ),
        (
            "one shard unavailable",
            RefusedItems(503, "unavailable_shards_exception", no_shard),
            UNAVAILABLE,
        ),
        (
            "all shards unavailable",
            RefusedItems(503, "unavailable_shards_exception", no_shard, every=1),
            UNAVAILABLE,
        ),
        (
            "shard limit",
            RefusedItems(400, "validation_exception", no_room, every=1),
            UNAVAILABLE,
        ),
        (
            "some documents of an unknown error",
            RefusedItems(400, "never_heard_of_exception"),
            UNAVAILABLE,
        ),
    ):
        yield from _passing_and_lasting(name, fault, letters)
    yield Scenario(
        "some documents refused, lasting",
        INDEX,
        (Rule(RefusedItems(400, "mapper_parsing_exception"), _BULK),),
        outlasts_retries=True,
        letters=_REFUSED,
    )
    yield Scenario(
        "some documents refused, others throttled",
        INDEX,
        (
            Rule(RefusedItems(429, "rejected_execution_exception"), _BULK, times=PASSING),
            Rule(RefusedItems(400, "mapper_parsing_exception", every=3), _BULK),
        ),
        outlasts_retries=True,
        letters=_REFUSED,
    )


def _requests() -> Iterator[Scenario]:
    """Answers to the whole request, and bodies that arrive as others than were sent."""
    yield from _passing_and_lasting(
        "circuit breaker", ErrorAnswer(429, "circuit_breaking_exception"), THROTTLED
    )
    yield from _passing_and_lasting(
        "red cluster: state not recovered", ErrorAnswer(503, "cluster_block_exception"), UNAVAILABLE
    )
    for status in (413, 400):
        fault = ErrorAnswer(status, str(status))
        # An HTTP 400 is asked for once more before it is believed.
        yield Scenario(
            f"HTTP {status} (halved)", INDEX, (Rule(fault, _BULK, times=1 if status == 413 else 2),)
        )
        yield Scenario(
            f"HTTP {status} (halved), lasting",
            INDEX,
            (Rule(fault, _BULK),),
            outlasts_retries=True,
            letters=_REFUSED,
        )
    yield from _passing_and_lasting("body changed on the way", BodyDamage(), UNAVAILABLE)
    # Each half of it is refused in turn, down to single documents.
    yield from _passing_and_lasting("body cut on the way", BodyDamage(cut=True), _REFUSED)


def _states() -> Iterator[Scenario]:
    """States of an index or of the cluster, which end or last."""
    for name, state, letters in (
        ("disk full (flood stage)", IndexSetting("index.blocks.read_only_allow_delete"), THROTTLED),
        ("write block", IndexSetting("index.blocks.write"), UNAVAILABLE),
        ("closed index", ClosedIndex(), UNAVAILABLE),
        ("cluster read-only", ClusterSetting("cluster.blocks.read_only", value=True), UNAVAILABLE),
    ):
        yield from _state_that_passes_and_lasts(name, state, letters)


def _states_of_a_node() -> Iterator[Scenario]:
    """Those that the engine in memory does not get into."""
    for name, state, letters in (
        (
            "shard limit (node)",
            ClusterSetting("cluster.max_shards_per_node", 1, new_month=True),
            UNAVAILABLE,
        ),
        (
            "no index by itself (node)",
            ClusterSetting("action.auto_create_index", value=False, new_month=True),
            UNAVAILABLE,
        ),
        (
            "circuit breaker (node)",
            ClusterSetting("network.breaker.inflight_requests.limit", "1kb"),
            THROTTLED,
        ),
    ):
        for scenario in _state_that_passes_and_lasts(name, state, letters):
            yield replace(scenario, start=_OTHER_MONTH)


def _templates() -> Iterator[Scenario]:
    """What becomes of the index template."""
    deleted = Scenario("template deleted", INDEX, engine_state=TemplateDeleted(), start=_OTHER_MONTH)
    yield deleted
    yield replace(
        deleted,
        fault="index made without the template, lasting",
        engine_state=ForeignIndex(),
        outlasts_retries=True,
        letters=UNAVAILABLE,
    )
    yield from _state_that_passes_and_lasts("domain replaced", DomainReplaced(), UNAVAILABLE)
    yield replace(deleted, fault="upgrade from an older template", engine_state=OlderTemplate())


def _passing_and_lasting(name: str, fault: Fault, letters: str) -> Iterator[Scenario]:
    yield Scenario(name, INDEX, (Rule(fault, _BULK, times=PASSING),))
    yield Scenario(f"{name}, lasting", INDEX, (Rule(fault, _BULK),), outlasts_retries=True, letters=letters)


def _state_that_passes_and_lasts(name: str, state: EngineState, letters: str) -> Iterator[Scenario]:
    yield Scenario(name, INDEX, engine_state=state)
    yield Scenario(f"{name}, lasting", INDEX, engine_state=state, outlasts_retries=True, letters=letters)
