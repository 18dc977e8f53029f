"""Digests, who has signed them, and chains of them, without a bucket. What the AWS CLI says of them: ``tests/contract``."""

import gzip
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail, DigestFile, SigningKey
from trailsearch.audit import digests
from trailsearch.audit.chains import walk
from trailsearch.audit.digest_keys import DigestKey, read_key
from trailsearch.audit.digests import Digest, DigestUnreadable, SignedObject
from trailsearch.audit.findings import DigestFinding, Finding
from trailsearch.audit.log_hashes import check_log
from trailsearch.audit.signatures import KeyUnknown, SignatureInvalid, check_signature
from trailsearch.contracts.messages import Pointer

BEGIN = datetime(2026, 11, 20, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)
TRAIL = DigestedTrail("logs")
CONTENT = b'{"Records":[]}'
LOG = Log(TRAIL.folder("CloudTrail") + "2026/11/20/log.json.gz", gzip.compress(CONTENT))


@cache
def signing_key() -> SigningKey:
    return SigningKey.generated()


def keys(_digest: Digest | None = None) -> dict[str, bytes]:
    return {signing_key().fingerprint: signing_key().public_key}


@cache
def digest_file(hour: int = 0, *, chained: bool = True) -> DigestFile:
    """The digest of an hour, which names the one before it."""
    previous = digest_file(hour - 1) if hour and chained else None
    begin = BEGIN + hour * HOUR
    return TRAIL.digest([LOG], begin, begin + HOUR, signing_key(), previous=previous)


def read(text: bytes, metadata: dict[str, str], key: str = digest_file().key) -> Digest:
    return Digest.read(Pointer("logs", key), SignedObject(gzip.compress(text), metadata))


def test_a_digest_says_which_logs_were_delivered_and_which_digest_came_before() -> None:
    first, second = digest_file(0), digest_file(1)
    digest = read(second.text, second.metadata, second.key)
    assert (digest.begin, digest.end) == (BEGIN + HOUR, BEGIN + 2 * HOUR)
    assert [(log.pointer, log.hash) for log in digest.logs] == [
        (Pointer("logs", LOG.key), hashlib.sha256(CONTENT).hexdigest())
    ]
    assert digest.previous == Pointer("logs", first.key)
    assert (digest.previous_hash, digest.previous_signature) == (first.hash, first.signature)
    check_signature(digest, keys())
    assert read(first.text, first.metadata).previous is None


@given(st.data())
def test_no_bit_of_a_digest_or_its_signature_can_be_changed(data: st.DataObject) -> None:
    file = digest_file()
    texts = [bytearray(file.text), bytearray(bytes.fromhex(file.signature))]
    changed = data.draw(st.sampled_from(texts))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((DigestUnreadable, KeyUnknown, SignatureInvalid)):
        check_signature(read(bytes(texts[0]), file.metadata | {"signature": texts[1].hex()}), keys())


@given(st.binary() | st.binary().map(gzip.compress))
def test_anything_else_is_no_digest(body: bytes) -> None:
    with pytest.raises(DigestUnreadable):
        Digest.read(Pointer("logs", "key"), SignedObject(body, digest_file().metadata))


def test_a_small_object_that_unpacks_to_any_size_is_no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    file = digest_file()
    monkeypatch.setattr(digests, "MAX_DIGEST_BYTES", len(file.text))
    assert read(file.text, file.metadata).hash == file.hash
    monkeypatch.setattr(digests, "MAX_DIGEST_BYTES", len(file.text) - 1)
    with pytest.raises(DigestUnreadable, match="more than"):
        read(file.text, file.metadata)


def test_a_listed_key_that_is_none_of_rsa_is_no_key() -> None:
    file = digest_file()
    digest = read(file.text, file.metadata)
    public_key = generate_private_key(SECP256R1()).public_key()
    other = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for listed in ({}, {digest.fingerprint: b"no key"}, {digest.fingerprint: other}):
        with pytest.raises(KeyUnknown):
            check_signature(digest, listed)


def test_a_log_of_any_size_is_read_to_its_end() -> None:
    content = b'{"Records":[' + b"1," * 3_000_000 + b"1]}"
    log = read(digest_file().text, digest_file().metadata).logs[0]
    signed = type(log)(log.bucket, log.key, hashlib.sha256(content).hexdigest())
    assert check_log(signed, gzip.compress(content)).finding is Finding.VALID
    assert check_log(signed, gzip.compress(content[:-1] + b"]")).finding is Finding.ALTERED
    assert check_log(signed, None).finding is Finding.MISSING


class Store:
    """Digests by their bucket."""

    def __init__(self, **buckets: list[DigestFile]) -> None:
        self._files = {Pointer(bucket, file.key): file for bucket, files in buckets.items() for file in files}

    def keys(self, bucket: str) -> list[DigestKey]:
        found = [read_key(pointer.key) for pointer in self._files if pointer.bucket == bucket]
        return sorted((key for key in found if key), key=lambda key: key.end)

    def get(self, pointer: Pointer) -> SignedObject | None:
        file = self._files.get(pointer)
        return SignedObject(gzip.compress(file.text), file.metadata) if file else None


def walked(store: Store, begin: datetime = BEGIN, hours: int = 3) -> list[DigestFinding]:
    return list(walk(store, "logs", begin, BEGIN + (hours - 1) * HOUR, keys))


def test_a_chain_is_walked_from_its_newest_digest_to_the_beginning_of_the_audited_time() -> None:
    files = [digest_file(hour) for hour in range(5)]
    found = walked(Store(logs=files), BEGIN + 2 * HOUR, hours=5)
    assert [each.finding for each in found] == [Finding.VALID] * 4
    assert [each.key for each in found] == [file.key for file in reversed(files[1:])]
    assert all(one.begin == other.end for one, other in pairwise(found))


def test_no_digests_are_nothing_to_say_anything_of() -> None:
    assert walked(Store()) == []


def test_a_chain_goes_on_in_the_bucket_that_the_trail_had_before() -> None:
    before = replace(TRAIL, bucket="older")
    first = before.digest([], BEGIN, BEGIN + HOUR, signing_key())
    second = before.digest([], BEGIN + HOUR, BEGIN + 2 * HOUR, signing_key(), previous=first)
    third = TRAIL.digest([], BEGIN + 2 * HOUR, BEGIN + 3 * HOUR, signing_key(), previous=second)
    moved = third.text.replace(b'"previousDigestS3Bucket": "logs"', b'"previousDigestS3Bucket": "older"')
    third = replace(third, text=moved)
    end, uri = "2026-11-21T01:00:00Z", f"logs/{third.key}"
    signature = signing_key().sign(f"{end}\n{uri}\n{third.hash}\n{second.signature}")
    third = replace(third, metadata=third.metadata | {"signature": signature})
    found = walked(Store(logs=[third], older=[first]))
    assert [(each.finding, each.bucket) for each in found] == [
        (Finding.VALID, "logs"),
        (Finding.MISSING, "older"),
        (Finding.VALID, "older"),
    ]


def test_what_was_changed_is_said_where_the_digest_after_it_tells() -> None:
    first, second, third = (digest_file(hour) for hour in range(3))
    forged = replace(
        TRAIL.digest([], BEGIN + HOUR, BEGIN + 2 * HOUR, signing_key(), previous=first),
        metadata=second.metadata,
    )
    unsigned = replace(second, metadata=second.metadata | {"signature": third.signature})
    assert walked(Store(logs=[first, forged, third]))[1].finding is Finding.ALTERED
    assert walked(Store(logs=[first, unsigned, third]))[1].finding is Finding.BAD_SIGNATURE


def test_a_new_chain_leaves_a_gap_before_it_and_the_newest_digest_one_after_it() -> None:
    found = walked(Store(logs=[digest_file(0), digest_file(2, chained=False)]), hours=5)
    assert [(each.finding, each.begin, each.end) for each in found] == [
        (Finding.GAP, BEGIN + 3 * HOUR, BEGIN + 4 * HOUR),
        (Finding.VALID, BEGIN + 2 * HOUR, BEGIN + 3 * HOUR),
        (Finding.GAP, BEGIN + HOUR, BEGIN + 2 * HOUR),
        (Finding.VALID, BEGIN, BEGIN + HOUR),
    ]
