"""Peak memory of one process that does one thing: `python -m tests.benchmarks.memory NAME FOLDER`.

A step, a pure stage with those before it, or the whole by a plain implementation.

Each function is a process of its own, as on Lambda. The process is that of the handler with all that it imports, without
boto3's clients.
"""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks import plain
from tests.benchmarks.data_path import LOGS, OPENSEARCH, STAGES, Steps, results_of
from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from trailsearch.contracts.messages import QueueMessage, Work

PLAIN = {"gzip + json": plain.STANDARD, "gzip + orjson": plain.ORJSON}
SPLIT_FOR_OPENSEARCH = "Split Records (OpenSearch)"
STEPS = ("Fetch Logs", SPLIT_FOR_OPENSEARCH, "Split Records", "Index Batch")


def measure(logs: Sequence[Log], folder: Path, names: Sequence[str]) -> dict[str, float]:
    """Do each of ``names`` with logs in a process of its own, and give the MB (10^6 bytes) that it held at most.

    The steps of Trailsearch come one after the other, each with what the one before left in the folder.
    """
    messages = Steps(folder).deliver(logs)
    (folder / "messages.json").write_bytes(msgspec.json.encode(messages))
    return {name: float(_run(name, folder)) for name in names}


def _run(name: str, folder: Path) -> str:
    command = [sys.executable, "-m", "tests.benchmarks.memory", name, str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def do(name: str, folder: Path) -> None:
    """Do one thing."""
    steps = Steps(folder)
    if name in PLAIN:
        deque(plain.batches_of(_logs(folder), PLAIN[name]), maxlen=0)
    elif name in STAGES:
        deque(results_of(name, _logs(folder)), maxlen=0)
    elif name == "Fetch Logs":
        messages = msgspec.json.decode((folder / "messages.json").read_bytes(), type=list[QueueMessage])
        _write(folder, steps.fetch(messages))
    elif name == SPLIT_FOR_OPENSEARCH:
        Steps(folder, OPENSEARCH).split(_read(folder))
    elif name == "Split Records":
        _write(folder, steps.split(_read(folder)))
    else:
        steps.index(_read(folder))


def _logs(folder: Path) -> Iterator[tuple[str, bytes]]:
    for message in json.loads((folder / "messages.json").read_bytes()):
        for key in json.loads(message["body"])["s3ObjectKey"]:
            yield f"s3://{LOGS}/{key}", (folder / LOGS / key).read_bytes()


def _write(folder: Path, work: Work) -> None:
    (folder / "work.json").write_bytes(msgspec.json.encode(work))


def _read(folder: Path) -> Any:
    return msgspec.json.decode((folder / "work.json").read_bytes(), type=Work)


def peak_megabytes() -> float:
    """Give the MB that this process has held at most, on Linux.

    Not by ``getrusage``, which counts the parent's memory as it was when this process was forked.
    """
    status = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    )
    return int(status["VmHWM"].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    do(sys.argv[1], Path(sys.argv[2]))
    print(peak_megabytes())
