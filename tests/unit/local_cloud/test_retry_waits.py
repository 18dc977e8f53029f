from types import SimpleNamespace
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

from tests.local_cloud import retry_waits


def test_waits_before_a_retry_are_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    moto: Any = retrier_decl
    monkeypatch.setattr(moto, "time", moto.time)  # Put back when the test ends.
    monkeypatch.setattr(retry_waits, "time", SimpleNamespace(sleep=waits.append))
    retry_waits.scale(0.5)
    moto.time.sleep(120)
    assert waits == [60]
