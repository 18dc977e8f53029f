"""What a worker process runs: AWS's runtime interface client, which imports the handler and asks for invocations.

It runs as a script, with no package of this repository on its path.
"""

import os
import sys
import threading
import time

PARENT_POLL_SECONDS = 0.5


def _end_with_parent(parent: int) -> None:
    """A handler that never returns would otherwise outlive a local cloud that was killed."""
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, args=[os.getppid()], daemon=True).start()

    from awslambdaric.__main__ import main

    main(sys.argv)
