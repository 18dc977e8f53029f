"""How long functions take to start: the import of each handler from the Lambda package, and the package's size.

A process of its own imports each handler, with the standard library and what the runtime brings beside the package, as
in the local cloud. As on Lambda, where the package's folder cannot be written to, Python finds no bytecode of it and
leaves none; what the runtime brings has some.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.local_cloud.services.awslambda.runtime import RUNTIME_DISTRIBUTIONS, link_distributions
from trailsearch.cli.package import build_package

HANDLERS = ("fetch_logs", "split_records", "index_batch")
_ROUNDS = 11
_IMPORT = """
import sys, time
before = len(sys.modules)
started = time.perf_counter()
import {handler}
print(time.perf_counter() - started, len(sys.modules) - before)
"""


class Start(NamedTuple):
    """How long the import of a handler takes (the median), and how many modules it loads."""

    handler: str
    milliseconds: float
    modules: int


class ColdStart(NamedTuple):
    """The starts of all handlers, and the size of Lambda's package in bytes."""

    starts: list[Start]
    package_bytes: int


def measure(folder: Path) -> ColdStart:
    """Build the package and measure, in an empty folder."""
    local_package, package = folder / "local.zip", folder / "lambda.zip"
    build_package(package, local=False)
    build_package(local_package, local=True)
    task_root, runtime = folder / "task", folder / "runtime"
    with zipfile.ZipFile(local_package) as archive:
        archive.extractall(task_root)
    link_distributions(RUNTIME_DISTRIBUTIONS, runtime)
    return ColdStart([_start(handler, task_root, runtime) for handler in HANDLERS], package.stat().st_size)


def _start(handler: str, task_root: Path, runtime: Path) -> Start:
    environment = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "PATH": os.defpath,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": f"{task_root}{os.pathsep}{runtime}",
    }
    command = [sys.executable, "-S", "-P", "-c", _IMPORT.format(handler=handler)]
    runs = [
        subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        for _ in range(_ROUNDS)
    ]
    return Start(handler, median(float(seconds) for seconds, _ in runs) * 1000, int(runs[0][1]))
