"""Random values for the placeholders of templates, all from one seeded source."""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random

_HEX_BLOCK_BYTES = 2048
_UPPER_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Draws:
    """Values for the records of one log, whose events happened in the 5 minutes from `window_start` on.

    `second` is the offset of the present record in that window, in seconds; the caller sets it for each record.
    """

    def __init__(self, rng: Random, window_start: datetime) -> None:
        self.rng = rng
        self.random = rng.random
        self.second = 0
        self._window_start = window_start
        self._hex = ""
        self._hex_used = 0

    def hex(self, digits: int) -> str:
        """Lower-case hexadecimal digits, at most 4,096 at once."""
        end = self._hex_used + digits
        if end > len(self._hex):
            # One draw for many records: a call of the random source per identifier costs more than the record.
            self._hex = self.rng.randbytes(_HEX_BLOCK_BYTES).hex()
            self._hex_used, end = 0, digits
        text = self._hex[self._hex_used : end]
        self._hex_used = end
        return text

    def uuid(self) -> str:
        """A UUID of version 4."""
        digits = self.hex(32)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def base64(self, octets: int) -> str:
        """Base64 of random octets, its padding escaped as CloudTrail does."""
        return base64.b64encode(self.rng.randbytes(octets)).decode().replace("=", r"\u003d")

    def milliseconds(self) -> str:
        """The time of the present event, in milliseconds since 1970."""
        return str((int(self._window_start.timestamp()) + self.second) * 1000)

    def long_date(self, later: timedelta = timedelta()) -> str:
        """The time of the present event, or one `later`, as CloudTrail writes dates of responses."""
        at = self._window_start + timedelta(seconds=self.second) + later
        half = "AM" if at.hour < 12 else "PM"
        clock = f"{at.hour % 12 or 12}:{at.minute:02}:{at.second:02} {half}"
        return f"{_MONTHS[at.month - 1]} {at.day}, {at.year}, {clock}"


def upper_alphanumeric(rng: Random, length: int) -> str:
    """Random `A-Z0-9`, as in request ids of Amazon S3."""
    return "".join(rng.choices(_UPPER_ALPHANUMERIC, k=length))


def unique_id(rng: Random, prefix: str) -> str:
    """A unique identifier of IAM: a prefix such as AIDA or AROA and 17 characters of base 32."""
    return prefix + "".join(rng.choices(_BASE32, k=17))


def access_key_id(rng: Random, prefix: str) -> str:
    """An access key id (prefix AKIA or ASIA) that ends in EXAMPLE, so that no secret scanner takes it for real."""
    return prefix + "".join(rng.choices(_BASE32, k=9)) + "EXAMPLE"


DRAWS: Mapping[str, Callable[[Draws], str]] = {
    "uuid": Draws.uuid,
    "hex8": lambda draws: draws.hex(8),
    "hex16": lambda draws: draws.hex(16),
    "hex32": lambda draws: draws.hex(32),
    "upper16": lambda draws: upper_alphanumeric(draws.rng, 16),
    "upper52": lambda draws: upper_alphanumeric(draws.rng, 52),
    "amz_id_2": lambda draws: draws.base64(56),
    "page_token": lambda draws: draws.base64(91),
    "session_token": lambda draws: f"IQoJb3JpZ2lu{draws.base64(421)}",
    "authorization_message": lambda draws: draws.base64(451).replace("/", "_").replace("+", "-"),
    "temporary_key": lambda draws: access_key_id(draws.rng, "ASIA"),
    "long_term_key": lambda draws: access_key_id(draws.rng, "AKIA"),
    "user_id": lambda draws: unique_id(draws.rng, "AIDA"),
    "role_id": lambda draws: unique_id(draws.rng, "AROA"),
    "now": Draws.long_date,
    "in_an_hour": lambda draws: draws.long_date(timedelta(hours=1)),
    "milliseconds": Draws.milliseconds,
    "mfa_used": lambda draws: "Yes" if draws.random() < 0.8 else "No",
    "octet": lambda draws: str(int(draws.random() * 254) + 1),
    "count": lambda draws: str(int(draws.random() * 99) + 1),
    "bytes": lambda draws: str(int(100 * 10 ** (4 * draws.random()))),
    "number": lambda draws: str(int(draws.random() * 9e18)),
}
"""Kinds of random placeholders: name → how to draw a value, JSON-escaped."""
