r"""The strings of a record whose words are not those of its JSON text: JSON has written ``\ncurl`` or ``jos\u00e9``.

What is stored is the record; what is searched are its words. A search domain takes the JSON text apart: a word that an escape
stands in, or before, is then another one. Which escapes do that is for the backend to say, whose analysis it is.
"""

import json
import re
from collections.abc import Callable

import msgspec

# In turn, so that a quote is that of a string, and a backslash that of an escape.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_decoder = msgspec.json.Decoder(list[str])


class Escapes:
    r"""Escapes of JSON that hide words, by a regular expression of what follows their backslash.

    ``hide_words`` is that expression.
    """

    def __init__(self, hide_words: str) -> None:
        # A backslash may be the second one of an escaped backslash: this one is fast, and errs by that.
        self._perhaps = re.compile(rf"\\(?:{hide_words})")
        self._surely = re.compile(rf"(?:[^\\]++|\\(?!{hide_words})(?:u....|.))*+\\", re.DOTALL)

    def decoded(self, raw: str, printable: Callable[[str], str]) -> str:
        """Give the strings of a JSON text that have such escapes, decoded, a line each; mostly there are none.

        Args:
            raw: the JSON text.
            printable: changes the decoded text to what the search domain takes.
        """
        if "\\" not in raw or not self._perhaps.search(raw):
            return ""
        strings = [each for each in _STRING.findall(raw) if "\\" in each and self._surely.match(each)]
        return printable("\n".join(_decode(f"[{','.join(strings)}]"))) if strings else ""


def _decode(strings: str) -> list[str]:
    try:
        return _decoder.decode(strings)
    except (msgspec.DecodeError, UnicodeEncodeError):
        decoded: list[str] = json.loads(strings)  # A lone surrogate.
        return decoded
