"""The commands that the READMEs show, each as bash takes it."""

import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from tests.documentation import pages
from trailsearch.search import Backend

# What stands for a value of one's own: <your-state-bucket>, or … for any query.
_PLACEHOLDER = re.compile(r"<([A-Za-z][^<>\n]*)>|…")
# What a sentence quotes as a command: a program with something to do, or the query of one.
_QUOTED = re.compile(r"(make|aws) +[a-z]|make$|QUERY=")
# Backends by their names in prose.
_BACKENDS = {"OpenSearch": Backend.OPENSEARCH, "CloudSearch": Backend.CLOUDSEARCH}
# What bash is to remember for the commands that come after it.
_ASSIGNMENT = re.compile(r"\w+=\S*(\$\(.*\))?\s*")


class Shown(NamedTuple):
    """A command that is shown, as it stands there, and where: the file, and whether a sentence quotes it.

    ``backend`` is the search backend that it is for, where the page says so: a block's language, ``sh cloudsearch``, or
    the head of a table's column.
    """

    text: str
    readme: str
    quoted: bool
    backend: Backend | None = None

    def filled(self, value_of: Callable[[str], str]) -> str:
        """Give the command with a value in place of each ``<placeholder>``, by its name; that of … is ``…``."""
        return _PLACEHOLDER.sub(lambda found: value_of(found[1] or found[0]), self.text)

    def __str__(self) -> str:
        return f"{self.readme}: {self.text}"


@cache
def shown_commands() -> list[Shown]:
    """Every command in every README, once for each way that it is written."""
    found: dict[str, Shown] = {}
    for readme in pages.READMES:
        for command in commands_of(pages.read(readme), pages.name(readme)):
            found.setdefault(command.text, command)
    return list(found.values())


def commands_of(text: str, readme: str) -> Iterator[Shown]:
    """Give the commands of a page: those in its ``sh`` blocks, and those that its sentences quote."""
    for fence in pages.fences(text):
        language, _, backend = fence.language.partition(" ")
        if language == "sh":
            for command in split(fence.text):
                yield Shown(command, readme, quoted=False, backend=Backend(backend) if backend else None)
    for span, head in pages.code_spans_by_column(text):
        if _QUOTED.match(span):
            yield Shown(span, readme, quoted=True, backend=_BACKENDS.get(head))


def split(script: str) -> Iterator[str]:
    """Split a script into its commands, each with what it needs from the lines before it.

    Lines go together while bash says that there is more to come: a loop, a pipe, a quoted line break; and so does an
    assignment with what follows it.

    Raises:
        ValueError: the script ends in the middle of a command.
    """
    pending: list[str] = []
    for line in script.splitlines():
        if not pending and (not line.strip() or line.strip().startswith("#")):
            continue
        pending.append(line)
        command = "\n".join(pending)
        if _is_whole(command):
            yield command.strip()
            pending = []
    if pending:
        raise ValueError(f"no whole command: {' '.join(pending)}")


def _is_whole(command: str) -> bool:
    if command.endswith("\\") or _ASSIGNMENT.fullmatch(command.rpartition("\n")[2]):
        return False
    checked = subprocess.run(
        ["bash", "-n"],
        input=_PLACEHOLDER.sub("placeholder", command),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    # It only warns of a here-document that does not end.
    return not (checked.returncode or checked.stderr)
