"""S3: objects with tags, which expire."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import simpy

from tests.simulation.code import Ended, moment
from tests.simulation.faults import How, client_error
from tests.simulation.services.client import Client, Refused
from tests.simulation.services.ground import Ground

_DAY = 24 * 60 * 60.0
# "up to 1,000 keys … The response might contain fewer keys but will never contain more."
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
_PAGES = (3, 1_000, 1_000)


@dataclass
class StoredObject:
    """An object. ``refused`` is the code that S3 refuses to hand it out with; who gets a ``deadly`` one dies of it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/archived-objects.html
    """

    body: bytes
    modified: float
    tags: str = ""
    refused: str = ""
    deadly: bool = False
    storage_class: str = "STANDARD"
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """Its entity tag, which content has that is the same."""
        return f'"{zlib.crc32(self.body):08x}"'


@dataclass
class Buckets:
    """All buckets, by name, and how long what is in the staging bucket lives.

    A rule's days are counted from the creation of an object, and end at the next midnight in UTC:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days.
    It may be deleted later, but here it is gone as soon as it may be.
    """

    env: simpy.Environment
    staging: str
    soon_days: int
    staging_days: int
    folder_days: Mapping[str, int] = field(default_factory=dict)
    objects: dict[tuple[str, str], StoredObject] = field(default_factory=dict)

    def put(self, bucket: str, key: str, body: bytes, tags: str = "") -> None:
        """Write an object."""
        self.objects[bucket, key] = StoredObject(body, self.env.now, tags)

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """Give an object, unless it is not there, or has expired."""
        found = self.objects.get((bucket, key))
        if found is None or bucket != self.staging:
            return found
        folder_days = self.folder_days.get(key.partition("/")[0], self.staging_days)
        days = self.soon_days if found.tags else folder_days
        midnight = -(-(found.modified + days * _DAY) // _DAY) * _DAY
        if self.env.now >= midnight:
            del self.objects[bucket, key]
            return None
        return found

    def below(self, bucket: str, prefix: str) -> list[str]:
        """Give the keys of a bucket that begin so, in their order."""
        found = sorted(key for each, key in self.objects if each == bucket and key.startswith(prefix))
        return [key for key in found if self.find(bucket, key)]


class Body:
    """What an object's body is read by."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def read(self, size: int | None = None) -> bytes:
        end = len(self._body) if size is None else self._at + size
        some, self._at = self._body[self._at : end], min(end, len(self._body))
        return some

    def close(self) -> None:
        pass


class S3(Client):
    """The client of S3."""

    service = "s3"

    def __init__(self, ground: Ground, buckets: Buckets, config: Any = None) -> None:
        super().__init__(ground, config)
        self._buckets = buckets

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html."""

        def effect(_how: How | None) -> dict[str, Any]:
            found = self._buckets.find(Bucket, Key)
            if found is None:
                raise Refused(client_error("NoSuchKey", 404, "GetObject"))
            if found.deadly:
                raise Ended("Runtime.OutOfMemory")
            if found.refused:
                raise Refused(client_error(found.refused, 403, "GetObject"))
            return {
                "Body": Body(found.body),
                "ContentLength": len(found.body),
                "LastModified": moment(found.modified // 1),
                "ETag": found.etag,
                "Metadata": dict(found.metadata),
            }

        return self._call("GetObject", effect)

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: Any,  # noqa: N803
        ContentType: str = "",  # noqa: N803
        Tagging: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html."""
        # botocore reads a file anew for each attempt.
        body = bytes(Body) if isinstance(Body, bytes | bytearray) else Body.read()

        def effect(_how: How | None) -> dict[str, Any]:
            self._buckets.put(Bucket, Key, body, Tagging)
            return {"ETag": '"simulated"'}

        return self._call("PutObject", effect)

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        """https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html."""

        def effect(_how: How | None) -> dict[str, Any]:
            if self._buckets.find(Bucket, Key) is None:
                raise Refused(client_error("404", 404, "HeadObject"))
            return {}

        return self._call("HeadObject", effect)

    def list_objects_v2(
        self,
        *,
        Bucket: str,  # noqa: N803
        Prefix: str,  # noqa: N803
        Delimiter: str = "",  # noqa: N803
        ContinuationToken: str = "",  # noqa: N803
        OptionalObjectAttributes: Any = (),  # noqa: N803
    ) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html."""

        def effect(_how: How | None) -> dict[str, Any]:
            entries: dict[str, bool] = {}
            for key in self._buckets.below(Bucket, Prefix):
                folder, found, _ = key[len(Prefix) :].partition(Delimiter) if Delimiter else (key, "", "")
                entries[f"{Prefix}{folder}{found}" if found else key] = bool(found)
            left = [name for name in sorted(entries) if name > ContinuationToken]
            page = left[: self._ground.random.choice(_PAGES)]
            answer: dict[str, Any] = {"KeyCount": len(page), "IsTruncated": len(page) < len(left)}
            if keys := [name for name in page if not entries[name]]:
                answer["Contents"] = [self._described(Bucket, key) for key in keys]
            if folders := [name for name in page if entries[name]]:
                answer["CommonPrefixes"] = [{"Prefix": name} for name in folders]
            return answer | ({"NextContinuationToken": page[-1]} if len(page) < len(left) else {})

        return self._call("ListObjectsV2", effect)

    def _described(self, bucket: str, key: str) -> dict[str, Any]:
        found = self._buckets.objects[bucket, key]
        return {
            "Key": key,
            "Size": len(found.body),
            "LastModified": moment(found.modified // 1),
            "ETag": found.etag,
            "StorageClass": found.storage_class,
        }

    def get_paginator(self, operation: str) -> SimpleNamespace:
        if operation != "list_objects_v2":
            raise NotImplementedError(operation)
        return SimpleNamespace(paginate=self._paginate)

    def _paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            answer = self.list_objects_v2(**request, ContinuationToken=token)
            yield answer
            if not (token := answer.get("NextContinuationToken", "")):
                return
