"""Whether a log in the bucket is what CloudTrail delivered: the SHA-256 of its uncompressed content.

What is compared is the content, so that a log that was compressed anew is the same log. As for the AWS CLI, a log is one gzip
member, and a checksum that is cut off counts for nothing where the content is whole.
"""

import hashlib
import zlib

from trailsearch.audit.digests import SignedLog
from trailsearch.audit.findings import Finding, LogFinding

_GZIP = zlib.MAX_WBITS | 16
_PIECE_BYTES = 256 * 1024


def check_log(log: SignedLog, body: bytes | None) -> LogFinding:
    """Compare a log with what the digest says of it.

    Args:
        log: what the digest says.
        body: the object; None, if there is none.
    """
    if body is None:
        return LogFinding(Finding.MISSING, "there is no such object")
    inflater = zlib.decompressobj(_GZIP)
    content_hash = hashlib.sha256()
    rest = body
    try:
        while rest and not inflater.eof:
            content_hash.update(inflater.decompress(rest, _PIECE_BYTES))
            rest = inflater.unconsumed_tail
        content_hash.update(inflater.flush())
    except zlib.error as error:
        return LogFinding(Finding.ALTERED, f"it is not gzip: {error}")
    if inflater.unused_data:
        return LogFinding(Finding.ALTERED, "there is something behind the gzip file")
    if content_hash.hexdigest() != log.hash:
        return LogFinding(Finding.ALTERED, "its content is not the one that was delivered")
    return LogFinding(Finding.VALID)
