"""The index template, and how a domain gets it."""

import json
import re
from typing import Any, cast

import pytest

from trailsearch.aws.signed_http import HttpAnswer
from trailsearch.contracts.errors import SearchThrottled, SearchUnavailable
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search.opensearch.template import VERSION, Made, ensure_template, how_made, index_template

TEMPLATE = index_template("trailsearch-test", 3, 1)
PROPERTIES = TEMPLATE["template"]["mappings"]["properties"]
KEYWORD = {"type": "keyword", "ignore_above": 8191}


def test_the_template_is_that_of_the_indices_of_the_environment() -> None:
    assert TEMPLATE["index_patterns"] == ["trailsearch-test-events-*"]
    assert TEMPLATE["version"] == TEMPLATE["template"]["mappings"]["_meta"]["trailsearch"] == VERSION
    assert TEMPLATE["template"]["aliases"] == {"trailsearch-test-events": {}}
    settings = TEMPLATE["template"]["settings"]["index"]
    assert (settings["number_of_shards"], settings["number_of_replicas"]) == (3, 1)
    assert (settings["sort.field"], settings["sort.order"]) == ("event_time", "desc")
    assert settings["query.default_field"] == ["raw"]


def test_every_field_of_the_schema_is_mapped_and_no_other_ever_is() -> None:
    assert TEMPLATE["template"]["mappings"]["dynamic"] is False
    assert list(PROPERTIES) == list(SCHEMA)


def test_fields_are_mapped_by_their_kinds() -> None:
    assert PROPERTIES["event_time"] == {
        "type": "date",
        "format": "strict_date_optional_time",
        "ignore_malformed": True,
    }
    assert PROPERTIES["event_name"] == PROPERTIES["account_ids"] == KEYWORD
    assert PROPERTIES["request_id"] == KEYWORD | {"doc_values": False}
    assert PROPERTIES["source_ip_address"] == KEYWORD | {
        "fields": {"ip": {"type": "ip", "ignore_malformed": True}}
    }
    text = {"type": "text", "analyzer": "record"}
    assert PROPERTIES["user_agent"] == text | {"fields": {"exact": KEYWORD}}
    assert PROPERTIES["user_agent_exact"] == {"type": "alias", "path": "user_agent.exact"}
    assert PROPERTIES["error_message"] == text
    assert PROPERTIES["raw"] == text | {"norms": False}


def test_what_is_counted_or_brought_into_an_order_by_has_values() -> None:
    without = {name for name, mapped in PROPERTIES.items() if mapped.get("doc_values") is False}
    assert without == {"request_id", "shared_event_id", "log_file"}
    assert not {name for name in without if SCHEMA[name].facet}
    texts = {name for name, field in SCHEMA.items() if field.kind is FieldKind.TEXT}
    assert not {name for name in texts if SCHEMA[name].facet}


def words_of(text: str) -> list[str]:
    """Take a text apart as the analyzer does, by Python's regular expressions."""
    analysis = TEMPLATE["template"]["settings"]["index"]["analysis"]
    escapes = analysis["char_filter"]["json_escapes"]
    assert analysis["tokenizer"]["record"]["tokenize_on_chars"] == ["whitespace", "punctuation", "symbol"]
    text = re.sub(escapes["pattern"], escapes["replacement"], text)
    return re.split(r"[\W_]+", text.lower().strip('{}" '))


# The same words as a node of OpenSearch 3.5 gives by `_analyze`.
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r'{"a":"\ncurl"}', ["a", "curl"]),
        (r'{"a":"x\u003dy\tz"}', ["a", "x", "y", "z"]),
        (r'{"a":"C:\\new\\temp"}', ["a", "c", "new", "temp"]),
        (r'{"q":"say \"hi\" \/etc"}', ["q", "say", "hi", "etc"]),
        ("s3.amazonaws.com", ["s3", "amazonaws", "com"]),
        ("arn:aws:iam::1:user/alice.smith_x", ["arn", "aws", "iam", "1", "user", "alice", "smith", "x"]),
    ],
)
def test_texts_are_taken_apart_by_names_and_escapes(text: str, words: list[str]) -> None:
    assert words_of(text) == words


class Client:
    """The client of a domain, which gives answers one after the other."""

    def __init__(self, *answers: HttpAnswer) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str]] = []
        self.put: Any = None

    def send(
        self, method: str, path: str, query: Any = None, headers: Any = None, body: bytes | None = None
    ) -> HttpAnswer:
        self.sent.append((method, path))
        if body:
            self.put = json.loads(body)
        return self.answers.pop(0)


def there(version: Any, shards: int = 3, replicas: int = 1) -> HttpAnswer:
    """The template in a domain, which gives numbers in settings as texts."""
    settings = {"number_of_shards": str(shards), "number_of_replicas": str(replicas)}
    template = {"template": {"settings": {"index": settings}}}
    if version is not None:
        template["version"] = version
    return HttpAnswer(200, json.dumps({"index_templates": [{"index_template": template}]}).encode())


ACKNOWLEDGED = HttpAnswer(200, b'{"acknowledged":true}')
MISSING = HttpAnswer(404, b'{"error":{"type":"resource_not_found_exception","reason":"x"},"status":404}')
PATH = "/_index_template/trailsearch-test-events"


@pytest.mark.parametrize("found", [MISSING, there(0), there(None), HttpAnswer(200, b"{}")])
def test_a_template_that_is_missing_or_somebody_else_s_is_written(found: HttpAnswer) -> None:
    client = Client(found, ACKNOWLEDGED)
    ensure_template(cast("Any", client), "trailsearch-test", 3, 1)
    assert client.sent == [("GET", PATH), ("PUT", PATH)]
    assert client.put == TEMPLATE


INDICES = "/trailsearch-test-events-*/_mapping"
CANNOT = HttpAnswer(
    400,
    b'{"error":{"root_cause":[{"type":"illegal_argument_exception","reason":"mapper [actor] cannot be changed from type'
    b' [keyword] to [text]"}],"type":"illegal_argument_exception","reason":"mapper [actor] cannot be changed from type'
    b' [keyword] to [text]"},"status":400}',
)


@pytest.fixture
def _later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that has changed the template."""
    monkeypatch.setattr("trailsearch.search.opensearch.template.VERSION", VERSION + 1)


@pytest.mark.usefixtures("_later")
@pytest.mark.parametrize(
    ("changed", "kept"),
    [(ACKNOWLEDGED, None), (CANNOT, "mapper [actor] cannot be changed from type [keyword] to [text]")],
)
def test_an_older_template_is_written_anew_after_the_indices_that_are_there(
    changed: HttpAnswer, kept: str | None
) -> None:
    client = Client(there(VERSION), changed, ACKNOWLEDGED)
    assert ensure_template(cast("Any", client), "trailsearch-test", 3, 1) == kept
    assert client.sent == [("GET", PATH), ("PUT", INDICES), ("PUT", PATH)]
    assert client.put["version"] == VERSION + 1


@pytest.mark.usefixtures("_later")
def test_while_the_indices_cannot_be_changed_the_template_stays_so_that_it_is_tried_again() -> None:
    client = Client(there(VERSION), HttpAnswer(429, b""))
    with pytest.raises(SearchThrottled, match="Changing the mapping"):
        ensure_template(cast("Any", client), "trailsearch-test", 3, 1)
    assert client.sent[-1] == ("PUT", INDICES)


@pytest.mark.parametrize("version", [VERSION, VERSION + 1, VERSION + 10])
def test_a_template_that_is_the_same_or_newer_stays(version: int) -> None:
    client = Client(there(version))
    ensure_template(cast("Any", client), "trailsearch-test", 3, 1)
    assert client.sent == [("GET", PATH)]


@pytest.mark.parametrize(("shards", "replicas"), [(1, 1), (3, 0), (1, 0)])
def test_other_numbers_of_shards_and_replicas_are_written_and_no_index_is_changed(
    shards: int, replicas: int
) -> None:
    client = Client(there(VERSION, shards, replicas), ACKNOWLEDGED)
    assert ensure_template(cast("Any", client), "trailsearch-test", 3, 1) is None
    assert client.sent == [("GET", PATH), ("PUT", PATH)]
    assert client.put == TEMPLATE


def test_a_newer_template_keeps_its_numbers() -> None:
    client = Client(there(VERSION + 1, 1, 0))
    ensure_template(cast("Any", client), "trailsearch-test", 3, 1)
    assert client.sent == [("GET", PATH)]


@pytest.mark.parametrize("body", [b"", b"OK", b"[]", b'{"index_templates":'])
def test_an_answer_that_is_none_is_no_reason_to_write_one(body: bytes) -> None:
    client = Client(HttpAnswer(200, body))
    with pytest.raises(SearchUnavailable):
        ensure_template(cast("Any", client), "trailsearch-test", 3, 1)


def test_a_template_that_the_domain_does_not_take_is_said() -> None:
    refused = HttpAnswer(
        400, b'{"error":{"type":"illegal_argument_exception","reason":"unknown setting"},"status":400}'
    )
    with pytest.raises(SearchUnavailable, match=r"Writing the index template .*unknown setting"):
        ensure_template(cast("Any", Client(MISSING, refused)), "trailsearch-test", 3, 1)


@pytest.mark.parametrize(
    ("answer", "made"),
    [
        (HttpAnswer(200, b'{"i":{"mappings":{"_meta":{"trailsearch":1}}}}'), Made.BY_TEMPLATE),
        (HttpAnswer(200, b'{"i":{"mappings":{"_meta":{"trailsearch":7}}}}'), Made.BY_TEMPLATE),
        (HttpAnswer(200, b'{"i":{"mappings":{"_meta":{"another":1}}}}'), Made.OTHERWISE),
        (HttpAnswer(200, b"{}"), Made.OTHERWISE),
        (HttpAnswer(404, b"{}"), Made.NOT_YET),
    ],
)
def test_how_an_index_was_made_is_told_by_the_mark_in_its_mapping(answer: HttpAnswer, made: Made) -> None:
    client = Client(answer)
    assert how_made(cast("Any", client), "i") is made
    assert client.sent == [("GET", "/i/_mapping")]
