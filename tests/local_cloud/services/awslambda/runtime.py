"""Warm workers, kept per function, and as many at once as there are concurrent invocations."""

import importlib.metadata
import io
import os
import re
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .disruption import Disruption
from .function import Function
from .output import WriteLog
from .runtime_api import Outcome
from .worker import Worker

# Further invocations of a function wait, as the machine could not run them faster.
MAX_WORKERS_PER_FUNCTION = 2 * (os.cpu_count() or 1)
# What the python3 runtimes of Lambda bring beside the standard library.
RUNTIME_DISTRIBUTIONS = ("awslambdaric", "boto3")
# What awslambdaric asks for invocations with: a module of its own on Linux, and of ours where it has none.
RUNTIME_CLIENT = Path(__file__).with_name("runtime_client.py")


class LambdaRuntime:
    """Runs functions in worker processes. All methods may be called from several threads."""

    def __init__(self, environment: Mapping[str, str], write_log: WriteLog) -> None:
        """Take variables for every worker, beside those that Lambda sets, and what is called with their output."""
        self._environment = dict(environment)
        self._write_log = write_log
        self._directory = Path(tempfile.mkdtemp(prefix="local-cloud-lambda-"))
        self._runtime_packages = self._directory / "runtime"
        link_runtime(self._runtime_packages)
        self._pools: dict[str, _Pool] = {}
        self._lock = threading.Lock()

    def invoke(
        self, function: Function, code: bytes, event: bytes, disruption: Disruption | None = None
    ) -> Outcome:
        """Run one invocation of a function whose deployment package (a zip) is `code`.

        `disruption` is what is to go wrong with it.

        Workers of an earlier state of the function (by its ARN) end, as soon as they are idle.

        Raises:
            zipfile.BadZipFile: The package is no zip.
        """
        with self._lock:
            pool = self._pools.get(function.arn)
            if pool is None or pool.function != function:
                if pool is not None:
                    pool.close()
                pool = self._pools[function.arn] = _Pool(function, self._worker_factory(function, code))
        return pool.invoke(event, disruption)

    def forget(self, function_arn: str) -> None:
        """End the workers of a function that is no more."""
        with self._lock:
            pool = self._pools.pop(function_arn, None)
        if pool is not None:
            pool.close()

    def stop(self) -> None:
        """End every worker."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close(busy_too=True)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _worker_factory(self, function: Function, code: bytes) -> Callable[[], Worker]:
        task_root = self._directory / re.sub(r"\W", "_", function.code_sha256)
        if not task_root.exists():
            partial = Path(tempfile.mkdtemp(dir=self._directory))
            with zipfile.ZipFile(io.BytesIO(code)) as package:
                package.extractall(partial)
            partial.rename(task_root)
        return lambda: Worker(function, task_root, self._runtime_packages, self._environment, self._write_log)


class _Pool:
    """The workers of one function."""

    def __init__(self, function: Function, start_worker: Callable[[], Worker]) -> None:
        self.function = function
        self._start_worker = start_worker
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._closed = False
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(MAX_WORKERS_PER_FUNCTION)

    def invoke(self, event: bytes, disruption: Disruption | None) -> Outcome:
        with self._slots:
            worker = self._take()
            try:
                return worker.invoke(event, disruption)
            finally:
                self._give_back(worker)

    def close(self, *, busy_too: bool = False) -> None:
        with self._lock:
            self._closed = True
            workers = [*self._idle, *(self._busy if busy_too else ())]
            self._idle.clear()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.stop()

    def _take(self) -> Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    break
            else:
                worker = self._start_worker()
            self._busy.add(worker)
        return worker

    def _give_back(self, worker: Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            keep = worker.alive and not self._closed
            if keep:
                self._idle.append(worker)
        if not keep:
            worker.stop()


def link_runtime(folder: Path) -> None:
    """Fill a new folder with links to what the runtime brings. Raises as ``link_distributions`` does."""
    link_distributions(RUNTIME_DISTRIBUTIONS, folder)
    if not any(folder.glob(f"{RUNTIME_CLIENT.stem}.*")):
        (folder / RUNTIME_CLIENT.name).symlink_to(RUNTIME_CLIENT)


def link_distributions(names: tuple[str, ...], folder: Path) -> None:
    """Fill a new folder with links to what the named distributions and all that they require have installed.

    Raises:
        importlib.metadata.PackageNotFoundError: One is not installed.
    """
    folder.mkdir()
    for distribution in _with_requirements(names):
        top_level = {
            file.parts[0] for file in distribution.files or () if file.parts[0] not in {"..", "__pycache__"}
        }
        for name in top_level:
            (folder / name).symlink_to(Path(str(distribution.locate_file(name))).resolve())


def _with_requirements(names: tuple[str, ...]) -> Iterator[importlib.metadata.Distribution]:
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        yield distribution
        requirements = [
            requirement for requirement in distribution.requires or () if "extra ==" not in requirement
        ]
        waiting += [re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in requirements]
