"""What a backfill keeps in the staging bucket, below ``backfills/<its name>/``.

* ``tasks/<task>.json``: the days that one task of the plan lists.
* ``parts/<task>-<round>-<number>.json``: a part, which is an input of the workflow as it is.
* ``planned/<task>-<round>.json``: the parts that one round of a task has made, and what it has counted.
* ``parts.json`` and ``plan.json``: all parts, and the plan, once it is ready.
* ``left/<execution>.json``: the parts that one execution is to index.
* ``done/<part>`` or ``done/<part>.dead-lettered``: that a part was indexed, or that what could not be indexed of it is
  dead-lettered; the state machine puts it there (states "Mark Part Done" and "Mark Part Dead-Lettered").

A step that is retried writes the same keys again. All of it expires later than what is staged for batches.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from trailsearch.aws.concurrency import map_ahead
from trailsearch.aws.s3_errors import StorageErrors, storage_errors
from trailsearch.aws.tracing import subsegment
from trailsearch.contracts.backfill import Days, PartRef, Plan, Planned
from trailsearch.contracts.errors import BackfillNotFound, StorageAccessDenied
from trailsearch.contracts.messages import Pointer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = "backfills/"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")
_DEAD_LETTERED = ".dead-lettered"
_READ_AT_ONCE = 8
_ERRORS = StorageErrors(not_found=BackfillNotFound, refused=StorageAccessDenied)
_T = TypeVar("_T")


class Done(NamedTuple):
    """When a part was done, and whether something of it is dead-lettered."""

    time: datetime
    dead_lettered: bool


class BackfillStore:
    """The objects of one backfill.

    Every method raises ``StorageUnavailable``, ``StorageAccessDenied``, or ``BackfillNotFound`` for what is not there.
    """

    def __init__(self, client: "S3Client", bucket: str, name: str) -> None:
        """Take a backfill by its name.

        Raises:
            BackfillNotFound: none can be called so.
        """
        if not _NAME.fullmatch(name):
            raise BackfillNotFound(f"No backfill is called {name!r}: a name has letters, digits and hyphens")
        self._client = client
        self._bucket = bucket
        self._folder = f"{ROOT}{name}/"

    def put_task(self, number: int, task: Sequence[Days]) -> None:
        """Keep the days of a task."""
        self._put(_task(number), task)

    def get_task(self, number: int) -> list[Days]:
        """Read the days of a task."""
        return self._get(_task(number), list[Days])

    def put_part(self, name: str, part: bytes) -> None:
        """Keep a part under its name."""
        self._put_bytes(f"parts/{name}.json", part)

    def put_planned(self, task: int, rounds: int, planned: Planned) -> None:
        """Keep what a round of a task has found."""
        self._put(f"planned/{task:04}-{rounds:03}.json", planned)

    def planned(self) -> Iterator[Planned]:
        """Read what all rounds of all tasks have found, in their order."""
        keys = [key for key, _ in self._list("planned/")]
        return map_ahead(partial(self._get, kind=Planned), keys, _READ_AT_ONCE)

    def put_plan(self, plan: Plan, parts: Sequence[PartRef]) -> None:
        """Keep the plan with all its parts."""
        self._put("parts.json", parts)
        self._put("plan.json", plan)

    def plan(self) -> Plan:
        """Read the plan."""
        return self._get("plan.json", Plan)

    def parts(self) -> list[PartRef]:
        """Read which parts the plan has."""
        return self._get("parts.json", list[PartRef])

    def put_left(self, execution: str, parts: Sequence[PartRef]) -> str:
        """Keep the parts that an execution is to index, and give the key."""
        return self._put(f"left/{execution}.json", parts)

    def done(self) -> dict[str, Done]:
        """Give the parts that are done, by their names."""
        return {
            key.removeprefix("done/").removesuffix(_DEAD_LETTERED): Done(time, key.endswith(_DEAD_LETTERED))
            for key, time in self._list("done/")
        }

    def _put(self, key: str, value: Any) -> str:
        return self._put_bytes(key, msgspec.json.encode(value))

    def _put_bytes(self, key: str, body: bytes) -> str:
        pointer = Pointer(self._bucket, self._folder + key)
        with subsegment("Keep of backfill", object=pointer.uri), storage_errors(pointer, _ERRORS):
            self._client.put_object(
                Bucket=pointer.bucket, Key=pointer.key, Body=body, ContentType="application/json"
            )
        return pointer.key

    def _get(self, key: str, kind: type[_T]) -> _T:
        pointer = Pointer(self._bucket, self._folder + key)
        with subsegment("Read of backfill", object=pointer.uri), storage_errors(pointer, _ERRORS):
            body = self._client.get_object(Bucket=pointer.bucket, Key=pointer.key)["Body"].read()
        return msgspec.json.decode(body, type=kind)

    def _list(self, folder: str) -> Iterator[tuple[str, datetime]]:
        prefix, token = self._folder + folder, ""
        while True:
            more = {"ContinuationToken": token} if token else {}
            with storage_errors(Pointer(self._bucket, prefix), _ERRORS):
                answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **more)  # type: ignore[arg-type]
            for each in answer.get("Contents", []):
                yield each["Key"].removeprefix(self._folder), each["LastModified"]
            if not (token := answer.get("NextContinuationToken", "")):
                return


def names(client: "S3Client", bucket: str) -> list[str]:
    """Give the names of all backfills that are kept, the latest last.

    Raises:
        StorageUnavailable, StorageAccessDenied, BackfillNotFound: the bucket cannot be listed.
    """
    found: list[str] = []
    pointer = Pointer(bucket, ROOT)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=ROOT, Delimiter="/")
    with storage_errors(pointer, _ERRORS):
        for page in pages:
            found += [each["Prefix"].split("/")[1] for each in page.get("CommonPrefixes", [])]
    return sorted(found)


def _task(number: int) -> str:
    return f"tasks/{number:04}.json"
