"""Text analysis: how text becomes tokens, when it is indexed and when it is searched.

Words are found here by the main word boundary rules of Unicode Text Segmentation (UAX #29), which CloudSearch uses:
"sqs.amazonaws.com" and "movie.jpg" are one token each, "put-object" is two. Left out: ideographs as single tokens,
stopwords, synonyms. SQLite's FTS5 then folds case and accents, and stems English. Source: developer guide, "Text
Processing in Amazon CloudSearch".
"""

import re

_WORD = re.compile(
    r"""\w+(?:(?:(?<=[^\W\d_])[.:'\u2019·](?=[^\W\d_])  # between two letters
              | (?<=\d)[.,;'\u2019](?=\d))\w+)*         # between two digits""",
    re.VERBOSE,
)
_MAX_TOKEN = 256
# A private-use character is a token of its own here; no phrase matches across it.
_BETWEEN_VALUES = " \ue000 "
_FOLD = "unicode61 tokenchars ''_.:,;·\u2019''''''"


def fts5_tokenizer(analysis_scheme: str) -> str:
    """Return the `tokenize` option of FTS5 for texts that `tokenized` has prepared."""
    return f"porter {_FOLD}" if analysis_scheme.startswith("_en_") else _FOLD


def tokens(text: str) -> list[str]:
    """Return the tokens of a text, in their own case. Longer ones than 256 characters are ignored, as in AWS."""
    return [token for token in _WORD.findall(text) if len(token) <= _MAX_TOKEN]


def tokenized(values: list[str]) -> str:
    """Return the values of one field as FTS5 is to index them: tokens with spaces between."""
    return _BETWEEN_VALUES.join(" ".join(tokens(value)) for value in values)


def fts5_query(kind: str, text: str, distance: int) -> str | None:
    """Return the FTS5 query for a `Match` of that kind, or None when the text has no tokens.

    No token has a double quote in it, so that quoting needs no escapes.
    """
    found = tokens(text)
    if not found:
        return None
    if kind == "near":
        words = " ".join(f'"{token}"' for token in found)
        return f"NEAR({words}, {distance})"
    return f'"{" ".join(found)}"' + (" *" if kind == "prefix" else "")


def fts5_query_for_tokens(kind: str, text: str) -> str:
    """Return the FTS5 query for any single token of a `Match` of that kind: what is to be highlighted."""
    found = [f'"{token}"' for token in tokens(text)]
    return " OR ".join(found) + (" *" if kind == "prefix" and found else "")


def highlight(text: str, terms: set[str], max_phrases: int, pre_tag: str, post_tag: str) -> str:
    """Put tags around the first `max_phrases` tokens of the text that are among `terms`."""
    remaining = max_phrases
    pieces, end = [], 0
    for word in _WORD.finditer(text):
        if remaining and word[0] in terms:
            pieces += [text[end : word.start()], pre_tag, word[0], post_tag]
            end = word.end()
            remaining -= 1
    return "".join([*pieces, text[end:]])
