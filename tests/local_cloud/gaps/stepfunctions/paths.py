"""JSONPath: an indefinite path finds a list, whatever it finds; and each path is parsed only once."""

import functools
import re
from typing import Any

from moto.stepfunctions.parser.asl.utils import json_path

from ...patching import replace_imported


def close_gaps() -> None:
    """Let paths find what they find on AWS."""
    replace_imported("moto.stepfunctions", json_path, "extract_json", extract_json)


def extract_json(path: str, data: Any) -> Any:
    """Return what a JSONPath finds, as Step Functions does: a list if the path is indefinite, otherwise the value.

    A path is indefinite if it could find several values: it has a wildcard, slice, filter, several indices, or `..`.
    It may find none then, or one, and the result is a list all the same.
    https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html

    Raises:
        NoSuchJsonPathError: A definite path finds nothing.
    """
    matches = _parsed_path(path).find(data)
    if _INDEFINITE.search(_QUOTED.sub("", path)):
        return [match.value for match in matches]
    if not matches:
        raise json_path.NoSuchJsonPathError(json_path=path, data=data)
    return matches[0].value


_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_INDEFINITE = re.compile(r"\.\.|\*|\[[^\]]*[?:,]")
_parsed_path = functools.lru_cache(maxsize=1024)(json_path.parse)  # type: ignore[attr-defined]
