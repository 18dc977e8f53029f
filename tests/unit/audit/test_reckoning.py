"""What a ledger says of logs, whatever the batches that their documents are in."""

from hypothesis import given
from hypothesis import strategies as st

from trailsearch.audit.reckoning import Reckoned, Reckoning
from trailsearch.contracts.ledger import (
    Entry,
    Fetched,
    IndexedBatch,
    Part,
    ReadLog,
    Split,
    SplitLog,
    StagedBatch,
    UnreadLog,
)

TIME, TAG = "2026-11-26T10:00:00Z", '"5d41402abc4b2a76"'


def read(name: str, records: int, sha256: str = "1") -> ReadLog:
    return ReadLog("logs", name, sha256, records, TIME, TAG)


def uri(name: str) -> str:
    return f"s3://logs/{name}"


def said_of(ledger: Reckoning, log: str, sha256: str) -> Reckoned | None:
    known = ledger.known(log)
    return known.of(sha256) if known else None


@given(st.data(), st.lists(st.integers(0, 20), min_size=1, max_size=6))
def test_every_document_is_counted_for_its_log(data: st.DataObject, documents: list[int]) -> None:
    """Some batches are indexed, some but for a document of one of their logs, and some wait."""
    owners = [log for log, count in enumerate(documents) for _ in range(count)]
    indexed, dead = [0] * len(documents), [0] * len(documents)
    batches, outcomes = [], []
    at = 0
    while at < len(owners):
        taken = owners[at : at + data.draw(st.integers(1, 12))]
        key = f"batches/x/{at}"
        batches.append(StagedBatch(key, len(taken)))
        what = data.draw(st.sampled_from(["indexed", "refused", "waits"]))
        refused = taken[:1] if what == "refused" else []
        if what != "waits":
            parts = tuple(Part(f"{key}-refused", {uri(str(log)): 1}) for log in refused)
            outcomes.append(IndexedBatch("x", key, len(taken) - len(refused), parts))
            for log in taken[len(refused) :]:
                indexed[log] += 1
        for log in refused:
            dead[log] += 1
        at += len(taken)
    logs = tuple(SplitLog(uri(str(log)), count) for log, count in enumerate(documents))
    fetched = Fetched("x", tuple(read(str(log), count) for log, count in enumerate(documents)))
    entries: list[Entry] = [fetched, Split("x", logs, tuple(batches)), *outcomes]
    reckoning = Reckoning(data.draw(st.permutations(entries)))
    for log, count in enumerate(documents):
        waiting = count - indexed[log] - dead[log]
        assert said_of(reckoning, uri(str(log)), "1") == Reckoned(
            "1", TIME, TAG, count, indexed[log], 0, dead[log], waiting
        )


@given(st.data(), st.lists(st.lists(st.integers(0, 9), max_size=12), min_size=1, max_size=5))
def test_a_log_is_done_when_every_event_of_it_is_whichever_log_brought_it_in(
    data: st.DataObject, logs: list[list[int]]
) -> None:
    owners: dict[int, int] = {}
    for log, events in enumerate(logs):
        for event in events:
            owners.setdefault(event, log)
    brought_in = list(owners)
    waiting, dead = set[int](), set[int]()
    batches: list[StagedBatch] = []
    outcomes: list[Entry] = []
    while brought_in:
        size = data.draw(st.integers(1, 4))
        taken, brought_in = brought_in[:size], brought_in[size:]
        key = f"batches/x/{len(batches)}"
        batches.append(StagedBatch(key, len(taken)))
        what = data.draw(st.sampled_from(["indexed", "refused", "waits"]))
        refused = taken[-1:] if what == "refused" else []
        if what == "waits":
            waiting.update(taken)
            continue
        dead.update(refused)
        parts = tuple(Part(f"{key}-refused", {uri(str(owners[event])): 1}) for event in refused)
        outcomes.append(IndexedBatch("x", key, len(taken) - len(refused), parts))
    documents = [sum(owner == log for owner in owners.values()) for log in range(len(logs))]
    split = tuple(
        SplitLog(uri(str(log)), documents[log], len(events) - documents[log])
        for log, events in enumerate(logs)
    )
    fetched = Fetched("x", tuple(read(str(log), len(events)) for log, events in enumerate(logs)))
    reckoning = Reckoning([fetched, Split("x", split, tuple(batches)), *outcomes])
    for log, events in enumerate(logs):
        said = said_of(reckoning, uri(str(log)), "1")
        assert said is not None
        assert said.indexed + said.duplicates + said.dead_lettered + said.waiting == len(events)
        if waiting & {*events}:
            assert said.waiting
        if dead & {*events}:
            assert said.dead_lettered or said.waiting
        if not waiting and not dead:
            assert (said.indexed, said.duplicates) == (documents[log], len(events) - documents[log])


def test_a_duplicate_of_what_waits_waits_and_of_what_is_dead_lettered_is_and_then_counts_as_one() -> None:
    split = Split(
        "x", (SplitLog(uri("a"), 2), SplitLog(uri("b"), 0, 2)), (StagedBatch("batches/x/00001", 2),)
    )
    entries: list[Entry] = [Fetched("x", (read("a", 2), read("b", 2))), split]
    assert said_of(Reckoning(entries), uri("b"), "1") == Reckoned("1", TIME, TAG, 2, waiting=2)
    part = Part("batches/x/00001-refused", {uri("a"): 1})
    entries.append(IndexedBatch("x", "batches/x/00001", 1, (part,)))
    assert said_of(Reckoning(entries), uri("b"), "1") == Reckoned(
        "1", TIME, TAG, 2, duplicates=1, dead_lettered=1
    )
    entries.append(IndexedBatch("y", part.key, 1))
    assert said_of(Reckoning(entries), uri("b"), "1") == Reckoned("1", TIME, TAG, 2, duplicates=2)


def test_a_document_that_is_too_large_is_dead_lettered_until_it_is_indexed_after_all() -> None:
    part = Part("batches/x/too-large-00001", {uri("a"): 1})
    split = Split("x", (SplitLog(uri("a"), 2),), (StagedBatch("batches/x/00001", 2),), (part,))
    entries: list[Entry] = [
        Fetched("x", (read("a", 3),)),
        split,
        IndexedBatch("x", "batches/x/00001", 2),
    ]
    assert said_of(Reckoning(entries), uri("a"), "1") == Reckoned(
        "1", TIME, TAG, 3, indexed=2, dead_lettered=1
    )
    entries.append(IndexedBatch("y", part.key, 1))
    assert said_of(Reckoning(entries), uri("a"), "1") == Reckoned("1", TIME, TAG, 3, indexed=3)


def test_what_was_read_of_the_signed_content_counts_before_all_else() -> None:
    entries: list[Entry] = [
        Fetched("x", (read("a", 1, "altered"),)),
        Split("x", (SplitLog(uri("a"), 1),), (StagedBatch("batches/x/00001", 1),)),
        IndexedBatch("x", "batches/x/00001", 1),
        Fetched("y", (read("a", 2, "signed"),)),
    ]
    assert said_of(Reckoning(entries), uri("a"), "signed") == Reckoned("signed", TIME, TAG, 2, waiting=2)
    assert said_of(Reckoning(entries), uri("a"), "another") == Reckoned("altered", TIME, TAG, 1, indexed=1)


def test_an_error_counts_where_nobody_could_read_the_log() -> None:
    unread = Fetched("x", (), (UnreadLog("logs", "a", "LogNotFound"),))
    assert said_of(Reckoning([unread]), uri("a"), "1") == Reckoned(error="LogNotFound")
    assert said_of(Reckoning([unread, Fetched("y", (read("a", 1),))]), uri("a"), "1") == Reckoned(
        "1", TIME, TAG, 1, waiting=1
    )
    assert said_of(Reckoning([unread]), uri("b"), "1") is None
