"""An OpenSearch domain that takes batches, by bulk requests.

https://docs.opensearch.org/latest/api-reference/document-apis/bulk/. Its answer has one item for each document, and
what those mean is nowhere written down: here it is as a node of OpenSearch 3.5 answers.
"""

import gzip
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

import msgspec

from trailsearch.aws.clients import NO_ANSWER
from trailsearch.aws.telemetry import logger
from trailsearch.contracts.errors import (
    BatchRefused,
    SearchAccessDenied,
    SearchThrottled,
    SearchUnavailable,
    TrailsearchError,
)
from trailsearch.search.backend import Refused
from trailsearch.search.opensearch.answers import BLOCKS, Said, failure, said_in, said_of
from trailsearch.search.opensearch.batches import (
    OpenSearchFormat,
    Target,
    index_name,
    month_of,
    targets_in,
)
from trailsearch.search.opensearch.template import Made, ensure_template, how_made, template_name

if TYPE_CHECKING:
    from trailsearch.aws.signed_http import HttpAnswer, SignedHttp

# A domain that is replaced while this process lives has no template, and no answer to a batch says so.
LOOK_AGAIN_SECONDS = 60.0

_QUERY: Final = {"filter_path": "errors,items.*.status,items.*.error"}
_HEADERS: Final = {"Content-Type": OpenSearchFormat.content_type, "Content-Encoding": "gzip"}
# 3 MB become 0.2 MB in 29 ms; the next levels take longer than they spare on the way.
_GZIP_LEVEL = 1
# What is wrong with a document itself. Nothing else is: a domain says 400 too when it has no room for another shard.
_REFUSED_TYPES = frozenset(
    {"mapper_parsing_exception", "strict_dynamic_mapping_exception", "invalid_index_name_exception"}
)
_REFUSED_ARGUMENTS = ("immense term", "if _id is specified it must not be empty")
_SHOWN_ERRORS = 3


class _Item(msgspec.Struct):
    status: int
    error: Any = None


class _Answer(msgspec.Struct):
    items: list[dict[str, _Item]]


_answer_decoder = msgspec.json.Decoder(_Answer)


class Verdict(Enum):
    """What becomes of a document."""

    INDEXED = "indexed"
    REFUSED = "refused"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    DENIED = "denied"


class _Outcome(NamedTuple):
    verdict: Verdict
    status: int
    said: Said

    def __str__(self) -> str:
        return f"HTTP {self.status} {self.said}"


def judge(status: int, said: Said) -> Verdict:
    """Tell what the item of a document means. What is not known can be sent again, and is not refused."""
    match status:
        case 200 | 201:
            return Verdict.INDEXED
        case 400 if said.type in _REFUSED_TYPES:
            return Verdict.REFUSED
        case 400 if said.type == "illegal_argument_exception" and any(
            argument in said.reason for argument in _REFUSED_ARGUMENTS
        ):
            return Verdict.REFUSED
        case 401 | 403 if said.type not in BLOCKS:
            return Verdict.DENIED
        case 429:
            return Verdict.THROTTLED
        case _:
            return Verdict.UNAVAILABLE


class OpenSearchIndex:
    """One OpenSearch domain, and what is known of it since the function started."""

    def __init__(self, client: "SignedHttp", prefix: str, shards: int, replicas: int) -> None:
        self._client = client
        self._prefix = prefix
        self._shards = shards
        self._replicas = replicas
        self._template_seen: float | None = None
        self._made_by_template: set[str] = set()

    def upload(self, batch: bytes) -> Sequence[Refused]:
        """Index one batch. See ``SearchIndex.upload``.

        An index that this makes is made by our template: that is looked at first. One that was made without it gets
        nothing: it may refuse good documents, and nothing can be sorted by what it takes for a text, in no search of
        all months.
        """
        targets = targets_in(batch)
        try:
            self._look_at_template()
            self._look_at_indices({target.index for target in targets})
            return self._upload(batch, targets)
        except NO_ANSWER as error:
            self._forget()
            raise SearchUnavailable(f"No answer from the search domain: {error}") from error
        except SearchUnavailable:
            self._forget()
            raise

    def delete(self, document_id: str, event_time: str) -> None:
        """Delete one document, from the index of its month. See ``Removal.delete``.

        https://docs.opensearch.org/latest/api-reference/document-apis/delete-document/. By its own path, which an IAM
        policy can name; a bulk request could do anything to any index.
        """
        path = f"/{index_name(self._prefix, month_of(event_time))}/_doc/{quote(document_id, safe='')}"
        try:
            answer = self._client.send("DELETE", path)
        except NO_ANSWER as error:
            raise SearchUnavailable(f"No answer from the search domain: {error}") from error
        if answer.status not in {200, 404}:
            raise failure(answer, f"Deleting the document {document_id}")

    def _forget(self) -> None:
        """Look at everything anew: a domain that fails is perhaps about to be replaced."""
        self._template_seen = None

    def _upload(self, batch: bytes, targets: Sequence[Target]) -> Sequence[Refused]:
        answer = self._send(batch)
        if answer.status == 400:  # Perhaps it was damaged on the way.
            answer = self._send(batch)
        if answer.status in {400, 413}:
            raise BatchRefused(
                f"The search domain refuses the batch. HTTP {answer.status}: {said_in(answer.body)}"
            )
        if answer.status != 200:
            raise failure(answer, "Uploading a batch")
        outcomes = _outcomes(answer.body, len(targets))
        for verdict in (Verdict.THROTTLED, Verdict.UNAVAILABLE, Verdict.DENIED):
            if any(outcome.verdict is verdict for outcome in outcomes):
                raise _failure(verdict, outcomes)
        refused = [(at, outcome) for at, outcome in enumerate(outcomes) if outcome.verdict is Verdict.REFUSED]
        for at, outcome in refused:
            # Believed, unless somebody has made the index in the meantime, in another way.
            if targets[at].index not in self._made_by_template:
                self._look_at_index(targets[at].index, f" ({outcome})")
        return [Refused(at, targets[at].id, str(outcome)) for at, outcome in refused]

    def _send(self, batch: bytes) -> "HttpAnswer":
        body = gzip.compress(batch, _GZIP_LEVEL, mtime=0)
        return self._client.send("POST", "/_bulk", _QUERY, _HEADERS, body)

    def _look_at_template(self) -> None:
        now = time.monotonic()
        if self._template_seen is None or now - self._template_seen >= LOOK_AGAIN_SECONDS:
            self._made_by_template.clear()
            self._ensure_template()
            self._template_seen = now

    def _ensure_template(self) -> None:
        if kept := ensure_template(self._client, self._prefix, self._shards, self._replicas):
            logger.warning("indices keep their mapping, and need reindexing", reason=kept)

    def _look_at_indices(self, indices: set[str]) -> None:
        """Look at those of them that were not looked at yet.

        Raises:
            SearchUnavailable: one was made without the template.
        """
        for index in sorted(indices - self._made_by_template):
            self._look_at_index(index, "")

    def _look_at_index(self, index: str, outcome: str) -> None:
        made = how_made(self._client, index)
        if made is Made.BY_TEMPLATE:
            self._made_by_template.add(index)
            return
        self._ensure_template()
        if made is Made.OTHERWISE:
            raise SearchUnavailable(
                f"The index {index} was made without the template {template_name(self._prefix)}: it may refuse documents"
                f" that it should take{outcome}, and searches fail that sort by what it takes for texts. Delete it, or"
                " copy it into one that is made by the template"
            )


def _outcomes(body: bytes, sent: int) -> list[_Outcome]:
    """Read the answer to a bulk request of so many documents.

    Raises:
        SearchUnavailable: it is not whole.
    """
    try:
        items = _answer_decoder.decode(body).items
        results = [result for item in items for result in item.values()]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SearchUnavailable(
            f"The answer of the search domain is cut short, or no JSON: {body[:100]!r}"
        ) from error
    if len(results) != sent:
        raise SearchUnavailable(
            f"The answer of the search domain is about {len(results):,} documents, and {sent:,} were sent"
        )
    return [_outcome(result) for result in results]


def _outcome(item: _Item) -> _Outcome:
    said = Said("", "") if item.error is None else said_of(item.error)
    return _Outcome(judge(item.status, said), item.status, said)


def _failure(verdict: Verdict, outcomes: Sequence[_Outcome]) -> TrailsearchError:
    failed = [outcome for outcome in outcomes if outcome.verdict is not Verdict.INDEXED]
    what = f"{len(failed):,} of {len(outcomes):,} documents are not indexed: {_counted(failed)}"
    match verdict:
        case Verdict.THROTTLED:
            return SearchThrottled(f"The search domain asks for fewer uploads. {what}")
        case Verdict.DENIED:
            return SearchAccessDenied(f"The search domain does not let this role upload. {what}")
        case _:
            return SearchUnavailable(f"The search domain is failing. {what}")


def _counted(outcomes: Iterable[_Outcome]) -> str:
    """Name the most frequent errors, and of each type one example: reasons name documents."""
    examples: dict[tuple[int, str], _Outcome] = {}
    for outcome in outcomes:
        examples.setdefault((outcome.status, outcome.said.type), outcome)
    counts = Counter((outcome.status, outcome.said.type) for outcome in outcomes)
    shown = [f"{count:,} × {examples[kind]}" for kind, count in counts.most_common(_SHOWN_ERRORS)]
    return "; ".join(shown)
