"""S3: objects with tags, which expire."""

from dataclasses import dataclass, field
from typing import Any

import simpy

from tests.simulation.code import Ended, moment
from tests.simulation.faults import How, client_error
from tests.simulation.services.client import Client, Refused
from tests.simulation.services.ground import Ground

_DAY = 24 * 60 * 60.0


@dataclass
class StoredObject:
    """An object. ``refused`` is the code that S3 refuses to hand it out with; who gets a ``deadly`` one dies of it."""

    body: bytes
    modified: float
    tags: str = ""
    refused: str = ""
    deadly: bool = False


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
    objects: dict[tuple[str, str], StoredObject] = field(default_factory=dict)

    def put(self, bucket: str, key: str, body: bytes, tags: str = "") -> None:
        """Write an object."""
        self.objects[bucket, key] = StoredObject(body, self.env.now, tags)

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """Give an object, unless it is not there, or has expired."""
        found = self.objects.get((bucket, key))
        if found is None or bucket != self.staging:
            return found
        days = self.soon_days if found.tags or key.startswith("records/") else self.staging_days
        midnight = -(-(found.modified + days * _DAY) // _DAY) * _DAY
        if self.env.now >= midnight:
            del self.objects[bucket, key]
            return None
        return found


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
                "LastModified": moment(found.modified),
                "ETag": '"simulated"',
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
