"""What is told apart in the dead-letter queue."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from trailsearch.cli.dead_letters.dead_letter_queue import Received, divide
from trailsearch.contracts.messages import Kind
from trailsearch.workflow.dead_letters import WaitingLetter

_AT = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
MESSAGES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=12).map(
    lambda each: [_received(number, body, sent) for number, (body, sent) in enumerate(each)]
)


def _received(number: int, body: str, sent: int) -> Received:
    letter = WaitingLetter(
        message_id=f"message-{number}",
        kind=Kind.MESSAGE,
        subject="",
        error="",
        reason="",
        attempts=1,
        first_failed_at=_AT,
        last_failed_at=_AT,
        sent_at=_AT,
    )
    return Received({"Body": body, "Attributes": {"SentTimestamp": str(sent)}}, letter)


@given(MESSAGES, st.data())
def test_whoever_deletes_copies_and_whatever_each_sees_one_of_each_body_stays(
    messages: list[Received], data: st.DataObject
) -> None:
    deleted: set[str] = set()
    for seen in data.draw(st.lists(st.sets(st.integers(0, max(0, len(messages) - 1))))):
        _, copies = divide(messages[at] for at in seen if at < len(messages))
        deleted |= {copy.letter.message_id for copy in copies}
    left = [found for found in messages if found.letter.message_id not in deleted]
    assert {found.message["Body"] for found in left} == {found.message["Body"] for found in messages}


@given(MESSAGES)
def test_messages_are_divided_into_one_of_each_body_and_the_rest(messages: list[Received]) -> None:
    once, copies = divide(messages)
    assert sorted(each.letter.message_id for each in once + copies) == sorted(
        each.letter.message_id for each in messages
    )
    assert len({each.message["Body"] for each in once}) == len(once)
    for kept in once:
        latest = max(
            int(each.message["Attributes"]["SentTimestamp"])
            for each in messages
            if each.message["Body"] == kept.message["Body"]
        )
        assert int(kept.message["Attributes"]["SentTimestamp"]) == latest
