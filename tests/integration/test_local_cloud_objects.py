"""Ranges of object versions are read as S3 reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from emulated_resources import EmulatedResources


@pytest.fixture
def version_id(emulated: EmulatedResources) -> str:
    """The first of two versions of an object."""
    s3 = emulated.cloud.client("s3")
    s3.create_bucket(Bucket=emulated.name)
    s3.put_bucket_versioning(Bucket=emulated.name, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=emulated.name, Key="k", Body=b"0123456789")["VersionId"]
    s3.put_object(Bucket=emulated.name, Key="k", Body=b"another one")
    return first


@pytest.mark.parametrize(
    ("wanted", "body", "described"),
    [
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=9-99", b"9", "bytes 9-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
    ],
)
def test_range_of_a_version_is_that_part_of_that_version(
    emulated: EmulatedResources, version_id: str, wanted: str, body: bytes, described: str
) -> None:
    """A ranged GET by version id gives the bytes asked for, and says so."""
    answer = emulated.cloud.client("s3").get_object(
        Bucket=emulated.name, Key="k", VersionId=version_id, Range=wanted
    )

    assert answer["Body"].read() == body
    assert answer["ContentRange"] == described
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_fails_when_a_range_begins_behind_the_end(
    emulated: EmulatedResources, version_id: str
) -> None:
    """A range without a byte is refused."""
    with pytest.raises(ClientError, match="InvalidRange"):
        emulated.cloud.client("s3").get_object(
            Bucket=emulated.name, Key="k", VersionId=version_id, Range="bytes=10-"
        )
