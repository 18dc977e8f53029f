"""How the tests are handed out to processes."""

from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import MOST_PROCESSES, REPOSITORY, SHARING, pytest_xdist_auto_num_workers
from tests.conftest import pytest_xdist_make_scheduler as make_scheduler

MANY = "tests/unit/test_many.py"
COLLECTED = [
    *(f"{MANY}::test_{number}" for number in range(9)),
    "tests/contract/test_domain.py::test_it",
    "tests/end_to_end/opensearch/test_iam.py::test_it",
    "tests/end_to_end/opensearch/test_verify.py::test_it",
    "tests/end_to_end/test_environments.py::test_it",
    "tests/end_to_end/test_backfill.py::test_it",
    "tests/end_to_end/test_iam.py::test_it",
    "tests/end_to_end/test_verify.py::test_it",
    "tests/end_to_end/test_what_the_readmes_show.py::test_it",
]


class Process:
    """What runs tests: it notes which it is to run, and shuts down when there are no more."""

    shutting_down = False
    gateway = SimpleNamespace(id="gw")

    def __init__(self) -> None:
        self.given: list[str] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += [COLLECTED[index] for index in indices]

    def shutdown(self) -> None:
        self.shutting_down = True


@pytest.mark.parametrize("shared", [*chain.from_iterable(SHARING)])
def test_what_shares_something_is_there(shared: str) -> None:
    assert Path(REPOSITORY, shared).exists()


def test_what_shares_something_is_run_by_one_process_and_begins_first(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request.config.option, "dist", "loadfile")
    monkeypatch.setattr(request.config.option, "loadscopereorder", True)
    monkeypatch.setattr(request.config.option, "tx", ["popen"] * 6)
    scheduler: Any = make_scheduler(request.config, None)
    processes = [Process() for _ in range(6)]
    for process in processes:
        scheduler.add_node(process)
        scheduler.add_node_collection(process, COLLECTED)
    scheduler.schedule()
    assert [process.given for process in processes] == [
        COLLECTED[10:12],
        [COLLECTED[13], COLLECTED[16]],
        COLLECTED[12:13],
        COLLECTED[14:16],
        COLLECTED[9:10],
        COLLECTED[:9],
    ]


@pytest.mark.parametrize(("cores", "processes"), [(None, 2), (1, 2), (2, 4), (4, 8), (64, MOST_PROCESSES)])
def test_there_are_two_processes_for_each_core_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, processes: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert pytest_xdist_auto_num_workers() == processes
