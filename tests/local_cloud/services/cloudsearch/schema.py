"""Index fields, their types and options, as the configuration service takes and returns them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .analysis import ANALYZERS, Analyzer
from .exceptions import InvalidTypeException, ValidationException

# Every option of a type is enabled by default (API reference: IntOptions, LiteralOptions, TextOptions, ...).
_FACET_SEARCH_RETURN = ("FacetEnabled", "SearchEnabled", "ReturnEnabled")
_FLAGS = {
    **dict.fromkeys(("int", "double", "literal", "date", "latlon"), (*_FACET_SEARCH_RETURN, "SortEnabled")),
    **dict.fromkeys(("int-array", "double-array", "literal-array", "date-array"), _FACET_SEARCH_RETURN),
    "text": ("ReturnEnabled", "SortEnabled", "HighlightEnabled"),
    "text-array": ("ReturnEnabled", "HighlightEnabled"),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def options_key(field_type: str) -> str:
    """Name of the member of `IndexField` that holds the options of a type: "literal-array" gives "LiteralArrayOptions"."""
    if field_type == "latlon":
        return "LatLonOptions"
    return "".join(part.title() for part in field_type.split("-")) + "Options"


@dataclass(frozen=True)
class IndexField:
    """One field of the index. `options` are those of the API for its type, with every default filled in."""

    name: str
    type: str
    options: Mapping[str, Any]

    @classmethod
    def from_api(cls, shape: Mapping[str, Any]) -> "IndexField":
        """Build the field from an `IndexField` of the API.

        Raises:
            ValidationException: the name is not allowed, or is a dynamic field's (`*`), which are not supported here, nor
                are other analysis schemes than `_en_default_` and `_mul_default_`.
            InvalidTypeException: the type is unknown, or there are options of another type.
        """
        name, field_type = shape["IndexFieldName"], shape["IndexFieldType"]
        if "*" in name:
            raise ValidationException(f"Dynamic field {name!r}: moto does not support dynamic fields")
        if not _NAME.fullmatch(name) or name == "score":
            raise ValidationException(f"Invalid index field name: {name!r}")
        if field_type not in _FLAGS:
            raise InvalidTypeException(f"Invalid type {field_type!r} of index field {name!r}")
        key = options_key(field_type)
        if foreign := [member for member in shape if member.endswith("Options") and member != key]:
            raise InvalidTypeException(f"Index field {name!r} of type {field_type} cannot have {foreign[0]}")
        options: dict[str, Any] = dict.fromkeys(_FLAGS[field_type], True)
        if field_type.startswith("text"):
            options["AnalysisScheme"] = "_en_default_"
        given = {option: value for option, value in shape.get(key, {}).items() if value not in (None, "")}
        scheme = given.get("AnalysisScheme", "_en_default_")
        if scheme not in ANALYZERS:
            raise ValidationException(f"Analysis scheme {scheme!r} of {name!r}: moto does not support it")
        return cls(name, field_type, options | given)

    def to_api(self) -> dict[str, Any]:
        """Return the `IndexField` of the API."""
        return {
            "IndexFieldName": self.name,
            "IndexFieldType": self.type,
            options_key(self.type): dict(self.options),
        }

    @cached_property
    def value_type(self) -> str:
        """Type of one value: int, double, literal, text, date or latlon."""
        return self.type.removesuffix("-array")

    @cached_property
    def analyzer(self) -> Analyzer:
        """What is done to the text of a text field."""
        return ANALYZERS[self.options["AnalysisScheme"]]

    @cached_property
    def is_array(self) -> bool:
        """Whether a document may have several values in the field."""
        return self.type.endswith("-array")

    @cached_property
    def source_fields(self) -> tuple[str, ...]:
        """Names of the fields whose values are copied into this one."""
        names = self.options.get("SourceFields") or self.options.get("SourceField") or ""
        return tuple(name.strip() for name in names.split(",") if name.strip())

    @cached_property
    def default_value(self) -> str | None:
        """Value of the field for documents that have none."""
        default = self.options.get("DefaultValue")
        return None if default is None else str(default)

    def enabled(self, option: str) -> bool:
        """Whether "Facet", "Search", "Return", "Sort" or "Highlight" is enabled; text is always searchable."""
        if option == "Search" and self.value_type == "text":
            return True
        return bool(self.options.get(f"{option}Enabled", False))


class Schema(Mapping[str, IndexField]):
    """The index fields of a domain by name, in the order of their names."""

    def __init__(self, fields: Iterable[IndexField] = ()) -> None:
        self._fields = {field.name: field for field in sorted(fields, key=lambda field: field.name)}
        self._derived = [
            field for field in self.values() if field.source_fields or field.default_value is not None
        ]

    def complete(self, document_fields: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Return the values to index: those of the document, with source fields copied and defaults filled in.

        A field that the document has itself keeps its own values.
        """
        completed = dict(document_fields)
        for field in self._derived:
            if field.name in document_fields:
                continue
            copied = [value for source in field.source_fields for value in document_fields.get(source, ())]
            if not copied and field.default_value is not None:
                copied = [field.default_value]
            if copied:
                completed[field.name] = copied
        return completed

    def __getitem__(self, name: str) -> IndexField:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)
