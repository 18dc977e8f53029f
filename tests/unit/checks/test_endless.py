"""A test that never ends fails."""

import signal
import time
from typing import Any

import pytest
from greenlet import greenlet

from tests.conftest import pytest_xdist_make_scheduler as make_scheduler


def test_every_test_has_an_end() -> None:
    remaining, _ = signal.getitimer(signal.ITIMER_REAL)
    assert 0 < remaining <= 900


@pytest.mark.timeout(0.1)
def test_what_never_ends_fails_in_a_greenlet_too() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"Timeout \(>0\.1s\)"):
        greenlet(lambda: time.sleep(10)).switch()


def test_where_that_does_not_end_it_its_process_ends(pytestconfig: pytest.Config) -> None:
    assert float(pytestconfig.getini("timeout")) < pytestconfig.getini("faulthandler_timeout")
    assert pytestconfig.getini("faulthandler_exit_on_timeout")


@pytest.fixture
def scheduler(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(pytestconfig.option, "dist", "loadfile")
    monkeypatch.setattr(pytestconfig.option, "tx", ["popen"])
    return make_scheduler(pytestconfig, None)


def test_no_process_runs_what_another_has_ended_in(pytestconfig: pytest.Config, scheduler: Any) -> None:
    scheduler.assigned_work["process"] = {"test_it.py": {"test_a": True, "test_b": False, "test_c": False}}
    assert scheduler.remove_node("process") == "test_b"
    assert not scheduler.workqueue
    # What it has not run, none does: the run ends.
    assert pytestconfig.getoption("maxworkerrestart") == "0"


def test_a_process_that_has_run_all_has_ended_in_none(scheduler: Any) -> None:
    scheduler.assigned_work["process"] = {"test_it.py": {"test_a": True}}
    assert scheduler.remove_node("process") is None
