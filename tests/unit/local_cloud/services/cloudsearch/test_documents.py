"""The upload rules of the local CloudSearch."""

import json
from typing import Any

import pytest

from tests.local_cloud.services.cloudsearch.models import Domain
from tests.unit.local_cloud.services.cloudsearch.domains import field, make_domain

FIELDS = {
    "name": "literal",
    "names": "literal-array",
    "time": "date",
    "count": "int",
    "ratio": "double",
    "place": "latlon",
    "text": "text",
}


@pytest.fixture
def domain() -> Domain:
    return make_domain([field(name, field_type) for name, field_type in FIELDS.items()], {})


def add(document_id: str = "a", **fields: Any) -> dict[str, Any]:
    return {"type": "add", "id": document_id, "fields": fields}


def upload(domain: Domain, *operations: Any) -> tuple[int, dict[str, Any]]:
    return domain.upload(json.dumps(operations).encode())


def ids(domain: Domain, query: str = "matchall") -> list[str]:
    status, answer = domain.search({"q": query, "q.parser": "structured", "sort": "_id asc"})
    assert status == 200, answer
    return [hit["id"] for hit in answer["hits"]["hit"]]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "x" * 4096},
        {"name": "\ufffd" * 4096},
        {"name": 'tab\t, lines\r\n, "quotes" and \ue000'},
        {"name": 5, "text": ["one"]},
        {"names": ["a"] * 1000},
        {"time": "2024-02-29T23:59:59Z"},
        {"time": "2024-02-29T23:59:59.123Z"},
        {"count": -(2**63)},
        {"count": "9223372036854775807"},
        {"ratio": 1e300},
        {"place": "52.5,-13.4"},
        {"text": "x" * 1_000_000},
    ],
)
def test_accepts(domain: Domain, fields: dict[str, Any]) -> None:
    assert upload(domain, add(**fields)) == (200, {"status": "success", "adds": 1, "deletes": 0})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"other": "x"}, 'Field "other" does not exist'),
        ({"name": None}, "not null"),
        ({"names": ["a", None]}, "not null"),
        ({"name": True}, "not bool"),
        ({"name": {"a": "b"}}, "not dict"),
        ({"names": []}, "empty array"),
        ({"names": ["a"] * 1001}, "more than 1000 values"),
        ({"name": ["a", "b"]}, "must have array type"),
        ({"name": "x" * 4097}, "4096 code points"),
        ({"time": "2023-02-29T00:00:00Z"}, "Invalid date"),
        ({"time": "2023-02-28 00:00:00"}, "Invalid date"),
        ({"time": "2023-02-28T00:00:00+00:00"}, "Invalid date"),
        ({"count": "five"}, "Invalid int"),
        ({"count": 1.5}, "Invalid int"),
        ({"count": 2**63}, "Invalid int"),
        ({"ratio": "nan"}, "Invalid double"),
        ({"place": "91,0"}, "Invalid latlon"),
        ({"text": "a\x00"}, "Invalid codepoint 0"),
        ({"text": "a\x1f"}, "Invalid codepoint 1F"),
        ({"text": "\ud800"}, "Invalid codepoint D800"),
        ({"text": "\uffff"}, "Invalid codepoint FFFF"),
        # XML allows it, but the expression that the guide prints does not.
        ({"text": "\U0001f600"}, "Invalid codepoint 1F600"),
        ({}, "must have fields"),
    ],
)
def test_refuses_values(domain: Domain, fields: dict[str, Any], message: str) -> None:
    status, answer = upload(domain, add("good", name="x"), add("bad", **fields))
    assert (status, answer["status"], answer["adds"], answer["deletes"]) == (400, "error", 0, 0)
    (error,) = answer["errors"]
    assert message in error["message"]
    assert error["message"].startswith("[*Deprecated*: Use the outer message field] ")
    assert error["message"].endswith("(near operation with index 2; document_id bad)")
    assert ids(domain) == []


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (add("ä", name="x"), "value of id"),
        (add("", name="x"), "value of id"),
        (add("i" * 129, name="x"), "value of id"),
        ({"type": "add", "id": 5, "fields": {"name": "x"}}, "value of id"),
        ({"type": "update", "id": "a"}, "value of type"),
        ([], "Operations cannot be JSON arrays"),
    ],
)
def test_refuses_operations(domain: Domain, operation: Any, message: str) -> None:
    status, answer = upload(domain, operation)
    assert status == 400
    assert message in answer["errors"][0]["message"]


def test_an_unknown_attribute_is_a_warning(domain: Domain) -> None:
    status, answer = upload(
        domain,
        add("a", name="x") | {"version": 1, "lang": "en"},
        {"type": "delete", "id": "b", "fields": {}},
    )
    assert (status, answer["status"], answer["adds"], answer["deletes"]) == (200, "success", 1, 1)
    assert answer["warnings"] == [
        {"message": "Unknown attribute 'lang' is ignored (near operation with index 1; document_id a)"},
        {"message": "Unknown attribute 'version' is ignored (near operation with index 1; document_id a)"},
        {"message": "Unknown attribute 'fields' is ignored (near operation with index 2; document_id b)"},
    ]
    assert ids(domain) == ["a"]
    assert "warnings" not in upload(domain, add("a", name="x"))[1]


def test_accepts_every_character_of_an_id(domain: Domain) -> None:
    document_id = ("AZaz09_-=#;:/?@&" * 8)[:128]
    assert upload(domain, add(document_id, name="x"))[0] == 200
    assert ids(domain, f"_id:'{document_id}'") == [document_id]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"[", b'[{"type":"add","id":"a","fields":{"ratio":NaN}}]', b"\xff"]
)
def test_refuses_what_is_no_batch(domain: Domain, body: bytes) -> None:
    status, answer = domain.upload(body)
    assert (status, answer["status"]) == (400, "error")


def test_limits_batch_and_document_size(domain: Domain) -> None:
    large = [add(str(number), text="x" * 1_000_000) for number in range(5)]
    assert upload(domain, *large)[0] == 200
    status, answer = upload(domain, *large, add("5", text="x" * 300_000))
    assert (status, answer["status"]) == (413, "error")
    status, answer = upload(domain, add("small", name="x"), add("large", text="x" * 1_048_576))
    assert status == 400
    assert "Document size" in answer["errors"][0]["message"]


def test_names_every_bad_document(domain: Domain) -> None:
    _, answer = upload(domain, add("a", name=None), add("b", name="x"), add("c", name=None))
    assert ["document_id a" in error["message"] for error in answer["errors"]] == [True, False]
    assert "index 3; document_id c" in answer["errors"][1]["message"]


def test_last_operation_on_an_id_wins(domain: Domain) -> None:
    operations = [add("a", name="x"), add("a", name="y"), add("b", name="x"), {"type": "delete", "id": "b"}]
    assert upload(domain, *operations)[1] == {"status": "success", "adds": 3, "deletes": 1}
    assert (ids(domain), ids(domain, "name:'x'")) == (["a"], [])


def test_add_replaces_the_whole_document_and_delete_removes_it(domain: Domain) -> None:
    upload(domain, add("a", name="x", names=["p", "q"], text="old words"), add("b", text="old words"))
    upload(domain, add("a", text="new words"))
    assert ids(domain, "(or name:'x' names:'p' (and text:'old' _id:'a'))") == []
    assert (ids(domain, "text:'new'"), ids(domain, "text:'words'")) == (["a"], ["a", "b"])
    upload(domain, {"type": "delete", "id": "a"}, {"type": "delete", "id": "unknown"})
    assert (ids(domain), ids(domain, "text:'words'")) == (["b"], ["b"])
