"""All questions, each in a file beside this one, by the file's name."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from trailsearch.questions.question import Question

Catalogue = Mapping[str, Question]


@cache
def load() -> Catalogue:
    """Read all questions, in the order of their names.

    Raises:
        msgspec.ValidationError: a file says what no question has.
    """
    files = sorted(Path(__file__).parent.glob("*.toml"))
    return {path.stem: msgspec.toml.decode(path.read_text(encoding="utf-8"), type=Question) for path in files}
