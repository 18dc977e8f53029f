"""Paths: jsonpath-ng reads them, and what this part of the language has of them is compiled.

https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jsonpath_ng import jsonpath
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.parser import parse

from .errors import RESULT_PATH_MATCH_FAILURE, RUNTIME, NotSupported, StateFailed

_MISSING = object()
_WILDCARD = slice(None)
# What of the context object can be asked for.
# https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
CONTEXT = frozenset(
    {
        ("Execution", "Id"),
        ("Execution", "Input"),
        ("Execution", "RedriveCount"),
        ("Execution", "StartTime"),
        ("Map", "Item", "Index"),
        ("Map", "Item", "Value"),
        ("State", "EnteredTime"),
        ("StateMachine", "Id"),
    }
)

Step = str | int | slice


@dataclass(frozen=True, slots=True)
class Path:
    """A path of the input, or, with ``of_context``, of the context object."""

    text: str
    of_context: bool
    steps: tuple[Step, ...]

    @property
    def indefinite(self) -> bool:
        """Can it find several values? Then it finds a list, whatever it finds."""
        return any(isinstance(step, slice) for step in self.steps)

    def find(self, data: Any, context: Any) -> Any:
        """Give what the path finds.

        Raises:
            StateFailed: a path that is to find one value finds none. AWS's documents have States.ParameterPathFailure for
                that; what an execution fails with is States.Runtime, which nothing catches.
        """
        found = self.find_or(_MISSING, data, context)
        if found is _MISSING:
            raise StateFailed(RUNTIME, f"The JSONPath '{self.text}' could not be found in the input.")
        return found

    def find_or(self, default: Any, data: Any, context: Any) -> Any:
        """Give what the path finds, and ``default`` where a path that is to find one value finds none."""
        value = context if self.of_context else data
        if self.indefinite:
            return list(_find_all(value, self.steps))
        for step in self.steps:
            value = _one(value, step)
            if value is _MISSING:
                return default
        return value


def _one(value: Any, step: Step) -> Any:
    if isinstance(step, str):
        return value.get(step, _MISSING) if isinstance(value, dict) else _MISSING
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else _MISSING
    return _MISSING


def _find_all(value: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    step, *rest = steps
    if isinstance(step, slice):
        for each in _several(value, step):
            yield from _find_all(each, tuple(rest))
        return
    found = _one(value, step)
    if found is not _MISSING:
        yield from _find_all(found, tuple(rest))


def _several(value: Any, step: slice) -> Iterable[Any]:
    if isinstance(value, list):
        return value[step]
    return value.values() if isinstance(value, dict) and step == _WILDCARD else ()


@functools.lru_cache(maxsize=1024)
def compile_path(text: str) -> Path:
    """Read a path.

    Raises:
        NotSupported: it is none, has more in it than names, indices from the start, [*] and slices, or asks for something of the
            context object that no state machine of ours uses.
    """
    of_context = text.startswith("$$")
    try:
        steps = tuple(_steps(parse(text[1:] if of_context else text)))
    except JSONPathError as error:
        raise NotSupported(f"{text}: {error}") from error
    if of_context and not any(steps[: len(names)] == names for names in CONTEXT):
        raise NotSupported(f"{text} of the context object")
    return Path(text, of_context, steps)


def _steps(parsed: jsonpath.JSONPath) -> Iterator[Step]:
    match parsed:
        case jsonpath.Root():
            return
        case jsonpath.Child(left=left, right=right):
            yield from _steps(left)
            yield _step(right)
        case _:
            raise NotSupported(f"a path that is no way down from $: {parsed}")


def _step(parsed: jsonpath.JSONPath) -> Step:
    match parsed:
        case jsonpath.Fields(fields=(str(name),)) if name != "*":
            return name
        case jsonpath.Index(indices=(int(index),)) if index >= 0:
            return index
        case jsonpath.Wildcard():
            return _WILDCARD
        case jsonpath.Slice(start=start, end=int(end), step=None) if min(start or 0, end) >= 0:
            return slice(start, end)
    raise NotSupported(f"in a path: {parsed}")


@dataclass(frozen=True, slots=True)
class ResultPath:
    """Where in a state's input its result is put; without ``names``, in place of it.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultpath.html
    """

    names: tuple[str, ...] | None

    def put(self, data: Any, result: Any) -> Any:
        """Give the input with the result in it; neither is changed.

        Raises:
            StateFailed: the input is no object, or a value on the way.
        """
        if self.names is None:
            return data
        return _put(data, self.names, result)


def _put(data: Any, names: tuple[str, ...], result: Any) -> Any:
    if not names:
        return result
    if not isinstance(data, dict):
        raise StateFailed(RESULT_PATH_MATCH_FAILURE, f"{'.'.join(names)} cannot be put into the input.")
    return {**data, names[0]: _put(data.get(names[0], {}), names[1:], result)}


def compile_result_path(text: str | None) -> ResultPath:
    """Read a ResultPath; null leaves the input as it is.

    Raises:
        NotSupported: it is no path of names alone.
    """
    if text is None:
        return ResultPath(None)
    path = compile_path(text)
    names = tuple(step for step in path.steps if isinstance(step, str))
    if path.of_context or len(names) < len(path.steps):
        raise NotSupported(f"{text} as a ResultPath")
    return ResultPath(names)
