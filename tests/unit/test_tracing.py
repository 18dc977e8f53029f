import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import xray_recorder

from trailsearch.tracing import subsegment


@pytest.fixture
def tracing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tracing as in an invocation that is sampled, except that no segment is ended, and so none sent."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    monkeypatch.delenv("AWS_XRAY_SDK_ENABLED")
    global_sdk_config.set_sdk_enabled(True)
    xray_recorder.clear_trace_entities()
    yield
    xray_recorder.clear_trace_entities()
    os.environ["AWS_XRAY_SDK_ENABLED"] = "false"
    global_sdk_config.set_sdk_enabled(False)


@pytest.fixture
def segment(tracing: None) -> Any:
    return xray_recorder.begin_segment("function", sampling=1)


def test_a_subsegment_can_be_found_by_its_annotations(segment: Any) -> None:
    with subsegment("Upload batch", batch="s3://staging/b.json", documents=5):
        with subsegment("Inner"):
            pass
        assert xray_recorder.current_subsegment().name == "Upload batch"
    (traced,) = segment.subsegments
    assert (traced.name, traced.namespace) == ("Upload batch", "remote")
    assert traced.annotations == {"batch": "s3://staging/b.json", "documents": 5}
    assert [inner.name for inner in traced.subsegments] == ["Inner"]
    assert not traced.in_progress


def test_an_error_is_traced_and_passed_on(segment: Any) -> None:
    with pytest.raises(ValueError, match="why"), subsegment("Upload batch"):
        raise ValueError("why")
    (traced,) = segment.subsegments
    assert traced.fault
    assert traced.cause["exceptions"][0].message == "why"


@pytest.mark.usefixtures("tracing")
def test_without_a_segment_it_only_runs_what_is_in_it() -> None:
    done = False
    with subsegment("Upload batch", batch="s3://staging/b.json"):
        done = True
    assert done
    with pytest.raises(ValueError, match="why"), subsegment("Upload batch"):
        raise ValueError("why")


@pytest.mark.parametrize("header", [None, "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"])
def test_where_nothing_is_sampled_nothing_is_traced(
    segment: Any, monkeypatch: pytest.MonkeyPatch, header: str | None
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    if header:
        monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    with subsegment("Upload batch", batch="s3://staging/b.json"):
        pass
    assert segment.subsegments == []


@pytest.mark.parametrize("handler", ["fetch_logs", "split_records", "index_batch"])
def test_a_function_starts_without_the_sdk(handler: str) -> None:
    code = f"import sys, {handler}; sys.exit('aws_xray_sdk' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": "functions"})
