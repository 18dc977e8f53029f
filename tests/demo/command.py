"""A command that runs the pipeline in a local cloud."""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.local_cloud.process import LocalCloudError
from tests.local_cloud.terraform.deployment import TerraformFailed
from trailsearch.cli.command import Command
from trailsearch.cli.console import CommandFailed


class LocalCommand(Command):
    """A command that fails as each does, but for what the local cloud and Terraform say: that stays whole."""

    def explain(self, error: Exception) -> str:
        """Say what has failed."""
        if isinstance(error, LocalCloudError | TerraformFailed):
            return str(error)
        return super().explain(error)


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Let no other such command work in a folder meanwhile: it would delete what this one has there.

    The lock is beside the folder, and ends with this process, however that ends.

    Raises:
        CommandFailed: another one does; says so of ``what``.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandFailed(
                f"Another {what} works in {folder}: wait for its end, or press Ctrl-C there"
            ) from error
        yield


def require_linux(why: str) -> None:
    """Say at the start that a command needs Linux, and why.

    Raises:
        CommandFailed: this is another system.
    """
    if sys.platform != "linux":
        raise CommandFailed(f"This needs Linux, {why}")
