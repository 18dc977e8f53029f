"""MB/s of JSON: each pure stage, each step, and the whole path, beside the plain ones."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks import data_path, plain
from tests.benchmarks.data_path import OPENSEARCH, PACK_BULK, STAGES
from tests.benchmarks.inputs import INPUTS, TYPICAL, Input, make_input
from tests.benchmarks.memory import PLAIN, SPLIT_FOR_OPENSEARCH, STEPS
from tests.benchmarks.report import ALL_STEPS, FETCH_WITH_LEDGER, TRAILSEARCH, WHOLE, WHOLE_BULK
from trailsearch.events.documents import build_documents
from trailsearch.logs.trail_log import find_records, gunzip

IMPLEMENTATIONS = (*PLAIN, TRAILSEARCH)
_ROUNDS = 5


class Measure(Protocol):
    """Measures what is called, under the name of what it does and who does it; ``warm``, if it knows its inputs already."""

    def __call__(
        self,
        what: str,
        implementation: str,
        call: Callable[[], object],
        *,
        rounds: int = ...,
        warm: bool = ...,
    ) -> None:
        """Measure so many rounds."""
        ...


@pytest.fixture(scope="session", params=INPUTS)
def logs(request: pytest.FixtureRequest) -> Input:
    return make_input(request.param)


@pytest.fixture
def measure(benchmark: BenchmarkFixture, logs: Input) -> Measure:
    def measure(
        what: str,
        implementation: str,
        call: Callable[[], object],
        *,
        rounds: int = _ROUNDS,
        warm: bool = False,
    ) -> None:
        benchmark.extra_info.update(
            {
                "input": logs.name,
                "megabytes": logs.megabytes,
                "what": what,
                "implementation": implementation,
            }
        )
        benchmark.pedantic(call, rounds=rounds, warmup_rounds=0 if warm else 1)  # type: ignore[no-untyped-call]

    return measure


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("whole", [WHOLE, WHOLE_BULK])
@pytest.mark.parametrize("turn", range(_ROUNDS))
def bench_whole_path(measure: Measure, logs: Input, whole: str, implementation: str, turn: int) -> None:
    """In turns: where others slow the machine down for minutes, they do all that are compared."""
    bodies = with_uris(logs)
    in_turn = partial(measure, whole, implementation, rounds=1, warm=turn > 0)
    if implementation == TRAILSEARCH:
        batch_format = data_path.CLOUDSEARCH if whole == WHOLE else OPENSEARCH
        in_turn(lambda: drain(data_path.batches_of(bodies, batch_format)))
    else:
        library = PLAIN[implementation]
        batches_of = plain.batches_of if whole == WHOLE else plain.bulk_bodies_of
        in_turn(lambda: drain(batches_of(bodies, library)))


@pytest.mark.parametrize("step", [*STEPS, FETCH_WITH_LEDGER, ALL_STEPS])
def bench_step(measure: Measure, logs: Input, step: str, tmp_path: Path) -> None:
    steps = data_path.Steps(tmp_path)
    messages = steps.deliver(logs.logs)
    fetched = steps.fetch(messages)
    split = steps.split(fetched)
    for_opensearch = data_path.Steps(tmp_path, OPENSEARCH)
    calls: dict[str, Callable[[], object]] = {
        "Fetch Logs": lambda: steps.fetch(messages),
        FETCH_WITH_LEDGER: lambda: steps.fetch(messages, keep_ledger=True),
        SPLIT_FOR_OPENSEARCH: lambda: for_opensearch.split(fetched),
        "Split Records": lambda: steps.split(fetched),
        "Index Batch": lambda: steps.index(split),
        ALL_STEPS: lambda: steps.run(messages),
    }
    assert sum(indexed.documents for indexed in steps.index(split)) == logs.records
    measure(step, TRAILSEARCH, calls[step])


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("stage", STAGES)
def bench_stage(measure: Measure, logs: Input, stage: str, implementation: str) -> None:
    if implementation != TRAILSEARCH and logs.name != TYPICAL:
        pytest.skip("no table has it")
    stages = _stages(logs) if implementation == TRAILSEARCH else _plain_stages(logs, PLAIN[implementation])
    for name, call in stages:
        if name == stage:
            measure(stage, implementation, call)
            return


def with_uris(logs: Input) -> list[tuple[str, bytes]]:
    return [(f"s3://logs/{log.key}", log.body) for log in logs.logs]


def _stages(logs: Input) -> Iterator[tuple[str, Callable[[], object]]]:
    """The pure stages, each with what the one before it gives; that is made only when the next one is asked for."""
    bodies = with_uris(logs)
    yield "gunzip", lambda: drain(piece for _, log in bodies for piece in gunzip(log))
    texts = [(uri, list(gunzip(log))) for uri, log in bodies]
    yield "parse", lambda: drain(some for _, pieces in texts for some in find_records(pieces))
    runs = [(uri, lines) for uri, pieces in texts for lines in data_path.runs_of(find_records(pieces))]
    yield "document", lambda: drain(build_documents(lines, uri) for uri, lines in runs)
    documents = [build_documents(lines, uri) for uri, lines in runs]
    yield "pack", lambda: data_path.pack_all(documents)
    yield PACK_BULK, lambda: data_path.pack_all(documents, OPENSEARCH)


def _plain_stages(logs: Input, library: plain.Json) -> Iterator[tuple[str, Callable[[], object]]]:
    bodies = with_uris(logs)
    yield "gunzip", lambda: drain(plain.gunzip(log) for _, log in bodies)
    texts = [(uri, plain.gunzip(log)) for uri, log in bodies]
    yield "parse", lambda: drain(plain.parse(text, library) for _, text in texts)
    records = [(uri, plain.parse(text, library)) for uri, text in texts]

    def documents(change: plain.Change) -> Iterator[dict[str, Any]]:
        return (each for uri, log in records for each in plain.fields_of_records(log, uri, library, change))

    yield "document", lambda: drain(documents(plain.allowed))
    for_cloudsearch = list(documents(plain.allowed))
    yield "pack", lambda: drain(plain.pack(for_cloudsearch, library))
    for_opensearch = list(documents(None))
    yield PACK_BULK, lambda: drain(plain.pack_bulk(for_opensearch, library))


def drain(values: Iterable[Any]) -> None:
    """Make each value, and forget it."""
    deque(values, maxlen=0)
