"""Several trails in one account."""

import pytest

from tests.unit.local_cloud.conftest import Client


@pytest.mark.parametrize("key", ["Name", "TrailARN"])
def test_trails_are_described_and_deleted_by_name_or_arn(client: Client, key: str) -> None:
    s3, cloudtrail = client("s3"), client("cloudtrail")
    s3.create_bucket(Bucket="trails")
    one, other = (cloudtrail.create_trail(Name=name, S3BucketName="trails") for name in ("one", "other"))

    (found,) = cloudtrail.describe_trails(trailNameList=[one[key]])["trailList"]
    assert found["Name"] == "one"
    assert len(cloudtrail.describe_trails()["trailList"]) == 2

    cloudtrail.delete_trail(Name=one[key])
    assert [trail["Name"] for trail in cloudtrail.describe_trails()["trailList"]] == ["other"]
    cloudtrail.delete_trail(Name=other[key])
