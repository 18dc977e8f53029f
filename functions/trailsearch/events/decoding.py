"""Read JSON into structs, and leave out what does not fit: real records are not always of the types that are documented."""

import json
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

_Part = TypeVar("_Part")

NO_JSON: Final = msgspec.Raw(b"null")
"""What a struct has in place of a part that is not there, where it keeps its JSON text."""


def read_part(text: bytes | str, decoder: msgspec.json.Decoder[_Part]) -> _Part | None:
    """Decode a part of a record, leaving out what does not fit or is nested too deep to be read.

    Args:
        text: the JSON text of any value.
        decoder: of a union, such as ``SomeStruct | None``.
    """
    try:
        try:
            return decoder.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # A field of another type than documented, or a lone surrogate, which msgspec does not read.
            part: _Part | None = _fit(decoder.type, load(text))
            return part
    except RecursionError:
        return None


def load(text: bytes | str) -> Any:
    """Decode JSON of any kind, lone surrogates too. Numbers come as their text."""
    return json.loads(text, parse_int=str, parse_float=str)


def pick(struct: Any, value: Any) -> Any:
    """Read ``value``, as ``load`` gives it, into ``struct``, leaving out what does not fit."""
    if not isinstance(value, dict):
        return struct()
    return struct(**{field.name: _fit(field.type, value.get(field.encode_name)) for field in _fields(struct)})


def _fit(wanted: Any, value: Any) -> Any:
    if wanted is msgspec.Raw:
        return msgspec.Raw(json.dumps(value).encode())
    for choice in wanted.__args__:
        if choice is str and isinstance(value, str | bool):
            return value if isinstance(value, str) else str(value).lower()
        if isinstance(choice, type) and issubclass(choice, msgspec.Struct) and isinstance(value, dict):
            return pick(choice, value)
        if getattr(choice, "__origin__", None) is list and isinstance(value, list):
            return [pick(choice.__args__[0], item) for item in value]
    return None


_fields = lru_cache(msgspec.structs.fields)
