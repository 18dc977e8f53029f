"""One digest after the other, back in time: each names the one before it, with its signature.

The order, and what counts as found, are those of ``aws cloudtrail validate-logs``:
https://github.com/aws/aws-cli/blob/develop/awscli/customizations/cloudtrail/validation.py (``DigestTraverser``). Beyond it,
this says where digests end too early: what deletes the newest ones leaves nothing that names them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

from trailsearch.audit.digest_keys import DigestKey, read_key
from trailsearch.audit.digests import Digest, DigestUnreadable, SignedObject
from trailsearch.audit.findings import DigestFinding, Finding
from trailsearch.audit.signatures import GetPublicKeys, KeyUnknown, SignatureInvalid, check_signature
from trailsearch.contracts.messages import Pointer

DELIVERED_WITHIN = timedelta(hours=1)
"""How long after a log the digest ends at the latest that names it: one is about an hour."""


class DigestStore(Protocol):
    """Where the digests of one chain are."""

    def keys(self, bucket: str) -> list[DigestKey]:
        """Give the keys that are in a bucket, from the beginning of the audited time to an hour past its end, the oldest first."""

    def get(self, pointer: Pointer) -> SignedObject | None:
        """Fetch a digest; None, if there is none."""


def walk(
    store: DigestStore, bucket: str, begin: datetime, end: datetime, public_keys: GetPublicKeys
) -> Iterator[DigestFinding]:
    """Go through a chain from its newest digest back, and say what is found of each, and where there is none.

    Args:
        store: the digests.
        bucket: the bucket that the newest of them is in.
        begin: the beginning of the audited time: digests that end before it are left out.
        end: its end: the newest digest is one that ends up to an hour later, as it names the last logs.
        public_keys: gives CloudTrail's public keys.
    """
    keys = store.keys(bucket)
    if not keys:
        return
    newest = keys.pop()
    if newest.end < end and not newest.chain.backfill:
        yield DigestFinding(
            Finding.GAP, bucket, newest.key, newest.end, end, "there is no digest after this one"
        )
    backfill = newest.chain.backfill
    here: Pointer | None = Pointer(bucket, newest.key)
    oldest = newest.end
    following: Digest | None = None
    seen: set[Pointer] = set()
    while here and here not in seen and begin <= oldest:
        seen.add(here)
        found = _look(store, here, following, public_keys, backfill=backfill)
        yield found
        following = found.digest
        if following:
            oldest = following.begin
            if following.previous:
                if following.previous.bucket != here.bucket:
                    keys = store.keys(following.previous.bucket)
                here = following.previous
                continue
        before = _next_before(keys, here, found)
        if before and following and not backfill:
            yield DigestFinding(
                Finding.GAP, here.bucket, here.key, before.end, following.begin, "a new chain begins here"
            )
        here = Pointer(here.bucket, before.key) if before else None


def _next_before(keys: list[DigestKey], here: Pointer, found: DigestFinding) -> DigestKey | None:
    """Take the newest key away from those that are left that is older than this one."""
    named = read_key(here.key)
    end = named.end if named else found.end
    while keys:
        key = keys.pop()
        if end is None or key.end < end:
            return key
    return None


def _look(
    store: DigestStore,
    pointer: Pointer,
    following: Digest | None,
    public_keys: GetPublicKeys,
    *,
    backfill: bool,
) -> DigestFinding:
    """Look at one digest; ``following`` is the one that names it."""
    key = read_key(pointer.key)
    end = key.end if key else None

    def finding(what: Finding, why: str) -> DigestFinding:
        return DigestFinding(what, pointer.bucket, pointer.key, end=end, why=why)

    if (stored := store.get(pointer)) is None:
        return finding(Finding.MISSING, "the digest after it names it")
    try:
        digest = Digest.read(pointer, stored, backfill=backfill)
    except DigestUnreadable as error:
        return finding(Finding.ALTERED, str(error))
    try:
        check_signature(digest, public_keys(digest))
    except KeyUnknown as error:
        return finding(Finding.UNKNOWN_KEY, str(error))
    except SignatureInvalid as error:
        if following and following.previous_hash and following.previous_hash != digest.hash:
            return finding(Finding.ALTERED, "its content is not the one that the digest after it names")
        return finding(Finding.BAD_SIGNATURE, str(error))
    return DigestFinding(Finding.VALID, pointer.bucket, pointer.key, digest.begin, digest.end, digest=digest)
