"""Which files have changed, as git knows it."""

import subprocess
from pathlib import Path


class UnknownBase(RuntimeError):
    """git knows no such commit to compare with; the message is git's."""


def changed_files(repository: Path, base: str) -> list[str]:
    """The files that differ from where the work left ``base``, committed or not, and those that git does not know yet.

    With ``HEAD`` as the base that is all that is not committed; with a branch, also all that was committed since.
    Files that are gone are among them.

    Raises:
        UnknownBase: there is no such commit, or it shares no history with this one.
    """
    changed = _git(repository, "diff", "--name-only", "--no-renames", "-z", "--merge-base", base)
    new = _git(repository, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({*changed, *new})


def _git(repository: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=repository, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise UnknownBase(done.stderr.strip())
    return [name for name in done.stdout.split("\0") if name]
