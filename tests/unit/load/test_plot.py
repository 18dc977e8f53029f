from itertools import pairwise
from pathlib import Path

from tests.load.plot import MAX_POINTS, plot, thin_out
from tests.load.sampler import Sample

SAMPLES = [
    Sample(second, second % 97, second % 13, second % 7, 250 * second, 240 * second, 0)
    for second in range(2000)
]


def test_few_samples_stay_all() -> None:
    assert thin_out(SAMPLES[:MAX_POINTS]) == SAMPLES[:MAX_POINTS]


def test_many_samples_are_thinned_out_evenly() -> None:
    thinned = thin_out(SAMPLES)
    assert len(thinned) == MAX_POINTS
    assert (thinned[0], thinned[-1]) == (SAMPLES[0], SAMPLES[-1])
    steps = {after.seconds - before.seconds for before, after in pairwise(thinned)}
    assert steps <= {6, 7}


def test_equal_samples_give_an_equal_small_file(tmp_path: Path) -> None:
    files = [tmp_path / "one.svg", tmp_path / "other.svg"]
    for file in files:
        plot(SAMPLES, file)
    one, other = (file.read_bytes() for file in files)
    assert one == other
    assert len(one) < 100_000
    for text in (b"Messages in the ingest queue", b"Executions running", b"indexed", b"minutes since"):
        assert text in one
