import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.lambda_launcher import LambdaContext

from fetch_logs import fetch_logs
from index_batch import index_batch
from split_records import split_records
from tests.steps import LOGS, FakeIndex, announce, event, execution, log_key, log_of
from tests.unit.test_split_records import ThreeDocuments
from trailsearch.aws import clients
from trailsearch.aws.concurrency import map_ahead
from trailsearch.aws.tracing import subsegment
from trailsearch.logs.log_bucket import LogBucket
from trailsearch.workflow.execution_inputs import ExecutionInputs
from trailsearch.workflow.staging import Staging

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT, PARENT = "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"


@pytest.fixture
def tracing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tracing as in an invocation that is sampled, except that no segment is ended, and so none sent."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={ROOT};Parent={PARENT};Sampled=1")
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


@pytest.mark.parametrize("header", [None, f"Root={ROOT};Parent={PARENT};Sampled=0"])
def test_where_nothing_is_sampled_nothing_is_traced(
    segment: Any, monkeypatch: pytest.MonkeyPatch, header: str | None
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    if header:
        monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    with subsegment("Upload batch", batch="s3://staging/b.json"):
        pass
    assert segment.subsegments == []


@pytest.mark.parametrize("handler", ["admit_messages", "fetch_logs", "split_records", "index_batch"])
def test_a_function_starts_without_the_sdk(handler: str) -> None:
    code = f"import sys, {handler}; sys.exit('aws_xray_sdk' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": "functions"})


class Emitter:
    """Keeps what would be sent to X-Ray."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_entity(self, entity: Any) -> None:
        self.sent.append(json.loads(entity.serialize()))


@pytest.fixture
def sent(tracing: None, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Tracing as the SDK sets it up in Lambda: whatever has ended is sent, and nothing is kept."""
    emitter = Emitter()
    monkeypatch.setattr(xray_recorder, "context", LambdaContext())
    monkeypatch.setattr(xray_recorder, "streaming_threshold", 0)
    monkeypatch.setattr(xray_recorder, "emitter", emitter)
    return emitter.sent


def test_in_lambda_what_threads_trace_belongs_to_the_function(sent: list[dict[str, Any]]) -> None:
    def call(number: int) -> int:
        with subsegment("Stage batch", batch=f"s3://staging/{number}"):
            return number

    with subsegment("Around"):
        assert list(map_ahead(call, range(6), at_once=3)) == list(range(6))
    traced = sorted(each["annotations"]["batch"] for each in sent if each["name"] == "Stage batch")
    assert traced == [f"s3://staging/{number}" for number in range(6)]
    assert {(each["trace_id"], each["parent_id"]) for each in sent} == {(ROOT, PARENT)}
    assert len({each["id"] for each in sent}) == 7


def test_in_lambda_an_error_in_a_thread_is_traced_and_passed_on(sent: list[dict[str, Any]]) -> None:
    def call(number: int) -> int:
        with subsegment("Stage batch", batch=number):
            if number == 1:
                raise ValueError("why")
            return number

    with pytest.raises(ValueError, match="why"):
        list(map_ahead(call, range(2), at_once=2))
    (bad,) = [each for each in sent if each["annotations"]["batch"] == 1]
    assert bad["fault"]
    assert bad["cause"]["exceptions"][0]["message"] == "why"
    assert (bad["trace_id"], bad["parent_id"]) == (ROOT, PARENT)


def test_every_call_of_the_steps_is_a_subsegment_of_its_own_that_says_what_it_is_about(
    s3: "S3Client", log_bucket: LogBucket, stage: Staging, index: FakeIndex, sent: list[dict[str, Any]]
) -> None:
    for name in "ab":
        too_large = event(f"{name}-too-large", x="x" * 1_100_000)
        body = log_of(*(event(f"{name}{number}") for number in range(4)), too_large, event(f"{name}4"))
        s3.put_object(Bucket=LOGS, Key=log_key(name), Body=body)
    inputs = ExecutionInputs(clients.stepfunctions)
    work = fetch_logs([announce("a", "b")], execution(), inputs, log_bucket, stage)
    work = split_records(work, execution("Split Records"), stage, ThreeDocuments())
    index.refuse = {"a1"}
    for batch in work.batches:
        index_batch(batch, execution("Index Batch"), stage, ThreeDocuments(), index, lambda: 120)
    assert all("subsegments" not in each for each in sent)
    assert {each["parent_id"] for each in sent} == {PARENT}
    assert {each["name"]: set(each["annotations"]) & {"log", "records", "batch"} for each in sent} == {
        "Fetch log": {"log"},
        "Stage records": {"records"},
        "Read records": {"records"},
        "Stage batch": {"batch"},
        "Read batch": {"batch"},
        "Upload batch": {"batch"},
        "Upload half of a batch": {"batch"},
    }
