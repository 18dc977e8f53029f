"""One worker: a process that runs the invocations of one function, one after the other."""

import contextlib
import math
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import UTC, datetime
from pathlib import Path

from .disruption import Disruption
from .function import Function
from .output import Output, PlatformLog, WriteLog
from .runtime_api import Invocation, Outcome, RuntimeApi, error_outcome

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
# Lambda grants 10 s, and initializes once more within the function's own timeout if they are not enough.
INIT_TIMEOUT_SECONDS = 60
VERSION = "$LATEST"


class Worker:
    """A running worker process. One thread at a time may call `invoke`."""

    def __init__(
        self,
        function: Function,
        task_root: Path,
        runtime_packages: Path,
        environment: Mapping[str, str],
        write_log: WriteLog,
    ) -> None:
        """Start the process.

        Args:
            function: What it runs.
            task_root: The unpacked deployment package.
            runtime_packages: A folder of the packages that the runtime brings.
            environment: Variables beside those of the function and those that Lambda sets.
            write_log: Called with the lines that the process writes.
        """
        self._function = function
        self._api = RuntimeApi()
        self._cold_since: float | None = time.monotonic()
        log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{VERSION}]{uuid.uuid4().hex}"
        self._process = subprocess.Popen(
            # -S and -P: of this Python, the worker sees the standard library only.
            [sys.executable, "-S", "-P", str(BOOTSTRAP), function.handler],
            cwd=task_root,
            env=dict(function.environment)
            | _reserved_variables(function, log_stream)
            | {
                "AWS_LAMBDA_RUNTIME_API": self._api.address,
                "LAMBDA_TASK_ROOT": str(task_root),
                "LAMBDA_RUNTIME_DIR": str(runtime_packages),
                "PYTHONPATH": f"{task_root}{os.pathsep}{runtime_packages}",
            }
            | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._output = Output(self._process, lambda lines: write_log(function, log_stream, lines))
        self._platform_log = PlatformLog(self._output, function.log_format, VERSION, function.memory_mb)
        self._watcher = threading.Thread(target=self._watch, name=f"lambda-{function.name}", daemon=True)
        self._watcher.start()

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        return self._process.poll() is None

    def invoke(self, event: bytes, disruption: Disruption | None = None) -> Outcome:
        """Run one invocation, within the function's timeout; the worker does not survive a timeout.

        `disruption` is what is to go wrong with it.
        """
        timeout_seconds = (disruption and disruption.timeout_seconds) or self._function.timeout_seconds
        invocation = Invocation(
            event,
            self._function.arn,
            _trace_header(sampled=self._function.traced),
            timeout_seconds,
            on_begin=lambda invocation: self._platform_log.start(invocation.request_id),
            kill=self.kill,
            disruption=disruption,
        )
        cold_since, self._cold_since = self._cold_since, None
        self._api.submit(invocation)
        has_begun = invocation.begun.wait(INIT_TIMEOUT_SECONDS)
        began = time.monotonic()
        limit = timeout_seconds if has_begun else 0
        try:
            outcome = invocation.outcome.result(limit)
        except FutureTimeoutError:
            self.stop()
            seconds = timeout_seconds if has_begun else INIT_TIMEOUT_SECONDS
            outcome = error_outcome(
                "Sandbox.Timedout", invocation.request_id, f"Task timed out after {seconds:.2f} seconds"
            )
        ended = time.monotonic()
        self._platform_log.report(
            invocation.request_id,
            duration_ms=(ended - began) * 1000,
            init_ms=(began - cold_since) * 1000 if cold_since is not None else None,
            max_memory_mb=_max_memory_mb(self._process.pid),
        )
        return outcome

    def kill(self) -> None:
        """End the process and all that it started, without waiting."""
        # On macOS a group of processes that have all ended, and nobody has waited for yet, may not be signalled:
        # https://github.com/airspeed-velocity/asv/pull/304
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the process and all that it started, and wait until its output has been read."""
        self.kill()
        self._watcher.join()

    def _watch(self) -> None:
        """Read what the process writes until it ends, then fail the invocation it ran."""
        self._output.read_to_end()
        status = self._process.wait()
        how = f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        self._api.worker_ended(how)
        self._api.close()


def _reserved_variables(function: Function, log_stream: str) -> dict[str, str]:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime."""
    variables = {
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": VERSION,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_REGION": function.region,
        "LANG": "en_US.UTF-8",
        "PATH": os.environ.get("PATH", os.defpath),
        "TZ": ":UTC",
        "_HANDLER": function.handler,
    }
    if function.log_format == "JSON":
        variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
    return variables


def _trace_header(*, sampled: bool) -> str:
    """https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader."""
    root = f"1-{math.floor(time.time()):08x}-{secrets.token_hex(12)}"
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled={int(sampled)}"


def _max_memory_mb(pid: int) -> int | None:
    """Return the most memory that the process has held, where the system tells (Linux) and while it runs."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    peak_kb = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), None)
    return math.ceil(int(peak_kb) / 1024) if peak_kb else None
