"""A log bucket is listed page by page, and what is archived is told from what S3 hands out."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import ANY, Stubber
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from tests.steps import LOGS, log_key
from trailsearch.contracts.errors import LogsNotListed, StorageUnavailable
from trailsearch.logs.log_folders import StoredLog
from trailsearch.logs.log_listing import LogListing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOW = datetime.now(UTC)
FOLDER = log_key("").removesuffix(".json.gz")


def test_folders_and_objects_come_page_by_page(s3: "S3Client") -> None:
    # Past the client, of which each request takes as long as a page.
    stored = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for number in range(2_001):
        stored.put_object(LOGS, f"{FOLDER}{number:04}.json.gz", b"abc")
        if number % 2 == 0:
            stored.put_object(LOGS, f"many/{number:04}/a", b"")
    listing = LogListing(s3, LOGS)
    assert listing.folders("many/") == [f"many/{number:04}/" for number in range(0, 2_001, 2)]
    pages = [listing.page(FOLDER, None)]
    while pages[-1].token:
        pages.append(listing.page(FOLDER, pages[-1].token))
    assert [len(page.objects) for page in pages] == [1_000, 1_000, 1]
    assert pages[0].objects[0] == StoredLog(f"{FOLDER}0000.json.gz", 3, archived=False)


@pytest.mark.parametrize(
    ("stored", "archived"),
    [
        ({"StorageClass": "STANDARD"}, False),
        ({"StorageClass": "STANDARD_IA"}, False),
        ({"StorageClass": "GLACIER_IR"}, False),
        ({"StorageClass": "INTELLIGENT_TIERING"}, False),
        ({"StorageClass": "GLACIER"}, True),
        ({"StorageClass": "DEEP_ARCHIVE"}, True),
        ({"StorageClass": "GLACIER", "RestoreStatus": {"IsRestoreInProgress": True}}, True),
        (
            {
                "StorageClass": "GLACIER",
                "RestoreStatus": {"IsRestoreInProgress": False, "RestoreExpiryDate": NOW + timedelta(days=3)},
            },
            False,
        ),
        (
            {
                "StorageClass": "DEEP_ARCHIVE",
                "RestoreStatus": {"IsRestoreInProgress": False, "RestoreExpiryDate": NOW - timedelta(days=3)},
            },
            True,
        ),
    ],
)
def test_what_has_to_be_restored_first_is_archived(
    s3: "S3Client", stored: dict[str, Any], archived: bool
) -> None:
    with Stubber(s3) as stub:
        stub.add_response(
            "list_objects_v2",
            {"Contents": [{"Key": "a", "Size": 7, **stored}]},
            {"Bucket": LOGS, "Prefix": FOLDER, "OptionalObjectAttributes": ["RestoreStatus"]},
        )
        assert LogListing(s3, LOGS).page(FOLDER, None).objects == [StoredLog("a", 7, archived)]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDenied", LogsNotListed),
        (404, "NoSuchBucket", LogsNotListed),
        (503, "SlowDown", StorageUnavailable),
        (500, "InternalError", StorageUnavailable),
    ],
)
def test_what_is_not_listed_is_said(s3: "S3Client", status: int, code: str, error: type[Exception]) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error(
            "list_objects_v2",
            code,
            http_status_code=status,
            expected_params={"Bucket": ANY, "Prefix": ANY, "Delimiter": ANY},
        )
        with pytest.raises(error, match=f"^s3://{LOGS}/{FOLDER}: {code}"):
            LogListing(s3, LOGS).folders(FOLDER)
