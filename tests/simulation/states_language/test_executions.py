"""What an execution does, on a clock of which every second is known: time, errors, limits, Maps, stops and redrives."""

import json
from collections.abc import Callable, Generator, Mapping
from itertools import pairwise
from random import Random
from typing import Any

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonpath_ng.parser import parse

from tests.simulation.states_language import Ended, ExecutionContext, Machine, StateEvent, TaskFailed
from tests.simulation.states_language.clock import iso
from tests.simulation.states_language.limits import MAX_HISTORY_EVENTS, MAX_PAYLOAD_BYTES, payload_bytes
from tests.simulation.states_language.paths import compile_path

CONTEXT = ExecutionContext(
    "arn:aws:states:us-east-1:123456789012:execution:machine:e",
    "e",
    "arn:aws:states:us-east-1:123456789012:stateMachine:machine",
    iso(0),
)
Answer = Callable[[Any, int], Any]  # of the parameters, and of how many calls there were before


class Services:
    """Answers each Task after some seconds, or as many as the answer has; one that has "fails" is an error after that time."""

    def __init__(self, env: simpy.Environment, answers: Mapping[str, Answer], seconds: float = 1) -> None:
        self.env = env
        self.answers = answers
        self.seconds = seconds
        self.asked: list[tuple[float, str, Any]] = []
        self.done: list[tuple[float, str]] = []
        self.running = self.most_running = 0

    def call(
        self, resource: str, parameters: Any, execution: ExecutionContext, state: str
    ) -> Generator[simpy.Event, Any, Any]:
        self.asked.append((self.env.now, state, parameters))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        before = sum(name == state for _, name, _ in self.asked) - 1
        try:
            answer = self.answers[state](parameters, before)
            odd = answer if isinstance(answer, dict) else {}
            yield self.env.timeout(odd.get("seconds", self.seconds))
        finally:
            self.running -= 1
        self.done.append((self.env.now, state))
        if "fails" in odd:
            raise TaskFailed(odd["fails"])
        return answer


def task(**fields: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


def each(items: str, concurrency: int, state: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A Map with one state for each item."""
    return {
        "Type": "Map",
        "ItemsPath": items,
        "MaxConcurrency": concurrency,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Item",
            "States": {"Item": state},
        },
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


def distributed(state: Mapping[str, Any]) -> dict[str, Any]:
    fields = each("$", 1, state)
    del fields["ItemsPath"]
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor = {**fields["ItemProcessor"], "ProcessorConfig": config}
    return {**fields, "ItemReader": reader, "ItemProcessor": processor, "Label": "Parts"}


def machine(timeout: int | None = None, **states: Any) -> dict[str, Any]:
    limit = {} if timeout is None else {"TimeoutSeconds": timeout}
    return {"StartAt": next(iter(states)), "States": states, **limit}


class Simulation:
    """One machine, its services and a clock."""

    def __init__(self, definition: Mapping[str, Any], seconds: float = 1, **answers: Answer) -> None:
        self.env = simpy.Environment()
        self.machine = Machine(definition)
        self.services = Services(self.env, answers, seconds)
        self.events: list[StateEvent] = []
        self.process: simpy.Process | None = None

    def run(self, data: Any = None, *, seed: int = 0, stop_at: float | None = None) -> Ended:
        """Run an execution to its end, or stop it."""
        started = self.machine.run(
            self.env, CONTEXT, data or {}, self.services, Random(seed), self.events.append
        )
        return self._to_the_end(started, stop_at)

    def redrive(self, ended: Ended, data: Any = None) -> Ended:
        """Redrive an execution."""
        started = self.machine.redrive(
            self.env, CONTEXT, data or {}, ended, self.services, Random(0), self.events.append
        )
        return self._to_the_end(started, None)

    def _to_the_end(self, started: Generator[simpy.Event, Any, Any], stop_at: float | None) -> Ended:
        process = self.env.process(started)
        if stop_at is not None:
            self.env.run(until=stop_at)
            process.interrupt("ABORTED")
        ended = self.env.run(until=process)
        assert isinstance(ended, Ended)
        return ended


def fails(error: str, times: int = 10**9, then: Any = None) -> Answer:
    def answer(_parameters: Any, before: int) -> Any:
        if before < times:
            raise TaskFailed(error, f"why {error}")
        return then

    return answer


def gives(value: Any) -> Answer:
    return lambda _parameters, _before: value


CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]
CAUGHT: dict[str, Any] = {"Caught": {"Type": "Succeed"}}


def test_a_task_that_takes_longer_than_it_may_times_out_and_its_work_goes_on() -> None:
    run = Simulation(machine(A=task(TimeoutSeconds=5, Catch=CATCH, Next="Caught"), **CAUGHT), 8, A=gives({}))
    ended = run.run()
    assert run.env.now == 5
    assert ended.output == {"error": {"Error": "States.Timeout", "Cause": ""}}
    run.env.run(until=100)
    assert run.services.done == [(8, "A")]


def test_a_task_that_fails_after_it_timed_out_disturbs_nobody() -> None:
    run = Simulation(
        machine(A=task(TimeoutSeconds=5, Catch=CATCH, Next="Caught"), **CAUGHT),
        A=gives({"seconds": 8, "fails": "Late"}),
    )
    assert run.run().output == {"error": {"Error": "States.Timeout", "Cause": ""}}
    run.env.run(until=100)
    assert run.services.done == [(8, "A")]


@pytest.mark.parametrize("seed", range(20))
def test_retries_wait_longer_and_longer_with_jitter_each_retrier_by_itself(seed: int) -> None:
    retry = [
        {
            "ErrorEquals": ["A"],
            "IntervalSeconds": 3,
            "BackoffRate": 2,
            "MaxDelaySeconds": 10,
            "MaxAttempts": 3,
            "JitterStrategy": "FULL",
        },
        {"ErrorEquals": ["B"], "IntervalSeconds": 7, "MaxAttempts": 1},
    ]
    errors = iter(["A", "B", "A", "A", "A"])

    def failing(_parameters: Any, _before: int) -> Any:
        raise TaskFailed(next(errors))

    run = Simulation(machine(Work=task(Retry=retry)), 0, Work=failing)
    ended = run.run(seed=seed)
    assert (ended.status, ended.error) == ("FAILED", "A")
    at = [now for now, _, _ in run.services.asked]
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert len(waits) == 4
    assert waits[1] == pytest.approx(7)
    assert all(0 <= wait <= bound for wait, bound in zip([waits[0], *waits[2:]], [3, 6, 10], strict=True))
    assert len(set(waits)) == 4


def test_an_error_that_the_first_retrier_has_used_up_is_not_for_the_next_one() -> None:
    retry = [{"ErrorEquals": ["A"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}]
    run = Simulation(machine(Work=task(Retry=retry)), Work=fails("A"))
    assert run.run().error == "A"
    assert len(run.services.asked) == 1


def test_retries_begin_anew_when_a_state_is_entered_again() -> None:
    retry = [{"ErrorEquals": ["A"], "MaxAttempts": 1}]
    again = {"Type": "Choice", "Choices": [{"Variable": "$.more", "BooleanEquals": True, "Next": "Work"}]}

    def failing_each_first_time(_parameters: Any, before: int) -> Any:
        if before % 2 == 0:
            raise TaskFailed("A")
        return {"more": before < 5}

    run = Simulation(
        machine(
            Work=task(Retry=retry, Next="Again"), Again={**again, "Default": "Done"}, Done={"Type": "Succeed"}
        ),
        Work=failing_each_first_time,
    )
    assert run.run().status == "SUCCEEDED"
    assert len(run.services.asked) == 6


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"ResultSelector": {"a.$": "$.nothing"}}, "States.Runtime"),
        ({"OutputPath": "$.nothing"}, "States.Runtime"),
        ({"Parameters": {"FunctionName.$": "$.nothing"}}, "States.Runtime"),
    ],
)
def test_nothing_catches_a_path_that_finds_nothing(fields: dict[str, Any], error: str) -> None:
    retry = [{"ErrorEquals": ["States.ALL"]}]
    work = task(Retry=retry, Catch=CATCH, Next="Caught", **fields)
    ended = Simulation(machine(Work=work, **CAUGHT), Work=gives({})).run()
    assert (ended.status, ended.error) == ("FAILED", error)


@pytest.mark.parametrize("over", [0, 1])
def test_nothing_catches_an_answer_that_is_too_large(over: int) -> None:
    answer = {"a": "ä" * ((MAX_PAYLOAD_BYTES - 8) // 2) + over * "x"}
    assert payload_bytes(answer) == MAX_PAYLOAD_BYTES + over
    work = task(ResultPath=None, Retry=[{"ErrorEquals": ["States.ALL"]}], Catch=CATCH, Next="Caught")
    ended = Simulation(machine(Work=work, **CAUGHT), Work=gives(answer)).run()
    assert (ended.status, ended.error) == (
        ("FAILED", "States.DataLimitExceeded") if over else ("SUCCEEDED", "")
    )


def test_neither_does_the_map_that_it_happens_in() -> None:
    work = each("$.items", 1, task(), Catch=CATCH, Next="Caught")
    ended = Simulation(machine(Work=work, **CAUGHT), Item=gives("a" * MAX_PAYLOAD_BYTES)).run({"items": [1]})
    assert (ended.status, ended.error) == ("FAILED", "States.DataLimitExceeded")


def test_what_one_state_hands_to_the_next_may_not_be_too_large() -> None:
    copy = {"Type": "Pass", "Parameters": {"a.$": "$.a", "b.$": "$.a"}, "Next": "Caught"}
    run = Simulation(machine(Copy=copy, **CAUGHT))
    assert run.run({"a": "a" * 131_000}).status == "SUCCEEDED"
    assert run.run({"a": "a" * 131_100}).error == "States.DataLimitExceeded"
    with pytest.raises(ValueError, match="262,144"):
        run.run({"a": "a" * MAX_PAYLOAD_BYTES})


def test_an_execution_that_goes_round_fails_when_its_history_is_full() -> None:
    ended = Simulation(
        machine(A={"Type": "Wait", "Seconds": 1, "Next": "B"}, B={"Type": "Pass", "Next": "A"})
    ).run()
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")
    assert ended.history_events == MAX_HISTORY_EVENTS


def test_so_does_one_with_a_map_that_goes_round_whatever_it_catches() -> None:
    item = {"Type": "Pass", "Next": "Item"}
    ended = Simulation(machine(Work=each("$.items", 2, item, Catch=CATCH, Next="Caught"), **CAUGHT)).run(
        {"items": [1, 2]}
    )
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")
    assert ended.history_events == MAX_HISTORY_EVENTS


def test_an_execution_ends_at_its_timeout_while_its_work_goes_on() -> None:
    run = Simulation(machine(10, Work=each("$.items", 2, task())), 7, Item=gives({}))
    ended = run.run({"items": [1, 2, 3, 4, 5]})
    assert (ended.status, ended.output, run.env.now) == ("TIMED_OUT", None, 10)
    run.env.run(until=1000)
    assert run.services.done == [(7, "Item"), (7, "Item"), (14, "Item"), (14, "Item")]


def test_an_execution_that_is_stopped_begins_nothing_more() -> None:
    run = Simulation(
        machine(Work=each("$.items", 2, task(Retry=[{"ErrorEquals": ["A"]}]))), Item=fails("A", 1, {})
    )
    ended = run.run({"items": [1, 2, 3]}, stop_at=0.5)
    assert (ended.status, ended.error) == ("ABORTED", "")
    asked = len(run.services.asked)
    run.env.run(until=1000)
    assert len(run.services.asked) == asked


@pytest.mark.parametrize("concurrency", [1, 2, 3, 0])
def test_a_map_runs_as_many_items_at_a_time_as_it_says_and_at_most_40(concurrency: int) -> None:
    run = Simulation(
        machine(Work=each("$.items", concurrency, task())), Item=lambda event, _: event["Payload"]
    )
    ended = run.run({"items": list(range(50))})
    assert run.services.most_running == (concurrency or 40)
    assert ended.output == list(range(50))


def test_an_item_that_fails_ends_the_others_and_their_work_goes_on() -> None:
    def answer(parameters: Any, _before: int) -> Any:
        if parameters["Payload"] == 2:
            raise TaskFailed("A", "why")
        return {"seconds": 5}

    run = Simulation(
        machine(Work=each("$.items", 2, task(), Catch=CATCH, Next="Caught"), **CAUGHT), Item=answer
    )
    ended = run.run({"items": [1, 2, 3]})
    assert ended.output["error"] == {"Error": "A", "Cause": "why"}
    assert [event.kind for event in ended.history if event.kind.startswith("MapIteration")] == [
        "MapIterationStarted",
        "MapIterationStarted",
        "MapIterationFailed",
        "MapIterationAborted",
    ]
    run.env.run(until=100)
    assert len(run.services.asked) == 2
    assert len(run.services.done) == 1


def test_each_item_of_a_distributed_map_has_an_execution_of_its_own() -> None:
    seen = []

    def answer(parameters: Any, _before: int) -> Any:
        seen.append(parameters["Payload"])
        return {}

    item = task(
        Parameters={
            "FunctionName": "f",
            "Payload": {"id.$": "$$.Execution.Id", "input.$": "$$.Execution.Input"},
        }
    )
    run = Simulation(machine(Work=distributed(item)), Work=gives({"Body": "[7, 8]"}), Item=answer)
    ended = run.run()
    assert (ended.status, ended.visits) == ("SUCCEEDED", ["Work"])
    arn = "arn:aws:states:us-east-1:123456789012:execution:machine/Parts"
    assert seen == [{"id": f"{arn}:e-0", "input": 7}, {"id": f"{arn}:e-1", "input": 8}]


@pytest.mark.parametrize(
    ("reads", "error"),
    [
        (gives({"Body": "no JSON"}), "States.ItemReaderFailed"),
        (gives({"Body": "{}"}), "States.ItemReaderFailed"),
        (fails("S3.NoSuchKeyException"), "States.ItemReaderFailed"),
        (gives({"Body": "[1]"}), "States.ExceedToleratedFailureThreshold"),
    ],
)
def test_a_distributed_map_fails_by_what_failed(reads: Answer, error: str) -> None:
    ended = Simulation(machine(Work=distributed(task())), Work=reads, Item=fails("A")).run()
    assert (ended.status, ended.error) == ("FAILED", error)


def test_a_choice_that_nothing_matches_fails() -> None:
    rule = {"Variable": "$.a", "NumericGreaterThan": 3, "Next": "Done"}
    run = Simulation(machine(Ask={"Type": "Choice", "Choices": [rule]}, Done={"Type": "Succeed"}))
    assert run.run({"a": 4}).status == "SUCCEEDED"
    assert run.run({"a": "4"}).error == "States.NoChoiceMatched"
    assert run.run({"b": 4}).error == "States.Runtime"


def test_a_redrive_goes_on_where_an_execution_failed_with_all_attempts_anew() -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
    run = Simulation(
        machine(60, First=task(Next="Second", ResultPath=None), Second=task(Retry=retry)),
        First=gives({}),
        Second=fails("A", 3, "well"),
    )
    ended = run.run({"a": 1})
    assert (ended.status, ended.error) == ("FAILED", "A")
    run.env.run(until=1000)
    again = run.redrive(ended, {"a": 1})
    assert (again.status, again.output, again.redrive_count) == ("SUCCEEDED", "well", 1)
    assert [state for _, state, _ in run.services.asked] == ["First", *4 * ["Second"]]
    assert again.history[: len(ended.history)] == ended.history
    assert again.history[len(ended.history)].kind == "ExecutionRedriven"


def test_a_redrive_does_not_do_again_what_items_have_done() -> None:
    mended = False

    def answer(parameters: Any, _before: int) -> Any:
        if parameters["Payload"] == 2 and not mended:
            raise TaskFailed("A")
        return parameters["Payload"]

    for work in (each("$.items", 1, task()), distributed(task())):
        mended = False
        run = Simulation(machine(Work=work), Work=gives({"Body": "[1, 2, 3]"}), Item=answer)
        ended = run.run({"items": [1, 2, 3]})
        mended = True
        assert run.redrive(ended, {"items": [1, 2, 3]}).output == [1, 2, 3]
        asked = [parameters["Payload"] for _, state, parameters in run.services.asked if state == "Item"]
        assert sorted(asked) in (
            [1, 2, 2, 3],
            [1, 2, 2, 3, 3],
        )  # The third may have been at work, and was stopped.


def test_a_redrive_of_a_choice_sees_how_often_it_was_redriven() -> None:
    keep = {
        "Type": "Pass",
        "Parameters": {"redrives.$": "$$.Execution.RedriveCount"},
        "Next": "Ask",
    }
    rule = {"Variable": "$$.Execution.RedriveCount", "NumericGreaterThanPath": "$.redrives", "Next": "Done"}
    run = Simulation(machine(Keep=keep, Ask={"Type": "Choice", "Choices": [rule]}, Done={"Type": "Succeed"}))
    ended = run.run()
    assert ended.error == "States.NoChoiceMatched"
    assert run.redrive(ended).status == "SUCCEEDED"


def test_what_has_succeeded_or_has_no_room_left_cannot_be_redriven() -> None:
    run = Simulation(machine(A={"Type": "Pass", "Next": "A"}))
    full = run.run()
    with pytest.raises(ValueError, match="redriven"):
        run.redrive(full)
    done = Simulation(machine(Caught={"Type": "Succeed"})).run()
    with pytest.raises(ValueError, match="redriven"):
        run.redrive(done)


def test_an_exception_that_is_no_failure_of_a_task_ends_the_simulation() -> None:
    def broken(_parameters: Any, _before: int) -> Any:
        raise ZeroDivisionError

    run = Simulation(
        machine(Work=each("$.items", 2, task(), Catch=CATCH, Next="Caught"), **CAUGHT), Item=broken
    )
    with pytest.raises(ZeroDivisionError):
        run.run({"items": [1, 2]})


def test_the_same_seed_gives_the_same_history() -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 5, "JitterStrategy": "FULL"}]
    work = machine(Work=each("$.items", 3, task(Retry=retry)))

    def once(seed: int) -> Ended:
        return Simulation(work, Item=fails("A", 6, {})).run({"items": list(range(9))}, seed=seed)

    assert once(7).history == once(7).history
    assert once(7).history != once(8).history


def test_what_happens_is_told_while_it_happens() -> None:
    retry = [{"ErrorEquals": ["A"], "MaxAttempts": 1}]
    run = Simulation(machine(Work=task(Retry=retry, Catch=CATCH, Next="Caught"), **CAUGHT), Work=fails("A"))
    run.run()
    assert [(event.state, event.what) for event in run.events] == [
        ("Work", "entered"),
        ("Work", "retry"),
        ("Work", "caught"),
        ("Work", "left"),
        ("Caught", "entered"),
        ("Caught", "left"),
    ]
    assert {event.execution for event in run.events} == {"e"}


PATHS = ("$", "$.a", "$.a.b", "$.a[0]", "$.a[1].b", "$.a[*]", "$[*].b", "$.a[0:2]", "$.a[1:3].b", "$.a[*].b")
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["", "ab"]),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), children, max_size=2)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(PATHS), VALUES)
def test_a_path_finds_what_the_library_finds(text: str, value: Any) -> None:
    path, missing = compile_path(text), object()
    found = path.find_or(missing, value, {})
    if not path.indefinite:
        found = [] if found is missing else [found]
    of_strings = [match.value for match in parse(text).find(value)]
    # The library takes strings, and what is no array, for arrays where an index or a slice asks for one.
    if json.dumps(found) != json.dumps(of_strings):
        assert len(found) < len(of_strings)
