"""Where `osmem-server` 0.1.6, behind the edge, does not do as a real node of OpenSearch 3.5 does.

The contract tests assert every row, so that it shows when a later version mends one. Values are HTTP statuses, of an
answer or of a bulk item, unless a row says otherwise.

What the edge mends is not here (see `embedded_engine`): the words of `char_group` tokenizers, the places of highlights, the
limit of unpacked bodies, truncated and damaged gzip bodies.
"""

from typing import NamedTuple

from .engines import EngineChoice


class Difference(NamedTuple):
    """What each engine does, and what follows from it for tests that run on the embedded one."""

    embedded: object
    node: object
    why: str

    def of(self, engine: EngineChoice) -> object:
        """Give what one engine does."""
        return self.embedded if engine == "embedded" else self.node


DIFFERENCES: dict[str, Difference] = {
    "a document with invalid UTF-8": Difference(
        201, 400, "It replaces what is invalid; a node refuses the document."
    ),
    "a document with arrays 21 deep": Difference(
        201, 400, "It knows no index.mapping.depth.limit, which counts arrays of unmapped fields too."
    ),
    "a bulk request while the cluster is read-only": Difference(
        200, 403, "It answers 403 for each item; a node for the whole request."
    ),
    "an index beyond the shard limit": Difference(
        201, 400, "It keeps cluster.max_shards_per_node, and does not apply it."
    ),
    "an index that is not made by itself": Difference(
        201, 404, "It keeps action.auto_create_index, and does not apply it."
    ),
    "a bulk request beyond the circuit breaker": Difference(
        200, 429, "It keeps network.breaker.inflight_requests.limit, and does not apply it."
    ),
    "a template without its analyzer": Difference(
        200, 400, "It checks a template when an index is made of it; every document is refused then."
    ),
    "the block API": Difference(400, 200, "It has blocks as settings of the index only."),
    "a document before the refresh": Difference(1, 0, "It shows documents at once. (The documents found.)"),
    "an _id in query_string": Difference(
        0, 1, "It finds _id by term and ids queries, not in query_string. (The documents found.)"
    ),
    "a highlight beyond a million characters": Difference(
        200, 400, "It knows no index.highlight.max_analyzed_offset, which no search may exceed."
    ),
    "the order without a sort": Difference(
        ["first", "second", "third"],
        ["third", "second", "first"],
        "It has no index sort: its order is that of arrival. (The ids found.)",
    ),
}
