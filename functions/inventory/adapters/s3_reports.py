"""The reports bucket: reject files."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from inventory.domain.errors import RetryableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Reports:
    """The reports bucket behind `ports.Reports`.

    Idempotency: a key is a function of the object version, and storing twice stores the same.

    Args:
        client: S3.
        bucket_name: Name of the reports bucket.
    """

    def __init__(self, client: S3Client, bucket_name: str) -> None:
        self._client = client
        self._bucket = bucket_name

    def put(self, key: str, body: BinaryIO, *, content_type: str) -> None:
        """Store an object; see `ports.Reports`."""
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type
            )
        except (ClientError, BotoCoreError) as error:
            raise RetryableError(f"{key} was not stored: {error}") from error
