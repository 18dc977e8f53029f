"""What the audit finds, the AWS CLI finds, and the other way round: on trails that the local cloud has signed."""

import gzip
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest

from tests.contract.cloudtrail_digests import BEGIN, HOURS, Trail, Verdict, by_audit, by_aws_cli
from tests.contract.conftest import CloudWith
from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail, SigningKey
from trailsearch.audit.findings import Finding

HOUR = timedelta(hours=1)
END = BEGIN + (HOURS - 1) * HOUR
"""The digest that ends an hour after it is the last one."""
VALID = Finding.VALID

_numbers = itertools.count()

MakeTrail = Callable[..., Trail]


@pytest.fixture
def make_trail(cloud_with: CloudWith, monkeypatch: pytest.MonkeyPatch) -> MakeTrail:
    """Makes a trail with a bucket of its own."""
    cloud = cloud_with("embedded")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    for name, value in cloud.environment().items():
        if name.startswith("AWS_") or name.lower() == "no_proxy":
            monkeypatch.setenv(name, value)

    def make(**about: str) -> Trail:
        trail = DigestedTrail(f"digested-{next(_numbers)}", **about)
        return Trail(boto3.client("s3"), trail, SigningKey.of_local_cloud(cloud.endpoint_url, trail.region))

    return make


def both(trail: Trail, capsys: pytest.CaptureFixture[str]) -> tuple[Verdict, set[Finding]]:
    """Ask both, who agree on every digest, every log and every gap, and give what they say."""
    audited, findings = by_audit(trail, BEGIN, END)
    validated, status = by_aws_cli(trail, BEGIN, END, capsys)
    assert audited == validated
    assert status == bool(audited.invalid)
    assert audited.valid | audited.invalid
    return audited, findings


@pytest.mark.parametrize(
    "about",
    [
        pytest.param({}, id="a trail"),
        pytest.param({"prefix": "some/prefix/"}, id="with a prefix"),
        pytest.param({"region": "eu-west-1"}, id="a Region that is not its own"),
        pytest.param({"name": "my_trail_eu-west-1.x"}, id="with a name like a part of a key"),
    ],
)
def test_a_trail_that_nobody_touched_is_valid_to_both(
    make_trail: MakeTrail, capsys: pytest.CaptureFixture[str], about: dict[str, str]
) -> None:
    trail = make_trail(**about)
    trail.deliver()
    verdict, findings = both(trail, capsys)
    assert len(verdict.valid) == HOURS + HOURS - 1
    assert findings == {VALID}


def test_logs_without_anything_in_the_hour_before_are_no_gap(
    make_trail: MakeTrail, capsys: pytest.CaptureFixture[str]
) -> None:
    trail = make_trail()
    trail.deliver(quiet=range(HOURS))
    verdict, findings = both(trail, capsys)
    assert verdict.valid == {trail.uri(digest) for digest in trail.digests}
    assert findings == {VALID}


def altered(content: bytes) -> bytes:
    return content.replace(b"eventID", b"eventId", 1)


TAMPERED_LOGS: dict[str, Callable[[bytes], bytes]] = {
    "another content": lambda body: gzip.compress(altered(gzip.decompress(body))),
    "cut short": lambda body: body[:-20],
    "uncompressed": gzip.decompress,
    "a checksum of something else": lambda body: body[:-8] + b"\0\0\0\0" + body[-4:],
    "more behind it": lambda body: body + gzip.compress(b'{"Records":[]}'),
    "nothing": lambda _body: b"",
}


def test_both_find_every_log_that_is_not_as_it_was_delivered(
    make_trail: MakeTrail, capsys: pytest.CaptureFixture[str]
) -> None:
    trail = make_trail()
    trail.deliver(quiet=(), names=("a", "b", "c"))
    logs = [log for hour in trail.logs for log in hour]
    removed, compressed_anew, *others = logs
    trail.delete(removed.key)
    trail.put(Log(compressed_anew.key, gzip.compress(gzip.decompress(compressed_anew.body), 1, mtime=1)))
    tampered = dict(zip(TAMPERED_LOGS, others, strict=False))
    for how, log in tampered.items():
        trail.put(Log(log.key, TAMPERED_LOGS[how](log.body)))
    verdict, findings = both(trail, capsys)
    assert len(tampered) == len(TAMPERED_LOGS)
    assert verdict.invalid == {trail.uri(log) for log in (removed, *tampered.values())}
    assert trail.uri(compressed_anew) in verdict.valid
    assert findings == {VALID, Finding.MISSING, Finding.ALTERED}


def alter_digest(trail: Trail) -> list[str]:
    digest = trail.digests[1]
    replace(digest, text=digest.text.replace(b'"us-east-1', b'"us-east-2')).put(trail.s3, trail.bucket)
    forged = trail.about.digest([], BEGIN + HOUR, BEGIN + 2 * HOUR, trail.key, previous=trail.digests[0])
    replace(forged, metadata=digest.metadata).put(trail.s3, trail.bucket)
    return [trail.uri(digest)]


def break_digest(trail: Trail) -> list[str]:
    digest = trail.digests[1]
    replace(digest, text=digest.text[:-1]).put(trail.s3, trail.bucket)
    return [trail.uri(digest)]


def leave_field_out_of_digest(trail: Trail) -> list[str]:
    digest = trail.digests[1]
    replace(digest, text=digest.text.replace(b"digestEndTime", b"digestEnd")).put(trail.s3, trail.bucket)
    return [trail.uri(digest)]


def move_digest(trail: Trail) -> list[str]:
    replace(trail.digests[0], key=trail.digests[1].key).put(trail.s3, trail.bucket)
    return [trail.uri(trail.digests[1])]


def remove_digest(trail: Trail) -> list[str]:
    trail.delete(trail.digests[1].key)
    return [trail.uri(trail.digests[1])]


def remove_two_digests(trail: Trail) -> list[str]:
    for digest in trail.digests[1:3]:
        trail.delete(digest.key)
    return [trail.uri(trail.digests[2])]


def swap_signatures(trail: Trail) -> list[str]:
    one, other = trail.digests[1:3]
    replace(one, metadata=other.metadata).put(trail.s3, trail.bucket)
    replace(other, metadata=one.metadata).put(trail.s3, trail.bucket)
    return [trail.uri(one), trail.uri(other)]


def take_signature_off(trail: Trail) -> list[str]:
    replace(trail.digests[1], metadata={}).put(trail.s3, trail.bucket)
    return [trail.uri(trail.digests[1])]


def sign_with_text(trail: Trail) -> list[str]:
    digest = trail.digests[1]
    replace(digest, metadata=digest.metadata | {"signature": "no signature"}).put(trail.s3, trail.bucket)
    return [trail.uri(digest)]


def sign_anew_with_own_key(trail: Trail) -> list[str]:
    key = SigningKey.generated()
    trail.put_digest(trail.logs[1], BEGIN + HOUR, previous=trail.digests[0], key=key)
    return [trail.uri(trail.digests[1])]


def sign_anew_in_the_name_of_cloudtrail(trail: Trail) -> list[str]:
    key, name = SigningKey.generated(), trail.key.fingerprint
    trail.put_digest(trail.logs[1], BEGIN + HOUR, previous=trail.digests[0], key=key, fingerprint=name)
    return [trail.uri(trail.digests[1])]


Tamper = Callable[[Trail], list[str]]


@pytest.mark.parametrize(
    ("tamper", "finding"),
    [
        (alter_digest, Finding.ALTERED),
        (break_digest, Finding.ALTERED),
        (leave_field_out_of_digest, Finding.ALTERED),
        (move_digest, Finding.ALTERED),
        (remove_digest, Finding.MISSING),
        (remove_two_digests, Finding.MISSING),
        (swap_signatures, Finding.BAD_SIGNATURE),
        (take_signature_off, Finding.ALTERED),
        (sign_with_text, Finding.BAD_SIGNATURE),
        (sign_anew_with_own_key, Finding.UNKNOWN_KEY),
        (sign_anew_in_the_name_of_cloudtrail, Finding.BAD_SIGNATURE),
    ],
)
def test_both_find_the_same_digests_that_were_tampered_with(
    make_trail: MakeTrail, capsys: pytest.CaptureFixture[str], tamper: Tamper, finding: Finding
) -> None:
    trail = make_trail()
    trail.deliver()
    tampered = tamper(trail)
    verdict, findings = both(trail, capsys)
    assert verdict.invalid == set(tampered)
    assert findings == {VALID, finding}


def test_both_find_the_hours_in_which_validation_was_off(
    make_trail: MakeTrail, capsys: pytest.CaptureFixture[str]
) -> None:
    trail = make_trail()
    trail.deliver(starts=(0, 3))
    for digest in trail.digests[1:3]:
        trail.delete(digest.key)
    verdict, findings = both(trail, capsys)
    assert verdict.gaps == {("2026-11-20T23:01:31Z", "2026-11-21T01:01:31Z")}
    assert verdict.invalid == set()
    assert findings == {VALID, Finding.GAP}


@pytest.mark.parametrize(
    ("tamper", "finding"),
    [
        (None, VALID),
        ("log", Finding.MISSING),
        ("signature", Finding.BAD_SIGNATURE),
        ("time", Finding.ALTERED),
    ],
)
def test_both_read_the_digests_of_late_logs(
    make_trail: MakeTrail, capsys: pytest.CaptureFixture[str], tamper: str | None, finding: Finding
) -> None:
    trail = make_trail()
    trail.deliver()
    late = trail.log(BEGIN + HOUR, "late")
    trail.put_digest([late], BEGIN + HOUR, previous=None, generated=BEGIN + 30 * HOUR)
    digest = trail.digests[-1]
    match tamper:
        case "log":
            trail.delete(late.key)
        case "signature":
            metadata = digest.metadata | {"signature": trail.digests[0].signature}
            replace(digest, metadata=metadata).put(trail.s3, trail.bucket)
        case "time":
            metadata = dict(digest.metadata)
            del metadata["backfill-generation-timestamp"]
            replace(digest, metadata=metadata).put(trail.s3, trail.bucket)
    verdict, findings = both(trail, capsys)
    assert trail.uri(digest) in verdict.valid | verdict.invalid
    assert findings == {VALID, finding}


def test_the_audit_alone_finds_that_the_newest_digests_are_gone(
    make_trail: MakeTrail, capsys: pytest.CaptureFixture[str]
) -> None:
    trail = make_trail()
    trail.deliver()
    for digest in trail.digests[2:]:
        trail.delete(digest.key)
    audited, findings = by_audit(trail, BEGIN, END)
    validated, status = by_aws_cli(trail, BEGIN, END, capsys)
    assert not (validated.invalid)
    assert not (validated.gaps)
    assert not status
    assert audited == replace(validated, gaps=frozenset({("2026-11-21T00:01:31Z", "2026-11-21T01:01:31Z")}))
    assert findings == {VALID, Finding.GAP}
