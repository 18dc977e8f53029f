"""What the processes of the local cloud use: its server, the workers that run the functions, and an OpenSearch engine."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

SERVER = "local cloud"
ENGINE = "search engine"
# The one in memory, or a node, which a script starts.
_ENGINE = re.compile(r"osmem-server|opensearch")
_WORKER = re.compile(r"/bootstrap\.py (\w+)\.handler$")


@dataclass(frozen=True)
class Usage:
    """Processor time since the processes began, in seconds, and memory that they hold now, in bytes.

    On Linux, ps cuts the time of each process to whole seconds.
    """

    cpu_seconds: float = 0
    resident_bytes: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.cpu_seconds + other.cpu_seconds,
            self.resident_bytes + other.resident_bytes,
        )


def usage_of(server_pid: int) -> dict[str, Usage]:
    """Return what the server uses (`SERVER`), all workers of each function together, by the function's module, and the engine (`ENGINE`).

    An engine that somebody else runs is not the local cloud's.
    """
    command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,time=,rss=,args="]
    return parse(subprocess.run(command, capture_output=True, text=True, check=True).stdout, server_pid)


def parse(listing: str, server_pid: int) -> dict[str, Usage]:
    """Return the same, from lines of process id, parent's id, processor time, resident KiB and command."""
    usages: dict[str, Usage] = {}
    lines = [line.split(None, 4) for line in listing.splitlines()]
    parents = {int(pid): int(parent) for pid, parent, *_ in lines}
    for pid, parent, time, resident_kib, command in lines:
        if int(pid) == server_pid:
            name = SERVER
        elif int(parent) == server_pid and (worker := _WORKER.search(command)):
            name = worker[1]
        elif _ENGINE.search(command) and _is_below(int(pid), server_pid, parents):
            name = ENGINE
        else:
            continue
        usage = Usage(_seconds(time), int(resident_kib) * 1024)
        usages[name] = usages.get(name, Usage()) + usage
    return usages


def _is_below(pid: int, ancestor: int, parents: Mapping[int, int]) -> bool:
    while pid in parents and pid != ancestor:
        pid = parents[pid]
    return pid == ancestor


def _seconds(time: str) -> float:
    """Read [[dd-]hh:]mm:ss, with hundredths on macOS."""
    days, _, clock = time.rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + int(days or 0) * 86_400
