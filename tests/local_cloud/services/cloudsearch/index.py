"""The index of a domain: documents and their values in SQLite, text in FTS5; what memory cannot hold, on disk.

Tables: `document` (key, id, fields as JSON) and one table for each field: `(key, value)`, or that of `text_index`, whose
rowid is the key. A document that is added again gets a new key.
"""

import json
import sqlite3
import weakref
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import text_index
from .condition import Condition
from .documents import Operation
from .exceptions import SearchException
from .highlighting import Highlight, highlight
from .query import Operator, Query, Range, positive_matches
from .schema import IndexField, Schema
from .sql import Compiler, both, values_table
from .values import format_value, parse_value

# A document has two or three kilobytes: several are to fit into a page.
_PAGE_BYTES = 16_384
_CACHE_KIB = 262_144


@dataclass(frozen=True)
class Facet:
    """Which facet values of a field to count: the top `size` by "count" or "bucket", or the given buckets.

    A bucket is its text in the request with the value or range that it stands for.
    """

    field: str
    sort: str = "count"
    size: int = 10
    buckets: tuple[tuple[str, str | Range], ...] | None = None


@dataclass(frozen=True)
class Search:
    """What to search, and what of it to return.

    Attributes:
        query: selects and scores documents.
        filter: selects documents without scoring.
        operator: joins the words of a term in `query`.
        default_fields: (field, boost) for matches that name no field.
        sort: (field, `_id` or `_score`; descending), most significant first.
    """

    query: Query
    filter: Query | None = None
    operator: Operator = "and"
    default_fields: tuple[tuple[str, float], ...] = ()
    sort: tuple[tuple[str, bool], ...] = (("_score", True),)
    start: int = 0
    size: int = 10
    facets: tuple[Facet, ...] = ()
    highlights: tuple[Highlight, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A document that matches, with its values after copying source fields and filling in defaults."""

    id: str
    score: float
    fields: dict[str, list[str]]
    highlights: dict[str, str]


@dataclass(frozen=True)
class Result:
    """The answer to a search. `facets` has (value, count) pairs by field."""

    found: int
    hits: list[Hit]
    facets: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


class SearchIndex:
    """Documents of one schema. Not safe for threads: the domain has the lock."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._next_key = 1
        # A database without a name is in memory as far as its cache goes, beyond that in a file that nobody sees.
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        # Python 3.13 and later warn of a connection that nobody closed: https://docs.python.org/3/library/sqlite3.html
        self._close = weakref.finalize(self, self._connection.close)
        execute = self._connection.execute
        execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        execute("PRAGMA temp_store = MEMORY")
        self._connection.create_function("similar", 3, text_index.similar, deterministic=True)
        execute(
            "CREATE TABLE document (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, fields TEXT NOT NULL)"
        )
        execute("CREATE TEMP TABLE matched (key INTEGER PRIMARY KEY, score REAL NOT NULL)")
        for index_field in schema.values():
            if index_field.value_type == "text":
                text_index.create(self._connection, index_field.name)
            else:
                table = values_table(index_field.name)
                execute(f"CREATE TABLE {table} (key INTEGER, value, PRIMARY KEY (key, value)) WITHOUT ROWID")

    def close(self) -> None:
        """Free the memory. The index cannot be used afterwards."""
        self._close()

    def operations(self) -> Iterator[Operation]:
        """Yield every document, as an operation that adds it."""
        for document_id, fields in self._connection.execute("SELECT id, fields FROM document ORDER BY key"):
            yield Operation(document_id, json.loads(fields))

    def apply(self, operations: Iterable[Operation]) -> None:
        """Add and delete documents, all or none. The last operation on an id wins; an add replaces the document.

        Raises:
            ValueError: a value is none of its field's type. `parse_batch` gives no such operations.
        """
        latest = {operation.id: operation for operation in operations}
        with self._transaction():
            self._remove(latest)
            self._add(operation for operation in latest.values() if operation.fields is not None)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _remove(self, ids: Iterable[str]) -> None:
        query = "SELECT key, fields FROM document WHERE id IN (SELECT value FROM json_each(?))"
        removed = self._connection.execute(query, [json.dumps(list(ids))]).fetchall()
        if not removed:
            return
        rows = self._rows((key, json.loads(fields)) for key, fields in removed)
        for name, index_field in self.schema.items():
            table = values_table(name)
            if index_field.value_type == "text":
                # FTS5 without content has to be told what it indexed.
                delete = f"INSERT INTO {table}({table}, rowid, text) VALUES ('delete', ?, ?)"
                self._connection.executemany(delete, rows[name])
            else:
                self._connection.executemany(f"DELETE FROM {table} WHERE key = ? AND value = ?", rows[name])
        self._connection.executemany("DELETE FROM document WHERE key = ?", [(key,) for key, _ in removed])

    def _add(self, operations: Iterable[Operation]) -> None:
        added = list(enumerate(operations, start=self._next_key))
        self._next_key += len(added)
        self._connection.executemany(
            "INSERT INTO document VALUES (?, ?, ?)",
            ((key, operation.id, json.dumps(operation.fields)) for key, operation in added),
        )
        rows = self._rows((key, operation.fields or {}) for key, operation in added)
        for name, index_field in self.schema.items():
            columns = "rowid, text" if index_field.value_type == "text" else "key, value"
            insert = f"INSERT INTO {values_table(name)}({columns}) VALUES (?, ?)"
            self._connection.executemany(insert, rows[name])

    def _rows(
        self, documents: Iterable[tuple[int, dict[str, list[str]]]]
    ) -> dict[str, list[tuple[int, Any]]]:
        """Return the rows of the documents in the fields' tables. Fields that the schema does not have are left out."""
        rows: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        for key, fields in documents:
            for name, values in self.schema.complete(fields).items():
                if index_field := self.schema.get(name):
                    if index_field.value_type == "text":
                        rows[name].append((key, text_index.indexed(values, index_field.analyzer)))
                    else:
                        value_type = index_field.value_type
                        rows[name].extend(
                            (key, value) for value in {parse_value(value_type, text) for text in values}
                        )
        return rows

    def search(self, search: Search) -> Result:
        """Answer a search.

        Raises:
            SearchException: the query or a facet's range does not fit the schema.
        """
        compiler = Compiler(self.schema, search.default_fields)
        scored = compiler.compile(search.query, search.operator)
        selected = scored
        if search.filter:
            selected = both(scored, compiler.compile(search.filter, "and"))
        if not search.size and not search.facets:
            return Result(self._count_selected(selected), [])
        self._match(selected, scored)
        found = self._connection.execute("SELECT count(*) FROM matched").fetchone()[0]
        facets = {facet.field: self._count(facet, compiler) for facet in search.facets}
        return Result(found, self._hits(search), facets)

    def _count_selected(self, selected: Condition) -> int:
        query = f"SELECT count(*) FROM document WHERE {selected.sql}"
        return int(self._connection.execute(query, selected.parameters).fetchone()[0])

    def _match(self, selected: Condition, scored: Condition) -> None:
        """Fill the table `matched` with the keys and relevance scores of the documents selected.

        The score is BM25 over the text that matches; conditions on other types only select.
        """
        execute = self._connection.execute
        execute("DELETE FROM matched")
        if not scored.matches:
            execute(
                f"INSERT INTO matched SELECT key, 1.0 FROM document WHERE {selected.sql}", selected.parameters
            )
            return
        tables = [(values_table(name), text, boost) for name, text, boost in scored.matches]
        scores = " UNION ALL ".join(
            f"SELECT rowid AS scored, -rank * ? AS score FROM {table} WHERE {table} MATCH ?"
            for table, _, _ in tables
        )
        execute(
            f"""INSERT INTO matched SELECT key, coalesce(total, 0.0) FROM document
                LEFT JOIN (SELECT scored, sum(score) AS total FROM ({scores}) GROUP BY scored) ON scored = key
                WHERE {selected.sql}""",
            [*(parameter for _, text, boost in tables for parameter in (boost, text)), *selected.parameters],
        )

    def _hits(self, search: Search) -> list[Hit]:
        order = ", ".join(
            f"{self._sort_expression(name)} {'DESC' if descending else 'ASC'} NULLS LAST"
            for name, descending in search.sort
        )
        page = self._connection.execute(
            f"SELECT key, score FROM matched ORDER BY {order}, key LIMIT ? OFFSET ?",
            [search.size, search.start],
        ).fetchall()
        hits = []
        for key, score in page:
            query = "SELECT id, fields FROM document WHERE key = ?"
            document_id, stored = self._connection.execute(query, [key]).fetchone()
            fields = self.schema.complete(json.loads(stored))
            hits.append(Hit(document_id, score, fields, self._highlights(search, fields)))
        return hits

    def _sort_expression(self, name: str) -> str:
        if name == "_score":
            return "matched.score"
        # Subqueries, as a join would read every document that matches, whatever it is sorted by.
        if name == "_id":
            return "(SELECT id FROM document WHERE document.key = matched.key)"
        if self.schema[name].value_type == "text":
            value = f"json_extract(fields, '$.{name}[0]')"
            return f"(SELECT {value} FROM document WHERE document.key = matched.key)"
        return f"(SELECT value FROM {values_table(name)} AS sorted WHERE sorted.key = matched.key)"

    def _count(self, facet: Facet, compiler: Compiler) -> list[tuple[str, int]]:
        index_field = self.schema[facet.field]
        joined = f"FROM matched JOIN {values_table(facet.field)} USING (key)"
        if facet.buckets is not None:
            return [
                (text, self._count_bucket(index_field, joined, bucket, compiler))
                for text, bucket in facet.buckets
            ]
        order = "value" if facet.sort == "bucket" else "count(*) DESC, value"
        counted = self._connection.execute(
            f"SELECT value, count(*) {joined} GROUP BY value ORDER BY {order} LIMIT ?", [facet.size]
        )
        return [(format_value(index_field.value_type, value), count) for value, count in counted]

    def _count_bucket(
        self, index_field: IndexField, joined: str, bucket: str | Range, compiler: Compiler
    ) -> int:
        if isinstance(bucket, Range):
            condition, parameters = compiler.bounds(index_field, bucket)
        else:
            try:
                condition, parameters = "value = ?", [parse_value(index_field.value_type, bucket)]
            except ValueError as error:
                raise SearchException(f"Bucket of facet field '{index_field.name}': {error}") from None
        counted = self._connection.execute(
            f"SELECT count(DISTINCT key) {joined} WHERE {condition}", parameters
        )
        return int(counted.fetchone()[0])

    def _highlights(self, search: Search, fields: dict[str, list[str]]) -> dict[str, str]:
        found = list(positive_matches(search.query))
        default_fields = dict(search.default_fields)
        highlighted = {}
        for wanted in search.highlights:
            name = wanted.field
            matches = [
                match
                for match in found
                if name == match.field or (match.field is None and name in default_fields)
            ]
            if text := " ".join(fields.get(name, ())):
                highlighted[name] = highlight(text, self.schema[name].analyzer, matches, wanted)
        return highlighted
