"""All versions of the uploads bucket, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.adapters.service_errors import sorted_errors
from inventory.domain.model import ObjectVersion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_s3 import S3Client


class S3Versions:
    """The uploads bucket behind `ports.ObjectListing`.

    Args:
        client: S3.
        bucket_name: Name of the uploads bucket.
    """

    def __init__(self, client: S3Client, bucket_name: str) -> None:
        self._client = client
        self._bucket = bucket_name

    def versions(self) -> Iterator[tuple[ObjectVersion, datetime]]:
        """Every object version and when S3 stored it; see `ports.ObjectListing`.

        Raises:
            RejectedRequestError: S3 refuses the request for good.
            RetryableError: S3 did not answer.
        """
        paginator = self._client.get_paginator("list_object_versions")
        with sorted_errors(f"the versions of {self._bucket} were not listed"):
            for page in paginator.paginate(Bucket=self._bucket):
                for entry in page.get("Versions", ()):
                    version_id = entry["VersionId"]
                    version = ObjectVersion(
                        bucket=self._bucket,
                        key=entry["Key"],
                        # "null" is what an object of an unversioned time is called; its events
                        # carry no id, and its record is named by its entity tag.
                        version_id=None if version_id == "null" else version_id,
                        etag=entry["ETag"].strip('"'),
                        size_bytes=entry["Size"],
                    )
                    yield version, entry["LastModified"]
