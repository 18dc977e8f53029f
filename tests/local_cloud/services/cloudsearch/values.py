"""Values of index fields: from the text in a document or query to what is compared and sorted, and back."""

import math
import re
from datetime import UTC, datetime, timedelta

Value = int | float | str

_MAX_LITERAL = 4096
_INT = re.compile(r"[+-]?[0-9]{1,19}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z")
_LATLON = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) ?, ?(-?[0-9]+(?:\.[0-9]+)?)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_value(value_type: str, text: str) -> Value:
    """Return the comparable form of one value: an int (dates: milliseconds since 1970), a float, or the text.

    Args:
        value_type: int, double, literal, text, date or latlon.
        text: the value as it stands in a document or query.

    Raises:
        ValueError: the text is no value of that type. Limits: "Understanding Amazon CloudSearch Limits" and
            "Configuring Index Fields" in the developer guide.
    """
    match value_type:
        case "literal":
            if len(text) > _MAX_LITERAL:
                raise ValueError(f"Literal values cannot exceed {_MAX_LITERAL} code points, got {len(text)}")
        case "date":
            return _parse_date(text)
        case "int":
            if not _INT.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
                raise ValueError(f"Invalid int value {text!r}")
            return int(text)
        case "double":
            return _parse_double(text)
        case "latlon":
            coordinates = _LATLON.fullmatch(text)
            if not coordinates or abs(float(coordinates[1])) > 90 or abs(float(coordinates[2])) > 180:
                raise ValueError(f"Invalid latlon value {text!r}")
    return text


def format_value(value_type: str, value: Value) -> str:
    """Return the text of a comparable value, as facets show it."""
    if value_type != "date":
        return str(value)
    moment = _EPOCH + timedelta(milliseconds=int(value))
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace(
        "+00:00", "Z"
    )


def _parse_date(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise ValueError(f"Invalid date value {text!r}, expected yyyy-mm-ddTHH:mm:ss[.SSS]Z") from None
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _parse_double(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"Invalid double value {text!r}")
    return number
