"""Intrinsic functions: those that the state machines call.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import lark

from .errors import INTRINSIC_FAILURE, NotSupported, StateFailed
from .paths import compile_path

Evaluate = Callable[[Any, Any], Any]  # the state's input, the context object

# https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html#asl-intrsc-func-hash-calc
_MAX_HASHED_CHARACTERS = 10_000
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}

# Escapes: "\'", "\{", "\}" and "\\".
_GRAMMAR = lark.Lark(
    r"""
    call: NAME "(" [_argument ("," _argument)*] ")"
    _argument: call | STRING | INTEGER | PATH
    NAME: "States." LETTER (LETTER | DIGIT)*
    STRING: /'(?:[^'\\]|\\['{}\\])*'/
    INTEGER: /-?[0-9]+/
    PATH: /\$\$?(?:\.\w+|\[[0-9:*]+\])*/
    %import common (LETTER, DIGIT, WS_INLINE)
    %ignore WS_INLINE
    """,
    start="call",
    parser="lalr",
)


def is_call(text: str) -> bool:
    """Is what stands in a field whose name ends in ``.$`` the call of a function, rather than a path?"""
    return text.startswith("States.")


@functools.lru_cache(maxsize=256)
def compile_call(text: str) -> Evaluate:
    """Read a call, with those within it.

    Returns:
        A function of a state's input and the context object. It raises ``StateFailed`` with States.IntrinsicFailure where an
        argument is not of its kind.

    Raises:
        NotSupported: it is no call, or one of a function that no state machine of ours calls, or with the wrong number of
            arguments.
    """
    try:
        return _compile(_GRAMMAR.parse(text))
    except lark.exceptions.LarkError as error:
        raise NotSupported(f"{text}: {error}") from error


def _compile(node: Any) -> Evaluate:
    if isinstance(node, lark.Tree):
        return _compile_call(node)
    match node.type:
        case "PATH":
            return compile_path(str(node)).find
        case "INTEGER":
            return _constant(int(node))
    return _constant(str(node)[1:-1])


def _constant(value: Any) -> Evaluate:
    return lambda _data, _context: value


def _compile_call(node: "lark.Tree[lark.Token]") -> Evaluate:
    name, *arguments = (child for child in node.children if child is not None)
    function = _FUNCTIONS.get(str(name))
    if function is None:
        raise NotSupported(f"the intrinsic function {name}")
    if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
        raise NotSupported(f"{name} with {len(arguments)} arguments")
    if function.call is _format:
        _check_format(arguments)
    compiled = [_compile(argument) for argument in arguments]
    call = function.call
    return lambda data, context: call(*[evaluate(data, context) for evaluate in compiled])


def _check_format(arguments: list[Any]) -> None:
    template = arguments[0]
    if getattr(template, "type", "") != "STRING" or "\\" in template:
        raise NotSupported("States.Format of a template that is not written out, or has escapes in it")
    holes = template.count("{}")
    if holes != len(arguments) - 1 or template.replace("{}", "").strip("'").count("{"):
        raise NotSupported(f"States.Format of {len(arguments) - 1} values in {holes} places")


def _format(template: str, *values: Any) -> str:
    pieces = template.split("{}")
    return "".join(
        [pieces[0], *(_text(value) + piece for value, piece in zip(values, pieces[1:], strict=True))]
    )


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise StateFailed(INTRINSIC_FAILURE, "States.Format takes no arrays and objects.")
    return value if isinstance(value, str) else json.dumps(value)


def _json_to_string(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _string_to_json(text: Any) -> Any:
    if not isinstance(text, str):
        raise StateFailed(INTRINSIC_FAILURE, "States.StringToJson takes a string.")
    try:
        return json.loads(text)
    except ValueError as error:
        raise StateFailed(INTRINSIC_FAILURE, f"States.StringToJson: {error}") from error


def _math_add(first: Any, second: Any) -> int:
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in (first, second)):
        raise StateFailed(INTRINSIC_FAILURE, "States.MathAdd takes integers.")
    result: int = first + second
    return result


def _hash(text: Any, algorithm: Any) -> str:
    if not isinstance(text, str) or len(text) > _MAX_HASHED_CHARACTERS or algorithm not in _HASHES:
        raise StateFailed(
            INTRINSIC_FAILURE,
            f"States.Hash takes at most {_MAX_HASHED_CHARACTERS:,} characters, and {', '.join(_HASHES)}.",
        )
    return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _array_length(array: Any) -> int:
    if not isinstance(array, list):
        raise StateFailed(INTRINSIC_FAILURE, "States.ArrayLength takes an array.")
    return len(array)


class _Function(NamedTuple):
    call: Callable[..., Any]
    least: int
    most: int | None


_FUNCTIONS = {
    "States.Array": _Function(lambda *values: list(values), 0, None),
    "States.ArrayLength": _Function(_array_length, 1, 1),
    "States.Format": _Function(_format, 1, None),
    "States.Hash": _Function(_hash, 2, 2),
    "States.JsonToString": _Function(_json_to_string, 1, 1),
    "States.MathAdd": _Function(_math_add, 2, 2),
    "States.StringToJson": _Function(_string_to_json, 1, 1),
}
