"""The feeds and profiles of a deployment, as the reports bucket keeps them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from inventory.adapters.s3_objects import S3Objects
from inventory.domain.model import ObjectVersion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def read_feeds(client: S3Client, bucket_name: str, key: str, version_id: str) -> dict[str, Any]:
    """Read them.

    Args:
        client: S3.
        bucket_name: Name of the reports bucket.
        key: Key of the object.
        version_id: The version that this deployment put there.

    Raises:
        ObjectGoneError: The version is not there.
        RejectedRequestError: S3 refuses the request for good.
        RetryableError: S3 did not answer.
    """
    version = ObjectVersion(
        bucket=bucket_name, key=key, version_id=version_id, etag="", size_bytes=0
    )
    feeds: dict[str, Any] = json.loads(S3Objects(client).source(version).get(0)["Body"].read())
    return feeds
