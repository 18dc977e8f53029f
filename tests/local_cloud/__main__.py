"""Run the local cloud until it is told to stop: `python -m tests.local_cloud`."""

import argparse
import gc
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import get_args

from .service_models import read_once

# What is imported stays until the end: to look for garbage in it again and again takes time.
gc.disable()
read_once()  # Before moto makes its first session, which it does while it is imported.

from .server import Server  # noqa: E402
from .services.opensearch import EngineChoice  # noqa: E402

PARENT_POLL_SECONDS = 0.5


def main() -> None:
    """Serve until SIGTERM, SIGINT, or the end of the parent process that was named."""
    arguments = _parser().parse_args()
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # One line per request is the default of the one; the other repeats whole states for what the history tells.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)

    server = Server(arguments.port, arguments.wait_factor, arguments.opensearch_engine)
    endpoint_url = server.start()
    gc.freeze()
    gc.enable()
    try:
        if arguments.ready_file is not None:
            _write_whole(arguments.ready_file, json.dumps({"endpoint_url": endpoint_url, "pid": os.getpid()}))
        sys.stdout.write(f"{endpoint_url}\n")
        sys.stdout.flush()
        while not stopped.wait(PARENT_POLL_SECONDS):
            if arguments.parent is not None and os.getppid() != arguments.parent:
                break
    finally:
        server.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.local_cloud", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument(
        "--ready-file", type=Path, help="file to write when ready: JSON with endpoint_url and pid"
    )
    parser.add_argument(
        "--parent", type=int, metavar="PID", help="stop when the parent process, PID, has ended"
    )
    parser.add_argument(
        "--wait-factor",
        type=float,
        default=1,
        help="what Step Functions' waits, before a retry and in Wait states, are multiplied with (default: 1)",
    )
    parser.add_argument(
        "--opensearch-engine",
        choices=get_args(EngineChoice),
        help="what serves OpenSearch domains (default: the node that OPENSEARCH_URL names, else the embedded one)",
    )
    return parser


def _write_whole(path: Path, text: str) -> None:
    """Write a file that other processes see either whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.rename(path)


if __name__ == "__main__":
    main()
