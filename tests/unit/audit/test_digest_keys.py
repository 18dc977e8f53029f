"""The keys of digests."""

from datetime import UTC, datetime

import pytest

from trailsearch.audit.digest_keys import Chain, folder_of, read_key

KEY = (
    "AWSLogs/111122223333/CloudTrail-Digest/us-east-2/2015/08/17/"
    "111122223333_CloudTrail-Digest_us-east-2_your-trail-name_us-east-1_20150817T150131Z.json.gz"
)
CHAIN = Chain("", None, "111122223333", "us-east-2", "your-trail-name", "us-east-1", backfill=False)


@pytest.mark.parametrize(
    ("key", "chain"),
    [
        pytest.param(KEY, CHAIN, id="as the user guide shows it"),
        pytest.param(f"a/b/{KEY}", CHAIN._replace(prefix="a/b/"), id="with a prefix"),
        pytest.param(
            KEY.replace("AWSLogs/", "AWSLogs/o-exampleorgid/"),
            CHAIN._replace(organization="o-exampleorgid"),
            id="of a trail of an organization",
        ),
        pytest.param(
            KEY.replace(".json.gz", "_backfill.json.gz"), CHAIN._replace(backfill=True), id="of late logs"
        ),
        pytest.param(
            KEY.replace("your-trail-name", "a_us-west-1_b.c"),
            CHAIN._replace(trail="a_us-west-1_b.c"),
            id="of a trail with underscores",
        ),
    ],
)
def test_a_key_says_whose_digest_it_is(key: str, chain: Chain) -> None:
    found = read_key(key)
    assert found
    assert found.chain == chain
    assert found.end == datetime(2015, 8, 17, 15, 1, 31, tzinfo=UTC)
    assert key.startswith(folder_of(chain))


@pytest.mark.parametrize(
    "key",
    [
        "AWSLogs/111122223333/CloudTrail/us-east-2/2015/08/17/111122223333_CloudTrail_us-east-2_20150817T1501Z_a.json.gz",
        KEY.replace("/111122223333_", "/444455556666_"),
        KEY.replace("_us-east-2_", "_us-east-3_"),
        KEY.replace("0817T15", "0847T15"),
        KEY + ".copy",
        KEY.removesuffix(".gz"),
        "AWSLogs/111122223333/CloudTrail-Digest/",
    ],
)
def test_another_object_is_no_digest(key: str) -> None:
    assert read_key(key) is None
