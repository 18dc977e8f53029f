"""What the workflow keeps in the staging bucket between its states.

* ``records/<execution>.ndjson``: the raw records of all logs of an execution, one a line, each log's after a
  line ``# {"bucket": …, "key": …, "delivered_at": …}`` that says which log they are from. (No JSON value
  begins with ``#``.)
* ``messages/<SHA-256>``: the body of a large message, under its own hash.
* ``batches/<execution>/<name>.json``: a batch, in the exact form that the search domain takes.

A state that is retried writes the same keys again. The bucket expires objects later than the dead-letter
queue forgets what points to them. Two kinds of them nothing points to once the execution is over, and they
expire after a day: records, and batches that expire soon, by their tag. The workflow takes the tag off a
batch before it dead-letters it (state "Keep Batch").
"""

import errno
import re
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, NamedTuple, cast

import msgspec

from trailsearch.aws.s3_errors import StorageErrors, storage_errors
from trailsearch.aws.tracing import subsegment
from trailsearch.contracts.errors import BatchNotFound, DiskFull, MessageNotFound, StorageAccessDenied
from trailsearch.contracts.messages import BatchRef, LargeMessage, Pointer, RecordsRef, content_of

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

    from trailsearch.logs.trail_log import Records

# A lifecycle rule of the staging bucket goes by this tag. In the form that PutObject takes tags in.
EXPIRES_SOON = "expires=soon"
_SPOOL_BYTES = 64 * 1024 * 1024
# More than that is uploaded in parts, at the same time, as S3 takes 5 GB at once at most.
PUT_AT_ONCE_BYTES = 64 * 1024 * 1024
PART_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_READ_AT_ONCE_BYTES = 64 * 1024
_WRITE_AT_ONCE_BYTES = 1024 * 1024
_HEADER_MARK, _LINE_BREAK = b"#\n"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_STAGING_ERRORS = StorageErrors(not_found=BatchNotFound, refused=StorageAccessDenied)
_MESSAGE_ERRORS = StorageErrors(not_found=MessageNotFound, refused=StorageAccessDenied)
_MESSAGE_KEY = re.compile(r"messages/[0-9a-f]{64}")


class LogHeader(msgspec.Struct, frozen=True):
    """Which log the staged records that follow are from, and when CloudTrail delivered it (ISO 8601, UTC)."""

    bucket: str
    key: str
    delivered_at: str

    @property
    def uri(self) -> str:
        """The log as ``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"


class Written(NamedTuple):
    """How many records were written, and how many bytes they have."""

    records: int
    bytes: int


class StagedRecords(NamedTuple):
    """Some staged records, in order, one a line (no line break after the last), and the log they are from."""

    log: LogHeader
    lines: bytes


_header_decoder = msgspec.json.Decoder(LogHeader)


def write_records(log: LogHeader, records: "Iterable[Records]", file: IO[bytes]) -> Written:
    """Write the records of one log, one a line, after the line that says which log it is.

    If that ends in an error, nothing of the log is written.

    Args:
        log: which log it is.
        records: its records, some at once.
        file: where to, from its position on.

    Raises:
        DiskFull: there is no room for them.
    """
    begin = file.tell()
    count = size = 0
    try:
        _write(b"# " + msgspec.json.encode(log) + b"\n", file)
        for some in records:
            size += _write_lines(some, file)
            count += len(some)
    except BaseException as error:
        file.seek(begin)
        file.truncate()
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise DiskFull(
                f"There is no room on the disk for the records of {log.uri}, after {begin:,} bytes of other logs and"
                f" {size:,} bytes of this one"
            ) from error
        raise
    return Written(count, size)


def _write_lines(records: "Records", file: IO[bytes]) -> int:
    """Write some records, and give how many bytes they have."""
    if len(records) == 1:  # Perhaps a large one, which is not copied.
        return _write(records[0], file) + _write(b"\n", file) - 1
    return _write(b"\n".join([*records, b""]), file) - len(records)


def _write(data: "bytes | msgspec.Raw", file: IO[bytes]) -> int:
    """Write all of some data, and give its length.

    In pieces: a file that is in memory at first would have all of it there, and one without a buffer takes as much of it
    as it likes.
    """
    left = memoryview(data)
    while left:
        left = left[file.write(left[:_WRITE_AT_ONCE_BYTES]) :]
    return len(data)


def read_records(chunks: Iterable[bytes]) -> Iterator[StagedRecords]:
    """Read staged records from the chunks of bytes that they come in, up to about 64 KiB of a log at once.

    Raises:
        ValueError: these are no staged records, or they are cut short.
    """
    log: LogHeader | None = None
    unfinished: list[bytes] = []
    for chunk in chunks:
        # Joined only once its line has an end: a long line would be copied for each of its chunks otherwise.
        unfinished.append(chunk)
        if b"\n" not in chunk:
            continue
        text = b"".join(unfinished)
        unfinished.clear()
        begin, end = 0, text.rfind(b"\n")
        while begin < end:
            if text[begin] == _HEADER_MARK:
                stop = text.index(b"\n", begin)
                log = _header_decoder.decode(text[begin + 1 : stop])
            elif log is None:
                raise ValueError("Staged records begin without a line that says which log they are from")
            else:
                cut = text.find(b"\n", begin + _READ_AT_ONCE_BYTES, end)
                stop = _end_of_log(text, begin, end if cut < 0 else cut)
                yield StagedRecords(log, text[begin:stop])
            begin = stop + 1
        unfinished.append(text[end + 1 :])
    if any(unfinished):
        raise ValueError("Staged records end in the middle of a line")


def _end_of_log(text: bytes, begin: int, end: int) -> int:
    """Give where the line break before the next header is, or ``end``."""
    # One character is found at the speed of memory, two are not.
    at = text.find(b"#", begin, end)
    while at >= 0:
        if text[at - 1] == _LINE_BREAK:
            return at - 1
        at = text.find(b"#", at + 1, end)
    return end


def _chunks(body: "StreamingBody", ref: RecordsRef) -> Iterator[bytes]:
    while True:
        with storage_errors(ref, _STAGING_ERRORS):
            chunk = body.read(_CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


def spool() -> IO[bytes]:
    """Open a file for records: in memory first, on disk once it has more than 64 MiB.

    It has no buffer: what is written is large, and where it does not fit on the disk, that is to be known at once.
    """
    return SpooledTemporaryFile(max_size=_SPOOL_BYTES, buffering=0)


class Staging:
    """The staging bucket, as one execution uses it."""

    def __init__(self, client: "S3Client", bucket: str, put_at_once_bytes: int = PUT_AT_ONCE_BYTES) -> None:
        self._client = client
        self._bucket = bucket
        self._put_at_once_bytes = put_at_once_bytes

    def put_message(self, body: str) -> LargeMessage:
        """Set the body of a large message aside. It is there for as long as a dead letter may point to it."""
        ref = LargeMessage.of(body, self._bucket)
        self._put_message(ref, content_of(body))
        return ref

    def get_message(self, ref: LargeMessage) -> str:
        """Read the body of a large message, and keep it for as long again: what is read may be dead-lettered once more.

        Raises:
            MessageNotFound: it has expired, or is elsewhere, as a message from anybody may say.
        """
        if ref.bucket != self._bucket or not _MESSAGE_KEY.fullmatch(ref.key):
            raise MessageNotFound(f"{ref.uri}: large messages are in {self._bucket}/messages/ alone")
        with subsegment("Read message", message=ref.uri), storage_errors(ref, _MESSAGE_ERRORS):
            content = self._client.get_object(Bucket=ref.bucket, Key=ref.key)["Body"].read()
        self._put_message(ref, content)
        return content.decode(errors="surrogatepass")

    def _put_message(self, pointer: LargeMessage, content: bytes) -> None:
        with subsegment("Set message aside", message=pointer.uri), storage_errors(pointer, _MESSAGE_ERRORS):
            self._client.put_object(
                Bucket=pointer.bucket, Key=pointer.key, Body=content, ContentType="text/plain; charset=utf-8"
            )

    def put_records(
        self, execution: str, file: IO[bytes], records: int, oldest_delivery_time: str | None
    ) -> RecordsRef:
        """Stage a file that ``write_records`` filled; a large one as a multipart upload."""
        pointer = Pointer(self._bucket, f"records/{execution}.ndjson")
        size = file.tell()
        file.seek(0)
        with subsegment("Stage records", records=pointer.uri), storage_errors(pointer, _STAGING_ERRORS):
            if size <= self._put_at_once_bytes:
                self._client.put_object(Bucket=pointer.bucket, Key=pointer.key, Body=file)
            else:
                self._upload_parts(file, pointer)
        return RecordsRef(pointer.bucket, pointer.key, records, size, oldest_delivery_time)

    def _upload_parts(self, file: IO[bytes], pointer: Pointer) -> None:
        # Few executions have so much, and those few have the time to import it.
        from s3transfer.manager import TransferConfig, TransferManager  # noqa: PLC0415

        config = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES)
        with TransferManager(self._client, config) as transfers:
            transfers.upload(file, pointer.bucket, pointer.key).result()

    def get_records(self, ref: RecordsRef) -> Iterator[StagedRecords]:
        """Read staged records as they arrive: memory is bounded by a few MiB.

        What is traced ends where the records begin to arrive: how long they take then is for the caller to say.
        """
        with subsegment("Read records", records=ref.uri), storage_errors(ref, _STAGING_ERRORS):
            body = self._client.get_object(Bucket=ref.bucket, Key=ref.key)["Body"]
        yield from read_records(_chunks(body, ref))

    def put_batch(
        self,
        execution: str,
        name: str,
        batch: bytes | bytearray,
        content_type: str,
        *,
        expires_soon: bool = False,
    ) -> Pointer:
        """Stage one batch under a name that is its own within the execution.

        ``content_type`` is that of its format. It is there for as long as a dead letter may point to it, or, if it
        ``expires_soon``, for a day.
        """
        pointer = Pointer(self._bucket, f"batches/{execution}/{name}.json")
        self._put_batch(pointer, batch, content_type, expires_soon=expires_soon)
        return pointer

    def renew_batch(self, ref: BatchRef, batch: bytes, content_type: str) -> None:
        """Stage a batch once more where it is, so that it does not expire before a new dead letter does."""
        self._put_batch(ref, batch, content_type, expires_soon=False)

    def _put_batch(
        self, pointer: Pointer, batch: bytes | bytearray, content_type: str, *, expires_soon: bool
    ) -> None:
        request: PutObjectRequestTypeDef = {
            "Bucket": pointer.bucket,
            "Key": pointer.key,
            "Body": cast("bytes", batch),  # boto3 takes a bytearray too; its type stubs do not say so.
            "ContentType": content_type,
        }
        if expires_soon:
            request["Tagging"] = EXPIRES_SOON
        with subsegment("Stage batch", batch=pointer.uri), storage_errors(pointer, _STAGING_ERRORS):
            self._client.put_object(**request)

    def get_batch(self, ref: BatchRef) -> bytes:
        """Read one batch.

        Raises:
            BatchNotFound: it has expired, or is in another bucket, as a message from anybody may say.
        """
        if ref.bucket != self._bucket:
            raise BatchNotFound(f"{ref.uri}: batches are in the bucket {self._bucket} alone")
        with subsegment("Read batch", batch=ref.uri), storage_errors(ref, _STAGING_ERRORS):
            return self._client.get_object(Bucket=ref.bucket, Key=ref.key)["Body"].read()
