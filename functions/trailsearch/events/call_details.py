"""What the free-form parts of a record say: whose shape is that of each API, so that only names and a few values are read.

They are ``requestParameters``, ``responseElements``, ``additionalEventData`` and ``serviceEventDetails``:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import json
from functools import lru_cache
from typing import Any, Final

import msgspec

MAX_NAMES: Final = 50
"""So many names of resources an event has at most."""
MAX_NAME_CHARACTERS: Final = 256
"""What is longer is no name."""

# CloudTrail's own limit on a whole event is 256 KB (…/userguide/WhatIsCloudTrail-Limits.html); decoded, a part takes some ten
# times as much memory. Of one that is larger nothing is read.
_MAX_BYTES = 1024 * 1024
# Those that come again are small. Together they are at most 12 MB of text.
_REMEMBERED_BYTES = 1024
_NAME_ENDINGS = ("name", "id", "arn", "identifier")
_LONGEST_KEY = 128
_ARN_COLONS = 5


class CallDetails(msgspec.Struct, frozen=True, gc=False):
    """What one of the parts says.

    ``resource_names`` are in the order of their mention, each once. ``mfa_used`` and ``is_failure`` are what a sign-in says;
    ``issued_access_key_id`` is that of credentials or an access key which the answer hands out.
    """

    resource_names: tuple[str, ...] = ()
    issued_access_key_id: str | None = None
    mfa_used: str | None = None
    is_failure: bool = False


NO_DETAILS: Final = CallDetails()

_decoder = msgspec.json.Decoder()


def request_names(parameters: bytes) -> tuple[str, ...]:
    """Give the ``resource_names`` of what was asked for, as ``call_details`` does: it says nothing else."""
    size = len(parameters)
    if size <= _REMEMBERED_BYTES:
        return _remembered_names(parameters)
    return _read_names(parameters) if size <= _MAX_BYTES else ()


def call_details(part: bytes) -> CallDetails:
    """Read a part: the JSON text of any value. What is nested too deep to be read (hundreds of levels) says nothing."""
    size = len(part)
    if size <= _REMEMBERED_BYTES:
        return _remembered(part)
    return _read(part) if size <= _MAX_BYTES else NO_DETAILS


def names_of_all(first: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Join the names of two parts: each once, in order, and no more than an event has."""
    return tuple(dict.fromkeys((*first, *others)))[:MAX_NAMES] if first and others else first or others


def _read(part: bytes) -> CallDetails:
    try:
        value = _decode(part)
        names = _names_in(value)
    except RecursionError:
        return NO_DETAILS
    if type(value) is not dict:
        return CallDetails(names)
    return CallDetails(
        names,
        _issued_access_key_id(value),
        _MFA_USED.get(_text(value.get("MFAUsed"))),
        "Failure" in value.values(),
    )


def _read_names(parameters: bytes) -> tuple[str, ...]:
    try:
        return _names_in(_decode(parameters))
    except RecursionError:
        return ()


def _decode(part: bytes) -> Any:
    try:
        return _decoder.decode(part)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # A lone surrogate, or a number that is no float: numbers are no names.
        return json.loads(part, parse_int=_nothing, parse_float=_nothing)


def _names_in(value: Any) -> tuple[str, ...]:
    names: dict[str, None] = {}
    if type(value) is dict:
        _add_names_in(value, names)
    elif type(value) is list:
        _add_names_among(value, _NOTHING, names)
    if not names:
        return ()
    names.pop("", None)
    return tuple(names) if len(names) <= MAX_NAMES else tuple(names)[:MAX_NAMES]


_remembered = lru_cache(maxsize=4096)(_read)
_remembered_names = lru_cache(maxsize=8192)(_read_names)

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
_MFA_USED = {"Yes": "true", "YES": "true", "No": "false", "NO": "false"}


def _nothing(_number: str) -> None:
    return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _issued_access_key_id(response: dict[str, Any]) -> str | None:
    """Give the id of the key that was handed out.

    By AssumeRole and its like, GetSessionToken and GetFederationToken it is in ``credentials``, by CreateAccessKey in
    ``accessKey``: https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
    """
    for name in ("credentials", "accessKey"):
        issued = response.get(name)
        if isinstance(issued, dict) and (key := _text(issued.get("accessKeyId"))):
            return key
    return None


_NOTHING, _A_NAME, _SECRET = range(3)


class _Meanings(dict[str, int]):
    """What the values below a key are. The same keys come again and again: they are looked at once."""

    def __missing__(self, key: str) -> int:
        lower = key.lower()
        if lower == "credentials" or "token" in lower:
            meaning = _SECRET
        else:
            meaning = _A_NAME if lower.endswith(_NAME_ENDINGS) else _NOTHING
        if len(key) <= _LONGEST_KEY and len(self) < 10_000:  # Anybody can write keys of his own, as tags.
            self[key] = meaning
        return meaning


_meanings = _Meanings()


def _add_names_in(value: dict[str, Any], names: dict[str, None]) -> None:
    for key, each in value.items():
        kind = type(each)
        if kind is str:
            if each[:4] == "arn:" or _meanings[key] == _A_NAME:
                _add_name(each, _meanings[key], names)
        elif (kind is dict or kind is list) and (meaning := _meanings[key]) != _SECRET:
            if kind is dict:
                _add_names_in(each, names)
            else:
                _add_names_among(each, meaning, names)


def _add_names_among(values: list[Any], meaning: int, names: dict[str, None]) -> None:
    """Add those of an array, whose strings are of the meaning of its key."""
    for each in values:
        kind = type(each)
        if kind is str:
            _add_name(each, meaning, names)
        elif kind is dict:
            _add_names_in(each, names)
        elif kind is list:
            _add_names_among(each, meaning, names)


def _add_name(text: str, meaning: int, names: dict[str, None]) -> None:
    if len(text) > MAX_NAME_CHARACTERS or meaning == _SECRET:
        return
    if text[:4] == "arn:" and text.count(":") >= _ARN_COLONS:
        names[text] = None
        names[text[max(text.rfind(":"), text.rfind("/")) + 1 :]] = None
    elif meaning == _A_NAME:
        names[text] = None
