"""What a worker and the platform write to a function's log."""

import contextlib
import json
import math
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from .function import Function

CHUNK_BYTES = 65536
# A process that the worker left behind can hold its output open: how often to look whether the worker has ended.
END_POLL_SECONDS = 0.5

# A line and its time, in milliseconds since 1970.
LogLine = tuple[int, str]
# Takes a function, the stream of its log group, and lines in order of time.
WriteLog = Callable[[Function, str, list[LogLine]], None]


class Output:
    """Standard output and error of a worker, cut into lines."""

    def __init__(self, process: subprocess.Popen[bytes], write: Callable[[list[LogLine]], None]) -> None:
        """Take the process, whose stdout is a pipe, and what is called with its lines."""
        assert process.stdout is not None
        self._process = process
        self._pipe = process.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._write = write
        self._rest = b""
        self._ended = False
        self._lock = threading.Lock()

    def read_to_end(self) -> None:
        """Write every line as it comes, until the process ends. One thread may call it, once."""
        readiness = select.poll()
        readiness.register(self._pipe, select.POLLIN)
        while not self._ended:
            if readiness.poll(END_POLL_SECONDS * 1000):
                self._read_available()
            elif self._process.poll() is not None:
                break
        with self._lock:
            self._ended = True
            self._pipe.close()

    def write_after(self, lines: list[str]) -> None:
        """Write lines of the platform's own after all that the process has written until now."""
        self._read_available()
        self._write([(_now_ms(), line) for line in lines])

    def _read_available(self) -> None:
        with self._lock, contextlib.suppress(BlockingIOError):
            while not self._ended:
                chunk = os.read(self._pipe.fileno(), CHUNK_BYTES)
                self._ended = not chunk
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                if self._ended and self._rest:
                    lines.append(self._rest)
                if lines:
                    now = _now_ms()
                    self._write([(now, line.decode(errors="replace")) for line in lines])


class PlatformLog:
    """The lines with which Lambda frames an invocation.

    Plain: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html. JSON:
    https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html.
    """

    def __init__(self, output: Output, log_format: str, version: str, memory_mb: int) -> None:
        """Take where to write, the function's log format (Text or JSON), its version and its memory."""
        self._output = output
        self._json = log_format == "JSON"
        self._version = version
        self._memory_mb = memory_mb

    def start(self, request_id: str) -> None:
        """Say that an invocation begins."""
        if self._json:
            line = _platform_event("start", {"requestId": request_id, "version": self._version})
        else:
            line = f"START RequestId: {request_id} Version: {self._version}"
        self._output.write_after([line])

    def report(
        self, request_id: str, *, duration_ms: float, init_ms: float | None, max_memory_mb: int | None
    ) -> None:
        """Say that an invocation has ended and what it took; None stands for what is not known or not there."""
        if self._json:
            metrics = {
                "durationMs": round(duration_ms, 3),
                "billedDurationMs": math.ceil(duration_ms),
                "memorySizeMB": self._memory_mb,
                "maxMemoryUsedMB": max_memory_mb,
                "initDurationMs": None if init_ms is None else round(init_ms, 3),
            }
            known = {name: value for name, value in metrics.items() if value is not None}
            self._output.write_after([_platform_event("report", {"requestId": request_id, "metrics": known})])
            return
        parts = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {duration_ms:.2f} ms",
            f"Billed Duration: {math.ceil(duration_ms)} ms",
            f"Memory Size: {self._memory_mb} MB",
        ]
        if max_memory_mb is not None:
            parts.append(f"Max Memory Used: {max_memory_mb} MB")
        if init_ms is not None:
            parts.append(f"Init Duration: {init_ms:.2f} ms")
        self._output.write_after([f"END RequestId: {request_id}", "\t".join(parts)])


def _platform_event(kind: str, record: dict[str, object]) -> str:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": now, "type": f"platform.{kind}", "record": record})


def _now_ms() -> int:
    return int(time.time() * 1000)
