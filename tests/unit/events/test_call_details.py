import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.records import encode, json_values
from trailsearch.events.call_details import MAX_NAMES, call_details, names_of_all
from trailsearch.events.documents import build_document

ARN = "arn:aws:s3:::data"


def names_in(part: Any) -> tuple[str, ...]:
    return call_details(encode(part)).resource_names


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ({"bucketName": "data", "acl": "private"}, ("data",)),
        ({"roleArn": "a", "keyId": "b", "dBInstanceIdentifier": "c", "name": "d"}, ("a", "b", "c", "d")),
        ({"name": "a", "id": "b", "ARN": "c", "userID": "d", "username": "e"}, ("a", "b", "c", "d", "e")),
        ({"names": "a", "Identity": "b", "nameX": "c", "value": "d"}, ()),
        ({"x": {"y": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}}, ("i-1", "i-2")),
        ({"groupId": ["sg-1", ["sg-2"]], "others": ["x"]}, ("sg-1", "sg-2")),
        ([{"tableName": "t"}, "x"], ("t",)),
        ({"roleName": 5, "userName": None, "id": True, "arn": {"x": "y"}}, ()),
        ({"roleName": ""}, ()),
        ({"roleName": "x" * 256, "userName": "x" * 257}, ("x" * 256,)),
        ({"aName": "x", "bName": "y", "cName": "x"}, ("x", "y")),
        ({"policy": "arn:aws:iam::aws:policy/job/Admin"}, ("arn:aws:iam::aws:policy/job/Admin", "Admin")),
        ({"any": [ARN]}, (ARN, "data")),
        (
            {"any": "arn:aws:sns:us-east-1:111122223333:topic"},
            ("arn:aws:sns:us-east-1:111122223333:topic", "topic"),
        ),
        ({"any": "arn:aws:s3:::data/"}, ("arn:aws:s3:::data/",)),
        ({"any": "arn:", "aName": "arn:x"}, ("arn:x",)),
        ({"any": f"see {ARN}"}, ()),
        ({ARN: "x"}, ()),
        ({"any": f"{ARN}/{'x' * 256}"}, ()),
        ("bucketName", ()),
        (None, ()),
    ],
)
def test_names_are_by_their_keys_or_arns(part: Any, names: tuple[str, ...]) -> None:
    assert names_in(part) == names


@pytest.mark.parametrize(
    "part",
    [
        {"credentials": {"accessKeyId": "ASIA1", "sessionToken": "secret"}},
        {"x": [{"Credentials": {"name": "secret", "any": [ARN]}}]},
        {"credentials": ARN},
        {"credentials": [ARN]},
        {"nextToken": "secret", "clientToken": ARN, "tokenId": "secret"},
        {"ClientRequestTokenName": "secret", "tokens": [ARN, {"name": "secret"}]},
    ],
)
def test_nothing_of_credentials_and_tokens_is_a_name(part: Any) -> None:
    assert names_in(part) == ()


def test_no_more_names_than_fifty_the_first() -> None:
    many = [{"instanceId": f"i-{number}"} for number in range(60)]
    assert names_in({"items": many}) == tuple(f"i-{number}" for number in range(MAX_NAMES))
    record = {"requestParameters": {"items": many[:40]}, "responseElements": {"items": many[30:]}}
    names = build_document(encode(record), "s3://logs/log").fields.resource_names
    assert names == tuple(f"i-{number}" for number in range(50))


def test_names_of_all_parts_are_in_the_order_of_their_mention() -> None:
    parts = ("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails")
    record = {part: {"name": part, "id": "same"} for part in parts}
    names = build_document(encode(record), "s3://logs/log").fields.resource_names
    assert names == ("requestParameters", "same", *parts[1:])
    assert names_of_all((), ("x",)) == names_of_all(("x",), ()) == names_of_all(("x",), ("x",)) == ("x",)


def test_names_are_decoded() -> None:
    part = rb'{"user\u004eame":"jos\u00e9","a\u0072n":"x\\y\"z","keyId":"\ud83d\ude00","id":"\udc00"}'
    assert call_details(part).resource_names == ("jos\u00e9", 'x\\y"z', "\U0001f600", "\udc00")


def test_a_part_larger_than_any_event_is_not_read() -> None:
    assert names_in({"bucketName": "data", "x": "y" * 1_000_000}) == ("data",)
    assert names_in({"bucketName": "data", "x": "y" * 1_100_000}) == ()


def test_what_is_nested_too_deep_says_nothing() -> None:
    assert (
        call_details(b'{"bucketName":"data","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}").resource_names
        == ()
    )


_keys = st.sampled_from(
    ["bucketName", "keyId", "credentials", "nextToken", "Items", "arn", "x", "MFAUsed", "\ud800"]
)
_values = st.recursive(
    json_values | st.sampled_from([ARN, "arn:aws:iam::1:role/a/b", "data", "x" * 300, ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=5),
    max_leaves=20,
)


def leaves(value: Any, key: str = "") -> Any:
    """Give the strings of a JSON value, in order, each with the key that it is below; nothing of what is secret."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, key)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name.lower() != "credentials" and "token" not in name.lower():
                yield from leaves(each, name)


@given(st.dictionaries(_keys, _values, max_size=5))
def test_names_of_any_part_are_those_of_its_leaves(part: dict[str, Any]) -> None:
    text = encode(part)
    expected: list[str] = []
    for key, value in leaves(json.loads(text)):
        if not 0 < len(value) <= 256:
            continue
        if re.match("arn:([^:]*:){4}", value):
            expected += [value, re.split("[:/]", value)[-1]]
        elif re.search("(name|id|arn|identifier)$", key, re.IGNORECASE):
            expected.append(value)
    assert call_details(text).resource_names == tuple(filter(None, dict.fromkeys(expected)))[:50]
