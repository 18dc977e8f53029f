"""Text analysis: how text becomes terms, when it is indexed and when it is searched.

A text is split into words, words become lower case, stop words are dropped but keep their place, and what the analysis
scheme says is done to the rest. Source: developer guide, "Text Processing in Amazon CloudSearch":
https://docs.aws.amazon.com/cloudsearch/latest/developerguide/text-processing.html

Where words end is told by the word boundary rules of Unicode Text Segmentation, https://www.unicode.org/reports/tr29/,
which the guide names. "sqs.amazonaws.com" and "kms:Decrypt" are one word each, as the rules WB6 and WB7 keep letters
together around a full stop or colon; "s3.amazonaws.com" is two, as a digit stands before the first full stop. Of the
rules, those on Hebrew quotation marks, on Katakana beside letters and on Thai are left out.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

from snowballstemmer import stemmer

STOP = "\ue001"
"""The term in the place of a stop word. It is a private-use character, which is part of no word."""

# "Understanding Amazon CloudSearch Limits": terms that exceed 256 characters are treated as stop words.
_MAX_TERM = 256
# The guide's "Language Specific Text Processing Settings". It does not print the stop words of `_mul_default_`: none here.
_ENGLISH_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by for if in into is it no not of on or such that the their then there these they "
        "this to was will with",
    )
)
# Porter's algorithm leaves words of one or two letters as they are; this implementation of it leaves that to its callers.
_LEAST_STEMMED = 3


def _marks() -> str:
    """Give the inside of a class of what belongs to the character before it (rule WB4).

    These are combining marks, joiners and soft hyphens, but no zero-width space.
    """
    basic_plane = map(chr, range(0x1_0000))  # Documents have no characters above it.
    return "".join(
        mark
        for mark in basic_plane
        if unicodedata.category(mark) in {"Mn", "Me", "Mc", "Cf"} and mark != "\u200b"
    )


def _word(letter: str, digit: str, in_letters: str, in_digits: str, mark: str) -> str:
    """Give the pattern of a word: rules WB5 to WB13. One of underscores alone is none yet.

    Args:
        letter: pattern of one letter.
        digit: pattern of one digit.
        in_letters: inside of a class of what stands between two letters without ending the word.
        in_digits: the same between two digits.
        mark: pattern of any number of marks.
    """
    letters, digits = f"(?:{letter}{mark})+", f"(?:{digit}{mark})+"
    run = f"{letters}(?:[{in_letters}]{mark}{letters})*|{digits}(?:[{in_digits}]{mark}{digits})*"
    return f"(?:{run}|_{mark})+"


_MARK = f"[{_marks()}]*"
# With Hiragana. Each is a word of its own.
_IDEOGRAPH = "\u3041-\u3096\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_BETWEEN = ".'\u2018\u2019\u2024"
_WORD = re.compile(
    _word(rf"[^\W\d_{_IDEOGRAPH}]", r"\d", rf":\u00b7{_BETWEEN}", f",;{_BETWEEN}", _MARK)
    + f"|[{_IDEOGRAPH}]{_MARK}"
)
# The same for ASCII, in a third of the time: nearly all records are.
_ASCII_WORD = re.compile(_word("[A-Za-z]", "[0-9]", ":.'", ",;.'", mark=""))
# Whatever may stand in a term.
_TERM = re.compile(rf"(?:[\w:,;\u00b7{_BETWEEN}]{_MARK})+")


class Analyzer:
    """What one analysis scheme does to text."""

    def terms(self, text: str) -> list[str]:
        """Return the terms of a text in their order, with `STOP` in the place of each stop word."""
        lower = text.lower()
        return [
            word if len(word) <= _MAX_TERM else STOP
            for word in _pattern(lower).findall(lower)
            if word[0] != "_" or any(map(str.isalnum, word))
        ]

    def words(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield each word of a text that is no stop word: where it begins and ends, and its term."""
        for word in _pattern(text).finditer(text):
            for term in self.terms(word[0]):
                if term != STOP:
                    yield word.start(), word.end(), term


class _English(Analyzer):
    """`_en_default_`: stop words, accents removed, "full" algorithmic stemming.

    Which algorithm that is, the guide does not say; here it is Porter's, by which its examples come out right.
    """

    def terms(self, text: str) -> list[str]:
        return [_english_term(word) for word in super().terms(text)]


@lru_cache(100_000)
def _english_term(word: str) -> str:
    if word in _ENGLISH_STOP_WORDS or word == STOP:
        return STOP
    if not word.isascii():
        bare = "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))
        word = unicodedata.normalize("NFC", bare)
    if len(word) < _LEAST_STEMMED:
        return word
    stemmed: str = _porter().stemWord(word)
    return stemmed


@cache
def _porter() -> stemmer:
    return stemmer("porter")


ANALYZERS = {"_en_default_": _English(), "_mul_default_": Analyzer()}
"""The analysis schemes that are known here."""


def prefix_of_terms(text: str) -> str | None:
    """Return what terms begin with that have this prefix, or None if no term can.

    "No text analysis is performed on the search term when you perform a prefix search", the guide says: it is not split
    and not stemmed, and accents stay. That it becomes lower case shows its example, where `Ander*` finds "Anders".
    """
    prefix = text.lower()
    return prefix if _TERM.fullmatch(prefix) else None


def _pattern(text: str) -> re.Pattern[str]:
    return _ASCII_WORD if text.isascii() else _WORD
