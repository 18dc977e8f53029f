"""Characters that a search domain does not take, as JSON could have written them."""

import re
from json.encoder import encode_basestring_ascii


def json_escape(match: re.Match[str]) -> str:
    r"""Give the text of a character's JSON escape, for ``re.sub``: ``\u0000``; ``\ud83d\ude00`` for an emoji."""
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def stretches_of(characters: str) -> str:
    """Give the pattern of stretches of characters, which ``escape_stretch`` escapes together.

    Where they stand close to each other, with nothing between them that JSON would escape as well: a match of its own
    for each takes as long as many characters do.

    Args:
        characters: a set of a regular expression, ``[…]``: none of printable ASCII, and no tab, line feed or return.
    """
    return rf"{characters}+(?:[ !#-\[\]-~]{{0,16}}+{characters}+)*+"


def escape_stretch(match: re.Match[str]) -> str:
    """Escape the characters of a stretch, each as ``json_escape`` does, for ``re.sub``."""
    # By the json module, at the speed of C. It writes two characters shorter than all others.
    escaped: str = encode_basestring_ascii(match[0])[1:-1]
    return escaped.replace("\\b", "\\u0008").replace("\\f", "\\u000c")
