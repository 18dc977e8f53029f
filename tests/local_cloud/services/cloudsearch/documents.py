"""Upload rules of the document service: what a batch may contain.

Sources: developer guide, "Preparing Your Data", "documents/batch" and "Understanding Amazon CloudSearch Limits".
AWS does not document the wording of its messages; the frame "... (near operation with index N; document_id ID)",
where N counts from 1, is the one it uses.

What an operation has beside what is documented is a warning, not an error: "you no longer have to specify document versions",
says the guide's "Migrating to the Amazon CloudSearch 2013-01-01 API", nor `lang`; only "unrecognized fields ... will
generate an error".
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from .exceptions import DocumentServiceException
from .schema import IndexField, Schema
from .values import parse_value

MAX_BATCH_BYTES = 5 * 1024 * 1024
MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_FIELDS = 200
MAX_VALUES = 1000

_ID = re.compile(r"[A-Za-z0-9_\-=#;:/?@&]{1,128}")
# "Preparing Your Data" prints this expression for what is invalid: XML allows characters above U+FFFF, such as emoji, this
# does not.
_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")


@dataclass(frozen=True, slots=True)
class Operation:
    """One valid operation of a batch. `fields` is None for a delete; every value is text."""

    id: str
    fields: dict[str, list[str]] | None


class Batch(NamedTuple):
    """The valid operations of a batch in their order, and warnings about them."""

    operations: list[Operation]
    warnings: list[str]


class _Number(str):
    """A JSON number, as it was written: 1.10 stays 1.10, and 2**70 is not rounded."""

    __slots__ = ()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_no_constant)


def parse_batch(body: bytes, schema: Schema, charset: str = "utf-8") -> Batch:
    """Check a batch in JSON.

    Raises:
        DocumentServiceException: 413 for a batch over 5 MB; 400 with one message for each operation that breaks a rule.
    """
    if len(body) > MAX_BATCH_BYTES:
        message = f"Batch size of {len(body)} bytes exceeds the maximum of {MAX_BATCH_BYTES} bytes"
        raise DocumentServiceException(413, [message])
    try:
        batch = _decoder.decode(body.decode(charset))
    except (ValueError, RecursionError) as error:
        raise DocumentServiceException(400, [f"Batch is not valid JSON in {charset}: {error}"]) from None
    if not isinstance(batch, list) or not batch:
        raise DocumentServiceException(400, ["Batch must be a JSON array of at least one operation"])
    check_size = len(body) > MAX_DOCUMENT_BYTES
    operations: list[Operation] = []
    errors: list[str] = []
    warnings: list[str] = []
    for index, item in enumerate(batch, start=1):
        near = _near(index, item)
        try:
            if check_size:
                _check_size(item)
            operations.append(_operation(item, schema))
        except ValueError as error:
            errors.append(f"{error} {near}")
        else:
            warnings += [f"Unknown attribute '{name}' is ignored {near}" for name in _unknown(item)]
    if errors:
        raise DocumentServiceException(400, errors)
    return Batch(operations, warnings)


def _near(index: int, item: Any) -> str:
    document_id = item.get("id") if isinstance(item, dict) else None
    return f"(near operation with index {index}" + (f"; document_id {document_id})" if document_id else ")")


def _unknown(item: Mapping[str, Any]) -> list[str]:
    known = {"type", "id", "fields"} if item["type"] == "add" else {"type", "id"}
    return sorted(item.keys() - known)


def _check_size(item: Any) -> None:
    size = len(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
    if size > MAX_DOCUMENT_BYTES:
        raise ValueError(f"Document size of {size} bytes exceeds the maximum of {MAX_DOCUMENT_BYTES} bytes")


def _operation(item: Any, schema: Schema) -> Operation:
    if not isinstance(item, dict):
        raise ValueError(f"Operations cannot be JSON {'arrays' if isinstance(item, list) else 'values'}")  # noqa: TRY004
    operation_type, document_id = item.get("type"), item.get("id")
    if operation_type not in ("add", "delete"):
        raise ValueError('The value of type must be "add" or "delete"')
    if not isinstance(document_id, str) or isinstance(document_id, _Number) or not _ID.fullmatch(document_id):
        raise ValueError("The value of id must be a string of 1 to 128 letters, digits or _-=#;:/?@&")
    if operation_type == "delete":
        return Operation(document_id, None)
    fields = item.get("fields")
    if not isinstance(fields, dict) or not fields:
        raise ValueError("An add operation must have fields")
    if len(fields) > MAX_FIELDS:
        raise ValueError(f"A document cannot have more than {MAX_FIELDS} fields")
    values = {name: _values(name, value, schema) for name, value in fields.items()}
    for name, completed in schema.complete(values).items():
        _check_type(schema[name], completed)
    return Operation(document_id, values)


def _values(name: str, value: Any, schema: Schema) -> list[str]:
    if name not in schema:
        raise ValueError(f'Field "{name}" does not exist in domain configuration')
    values = value if isinstance(value, list) else [value]
    if not values:
        raise ValueError(f'Field "{name}" cannot be an empty array')
    if len(values) > MAX_VALUES:
        raise ValueError(f'Field "{name}" cannot have more than {MAX_VALUES} values')
    for text in values:
        if not isinstance(text, str):
            kind = "null" if text is None else type(text).__name__
            raise ValueError(f'Field "{name}" must be a string, a number or an array of them, not {kind}')  # noqa: TRY004
        if invalid := _INVALID.search(text):
            raise ValueError(f"Validation error for field '{name}': Invalid codepoint {ord(invalid[0]):X}")
    return values


def _check_type(field: IndexField, values: list[str]) -> None:
    if len(values) > 1 and not field.is_array:
        raise ValueError(f'Field "{field.name}" must have array type to have multiple values')
    for text in values:
        try:
            parse_value(field.value_type, text)
        except ValueError as error:
            raise ValueError(f"Validation error for field '{field.name}': {error}") from None
