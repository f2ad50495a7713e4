"""All versions of the uploads bucket, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inventory.adapters.service_errors import sorted_errors
from inventory.domain.model import ObjectVersion
from inventory.domain.ports import VersionPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectVersionTypeDef


class S3Versions:
    """The uploads bucket behind `ports.ObjectListing`.

    Args:
        client: S3.
        bucket_name: Name of the uploads bucket.
    """

    def __init__(self, client: S3Client, bucket_name: str) -> None:
        self._client = client
        self._bucket = bucket_name

    def pages(self, start: tuple[str, str] | None) -> Iterator[VersionPage]:
        """Pages of versions; see `ports.ObjectListing`."""
        request: dict[str, Any] = {"Bucket": self._bucket}
        if start is not None:
            request |= {"KeyMarker": start[0], "VersionIdMarker": start[1]}
        while True:
            with sorted_errors(f"the versions of {self._bucket} were not listed"):
                answer = self._client.list_object_versions(**request)
            versions = [
                (self._version(entry), entry["LastModified"])
                for entry in answer.get("Versions", ())
            ]
            if not answer["IsTruncated"]:
                yield VersionPage(versions, None)
                return
            following = answer["NextKeyMarker"], answer["NextVersionIdMarker"]
            yield VersionPage(versions, following)
            request |= {"KeyMarker": following[0], "VersionIdMarker": following[1]}

    def _version(self, entry: ObjectVersionTypeDef) -> ObjectVersion:
        version_id = entry["VersionId"]
        return ObjectVersion(
            bucket=self._bucket,
            key=entry["Key"],
            # "null" is what an object of an unversioned time is called; its events carry no id,
            # and its record is named by its entity tag.
            version_id=None if version_id == "null" else version_id,
            etag=entry["ETag"].strip('"'),
            size_bytes=entry["Size"],
            stored_at=entry["LastModified"],
        )
