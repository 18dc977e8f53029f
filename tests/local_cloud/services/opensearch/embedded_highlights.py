"""What the edge changes in highlights of `osmem-server`: the places of matches.

Its highlighter (0.1.6) takes where a word begins and ends, in bytes, from the text as a `pattern_replace` character filter has
left it, and marks what stands there in the text as it was. Where a whole field is asked for (``number_of_fragments`` 0), that
can be told from the words of the field, and put right.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate, groupby
from typing import Any, NamedTuple

import msgspec

_DEFAULT_TAGS: Mapping[str, str] = {"pre_tags": "<em>", "post_tags": "</em>"}
# Between words: separators, punctuation, symbols, and the control characters that are white space.
_BETWEEN = "ZPSC"

Span = tuple[int, int]


def mended(filters: Mapping[str, str], request: bytes, answer: bytes) -> bytes:
    """Move the matches in an answer to where the words are.

    Args:
        filters: The patterns of the character filters that texts went through, and what they put in place of matches.
        request: The search.
        answer: Its answer.
    """
    if b"highlight" not in request or not filters:
        return answer
    try:
        asked: Any = msgspec.json.decode(request).get("highlight") or {}
        answered: Any = msgspec.json.decode(answer)
    except (msgspec.DecodeError, AttributeError):  # The engine has said what is wrong with it.
        return answer
    if asked.get("number_of_fragments") != 0:
        return answer
    before, after = (asked.get(name, [default])[0] for name, default in _DEFAULT_TAGS.items())
    for hit in answered.get("hits", {}).get("hits", []):
        for texts in hit.get("highlight", {}).values():
            texts[:] = [_moved(text, before, after, filters) for text in texts]
    return msgspec.json.encode(answered)


def _moved(marked: str, before: str, after: str, filters: Mapping[str, str]) -> str:
    text, spans = _without_tags(marked, before, after)
    right = _places_of_words(text, filters)
    pieces, end = [], 0
    for start, stop in sorted(right.get(span, span) for span in spans):
        pieces += [text[end:start], before, text[start:stop], after]
        end = stop
    return "".join([*pieces, text[end:]])


def _without_tags(marked: str, before: str, after: str) -> tuple[str, list[Span]]:
    """Give a text without its tags, and where they stood."""
    text, *tagged = marked.split(before)
    spans = []
    for part in tagged:
        match, _, following = part.partition(after)
        spans.append((len(text), len(text) + len(match)))
        text += match + following
    return text, spans


def _places_of_words(text: str, filters: Mapping[str, str]) -> dict[Span, Span]:
    """Give, for each word of a text, what the engine marks in its place, and where it is."""
    left = _filtered(text, filters)
    bytes_left, bytes_before = _byte_offsets(left.text), _byte_offsets(text)

    def shown(at: int) -> int:
        """The character of the text in which the byte is that a character has in the filtered one."""
        return bisect_right(bytes_before, bytes_left[at]) - 1

    places: dict[Span, Span] = {}
    at = 0
    for is_word, characters in groupby(left.text, lambda each: unicodedata.category(each)[0] not in _BETWEEN):
        end = at + len(list(characters))
        if is_word:
            places[shown(at), shown(end)] = (left.places[at], left.places[end - 1] + 1)
        at = end
    return places


class _Filtered(NamedTuple):
    """What filters leave of a text, and where each of its characters stood."""

    text: str
    places: list[int]


def _filtered(text: str, filters: Mapping[str, str]) -> _Filtered:
    places = list(range(len(text)))
    for pattern, replacement in filters.items():
        pieces: list[str] = []
        kept: list[int] = []
        end = 0
        for found in re.finditer(pattern, text):
            pieces += [text[end : found.start()], replacement]
            kept += places[end : found.start()] + [places[found.start()]] * len(replacement)
            end = found.end()
        text, places = "".join([*pieces, text[end:]]), kept + places[end:]
    return _Filtered(text, places)


def _byte_offsets(text: str) -> list[int]:
    """Give at which byte each character of a text begins, and where it ends."""
    return list(accumulate((len(each.encode("utf-8", "surrogatepass")) for each in text), initial=0))
