"""Every question is asked on every backend, of records in which its answer is known."""

import gzip
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.contract.asked_records import records
from tests.contract.backends import Searched
from tests.demo.__main__ import GENERATED_FROM, GENERATED_LOGS
from tests.demo.__main__ import QUESTIONS as DEMO
from tests.log_generator import generate_logs
from trailsearch.cli.search.sessions import with_sessions
from trailsearch.cli.search.typed import chosen
from trailsearch.questions import Reply, ask, load

NOW = datetime(2026, 11, 26, tzinfo=UTC)
QUESTIONS = load()
SEPTEMBER = {"since": "2026-09-01", "until": "2026-09-02"}


class Known(NamedTuple):
    """What is typed, the ids of the events that are to be found, in their order if they are a list, and the facets."""

    typed: Mapping[str, str]
    ids: set[str] | list[str] | None = None
    facets: Mapping[str, Mapping[str, int]] = {}


KNOWN: Mapping[str, Known] = {
    "who-deleted": Known({"resource": "my-bucket"}, {"deleted"}, {"actor": {"alice": 1}}),
    "key-activity": Known(
        {"key": "ASIA2"},
        ["key-for-bob", "put", {"hop-2", "hop-2-there"}],  # type: ignore[list-item]
        {"source_ip_address": {"198.51.100.7": 3, "203.0.113.50": 1}},
    ),
    "denied-calls": Known({"who": "app"}, {"denied"}, {"event_name": {"DeleteTable": 1}}),
    "console-logins-without-mfa": Known({}, {"without-mfa", "root-in"}),
    "sessions-without-mfa": Known({}, {"no-mfa"}, {"actor": {"ops/frank": 1}}),
    "failed-logins": Known({}, {"failed"}, {"source_ip_address": {"203.0.113.99": 1}}),
    "root-usage": Known({}, {"root-in"}),
    "first-seen": Known({"who": "newcomer", "since": "2026-11-01"}, {"known-again", "new"}),
    "role-chain": Known({"key": "ASIA2"}),
    "last-used-actions": Known({"who": "worker/*"}, ["put-2", "query", "put-1"]),
    "secret-reads": Known({"resource": "my-secret*"}, {"secret", "secret-by-arn"}),
    "what-changed": Known({"since": "2026-10-10", "until": "2026-10-11"}, ["run", "tag"]),
    "resource-history": Known({"resource": "my-bucket"}, ["created", "deleted"]),
    "who-assumed": Known({"resource": "hop-2"}, {"hop-2", "hop-2-there"}),
    "who-is-behind": Known({"key": "ASIA2"}),
    "persistence": Known({}, {"new-user", "key-for-bob"}),
    "trail-tampering": Known({}, {"stopped"}),
    "unused-regions": Known({"until": "2026-12-01"}),
    "spikes": Known(SEPTEMBER),
    "cross-account-calls": Known({}, {"hop-2-there"}, {"recipient_account_id": {"222233334444": 1}}),
    "external-callers": Known({}, {"anonymous", "hop-2-there"}),
    "with-what": Known({"since": "2026-08-01", "until": "2026-08-02"}),
    "old-tls": Known({}, {"old-tls"}, {"tls_version": {"TLSv1.1": 1}}),
    "for-an-auditor": Known(SEPTEMBER),
    "open-to-the-world": Known({}, {"opened"}),
}


@pytest.fixture(scope="module")
def asked(make_searched: Callable[[str], Searched]) -> Searched:
    searched = make_searched("trailsearch-questions")
    searched.store(json.dumps(each).encode() for each in records())
    return searched


def reply_to(asked: Searched, name: str, typed: Mapping[str, str]) -> Reply:
    """Ask as the command does."""
    question = QUESTIONS[name]
    assert question.lacks(typed) == []
    query = chosen(question.query(), typed, NOW)._replace(size=1_000)
    return ask(asked.domain, question, with_sessions(asked.domain, query), NOW)


def rows_of(reply: Reply, number: int = 0) -> list[tuple[str, ...]]:
    return list(reply.findings[number].rows)


def test_there_are_25_and_each_has_a_known_answer() -> None:
    assert KNOWN.keys() == QUESTIONS.keys()
    assert len(KNOWN) == 25


@pytest.mark.parametrize("name", [name for name, known in KNOWN.items() if known.ids is not None])
def test_a_question_finds_the_events_that_it_is_about_and_no_others(asked: Searched, name: str) -> None:
    known = KNOWN[name]
    reply = reply_to(asked, name, known.typed)
    found = [event["id"] for event in reply.answer.events]
    assert reply.answer.found == len(found)
    if isinstance(known.ids, list):
        assert in_order(known.ids, found)
    else:
        assert set(found) == known.ids
    for field, counts in known.facets.items():
        assert reply.answer.facets[field] == counts


def in_order(expected: Sequence[Any], found: list[str]) -> bool:
    """Compare ids in their order; those of a set are of the same time."""
    at = 0
    for each in expected:
        group = each if isinstance(each, set) else {each}
        if set(found[at : at + len(group)]) != group:
            return False
        at += len(group)
    return at == len(found)


def test_what_is_first_seen_was_not_there_before(asked: Searched) -> None:
    reply = reply_to(asked, "first-seen", KNOWN["first-seen"].typed)
    time = "2026-11-06T00:00:00Z"
    assert [list(each.rows) for each in reply.findings] == [
        [("GetCallerIdentity", "1", time)],
        [("203.0.113.77", "1", time)],
        [("python-requests/2.31", "1", time)],
    ]


def test_keys_are_followed_up_and_down_across_accounts(asked: Searched) -> None:
    rows = rows_of(reply_to(asked, "role-chain", {"key": "ASIA2"}))
    assert [(row[0], row[2], row[4], row[6], row[7]) for row in rows] == [
        ("0", "alice", "AssumeRole", "AKIAALICE", "ASIA1"),
        ("1", "hop-1/alice", "AssumeRole", "ASIA1", "ASIA2"),
        ("2", "hop-2/alice", "CreateAccessKey", "ASIA2", "AKIABOB"),
    ]
    assert rows[1][5] == "arn:aws:iam::222233334444:role/hop-2"
    assert rows_of(reply_to(asked, "role-chain", {"key": "AKIAALICE"})) == rows
    assert rows_of(reply_to(asked, "role-chain", {"key": "AKIABOB"})) == rows


@pytest.mark.parametrize("typed", [{"key": "ASIA2"}, {"who": "hop-2/alice"}, {"key": "AKIABOB"}])
def test_behind_a_session_is_who_began_its_chain(asked: Searched, typed: dict[str, str]) -> None:
    ((key, person, began, *_, steps),) = rows_of(reply_to(asked, "who-is-behind", typed))
    assert (person, began) == ("alice", "AssumeRole")
    assert (key, steps) == (("AKIABOB", "3") if typed.get("key") == "AKIABOB" else ("ASIA2", "2"))


def test_each_call_is_listed_with_when_it_was_made_last(asked: Searched) -> None:
    assert rows_of(reply_to(asked, "last-used-actions", {"who": "worker/*"})) == [
        ("PutItem", "2", "2026-11-03T00:00:00Z"),
        ("Query", "1", "2026-11-02T00:00:00Z"),
    ]


def test_regions_are_listed_with_what_is_in_them_and_those_with_nothing(asked: Searched) -> None:
    reply = reply_to(asked, "unused-regions", KNOWN["unused-regions"].typed)
    used, unused = rows_of(reply), {name for (name,) in rows_of(reply, 1)}
    assert used[0] == ("ap-south-1", "1", "1", "2026-11-03T10:00:00Z")
    assert [row[0] for row in used] == ["ap-south-1", "eu-central-1"]
    assert int(used[1][1]) == len(list(records())) - 1
    assert "sa-east-1" in unused
    assert not unused & {"ap-south-1", "eu-central-1"}


def test_the_hour_with_far_more_events_stands_out_with_what_is_in_it(asked: Searched) -> None:
    assert rows_of(reply_to(asked, "spikes", SEPTEMBER)) == [
        ("2026-09-01T05:00:00Z", "20", "Decrypt 20", "batch/b 20")
    ]


def test_tools_are_told_apart(asked: Searched) -> None:
    rows = rows_of(reply_to(asked, "with-what", KNOWN["with-what"].typed))
    assert {row[0]: int(row[1]) for row in rows} == {
        "Terraform, OpenTofu": 3,
        "CLI": 2,
        "Console": 1,
        "CloudFormation, CDK": 1,
        "SDK": 1,
        "Other": 1,
    }


def test_all_is_counted_and_proven_for_an_auditor(asked: Searched) -> None:
    reply = reply_to(asked, "for-an-auditor", SEPTEMBER)
    september = sorted(each["eventID"] for each in records() if each["eventTime"].startswith("2026-09"))
    text = "".join(f"{each}\n" for each in september)
    assert [row[1] for row in rows_of(reply)] == [
        str(len(september)),
        "2026-09-01T00:00:00Z",
        "2026-09-01T09:01:00Z",
        hashlib.sha256(text.encode()).hexdigest(),
    ]
    assert reply.answer.found == len(september) == 33


@pytest.fixture(scope="module")
def story(make_searched: Callable[[str], Searched]) -> Searched:
    """What the demo delivers."""
    searched = make_searched("trailsearch-story")
    searched.store(
        bytes(record)
        for log in generate_logs(seed=2014, logs=GENERATED_LOGS, start=GENERATED_FROM)
        for record in msgspec.json.decode(gzip.decompress(log.body), type=dict[str, list[msgspec.Raw]])[
            "Records"
        ]
    )
    return searched


def test_the_questions_of_the_demo_are_answered_by_its_story(story: Searched) -> None:
    replies = {name: reply_to(story, name, typed) for name, typed in DEMO.items()}
    assert {name: reply.answer.found > 0 for name, reply in replies.items()} == dict.fromkeys(DEMO, True)
    ((_, person, began, *_),) = rows_of(replies["who-is-behind"])
    assert (person, began) == ("backup-agent", "CreateAccessKey")
    assert replies["trail-tampering"].answer.facets["actor"] == {"support-readonly": 1}
