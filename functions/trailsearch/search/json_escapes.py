"""Characters that a search domain or a terminal does not take, as JSON could have written them."""

import re
from json.encoder import encode_basestring_ascii


def json_escape(match: re.Match[str]) -> str:
    r"""Give the JSON escapes of what was matched, for ``re.sub``: ``\u0000``; ``\ud83d\ude00`` for an emoji.

    Printable ASCII stays: matched stretches with some between are escaped together, which takes less time. They may not
    have quotes and backslashes in them.
    """
    # By the json module, at the speed of C. It writes two characters shorter than most others.
    escaped: str = encode_basestring_ascii(match[0])[1:-1]
    return escaped.replace("\\b", "\\u0008").replace("\\f", "\\u000c")
