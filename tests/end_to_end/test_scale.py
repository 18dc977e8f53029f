"""The short form of `make load`. It runs after the other end-to-end tests, by its name: it leaves its events behind."""

from tests.end_to_end.conftest import Pipeline
from tests.load.logs import load_logs
from tests.load.run import run


def test_a_small_flood_is_indexed_and_measured(pipeline: Pipeline) -> None:
    flooded = pipeline.under_test()
    flooded.wait_until_idle()
    result = run(flooded, "local", load_logs(seed=20_261, logs=12, events=600))
    assert result.problems == []
    assert result.logs == 12
    assert 600 <= result.events < result.records
    assert result.json_bytes > 500 * result.records
    assert result.executions.states["Index Batch"].entered == result.indexing.batches > 0
    assert result.events <= result.indexing.documents <= result.records
    first, last = result.samples[0], result.samples[-1]
    assert (first.indexed, last.indexed) == (0, result.events)
    assert (last.waiting, last.in_flight, last.executions) == (0, 0, 0)
