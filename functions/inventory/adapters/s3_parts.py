"""What parts of large files store for one another, in the reports bucket."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from botocore.exceptions import BotoCoreError, ClientError

from inventory.domain.errors import RetryableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

#: Bytes of a part of a multipart upload; S3 takes 5 MiB to 5 GiB, and 10,000 of them.
#: Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_UPLOAD_BYTES = 8 << 20
_READ_BYTES = 1 << 16
_CONTENT_TYPE = "text/csv; charset=utf-8"


class S3Parts:
    """The reports bucket behind `chunks.ports.PartStore`.

    Idempotency: keys name one attempt at one part, and the joined file is a function of them.

    Args:
        client: S3.
        bucket_name: Name of the reports bucket.
        upload_bytes: Bytes that are kept in memory and sent at once.
    """

    def __init__(
        self, client: S3Client, bucket_name: str, *, upload_bytes: int = _UPLOAD_BYTES
    ) -> None:
        self._client = client
        self._bucket = bucket_name
        self._upload_bytes = upload_bytes

    def put(self, key: str, body: BinaryIO) -> None:
        """Store something; see `chunks.ports.PartStore`."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body)
        except (ClientError, BotoCoreError) as error:
            raise RetryableError(f"{key} was not stored: {error}") from error

    def open(self, key: str) -> BinaryIO:
        """A stream of what was stored; see `chunks.ports.PartStore`."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return io.BytesIO(answer["Body"].read())
        except (ClientError, BotoCoreError) as error:
            raise RetryableError(f"{key} was not read: {error}") from error

    def join(self, key: str, beginning: bytes, parts: list[str]) -> None:
        """Store the file that these parts make; see `chunks.ports.PartStore`."""
        try:
            self._join(key, self._pieces(beginning, parts))
        except (ClientError, BotoCoreError) as error:
            raise RetryableError(f"{key} was not stored: {error}") from error

    def _pieces(self, beginning: bytes, parts: list[str]) -> Iterator[bytes]:
        """The file in pieces of the size that is sent at once; the last one may be smaller."""
        waiting = bytearray(beginning)
        begun = False
        for part in parts:
            body = self._client.get_object(Bucket=self._bucket, Key=part)["Body"]
            for data in body.iter_chunks(_READ_BYTES):
                waiting += data
                if len(waiting) >= self._upload_bytes:
                    yield bytes(waiting)
                    waiting.clear()
                    begun = True
        if waiting or not begun:
            yield bytes(waiting)

    def _join(self, key: str, pieces: Iterator[bytes]) -> None:
        first = next(pieces)
        second = next(pieces, None)
        target: Any = {"Bucket": self._bucket, "Key": key}
        if second is None:
            self._client.put_object(**target, Body=first, ContentType=_CONTENT_TYPE)
            return
        upload = self._client.create_multipart_upload(**target, ContentType=_CONTENT_TYPE)
        target["UploadId"] = upload["UploadId"]
        sent = []
        for number, piece in enumerate(_chained(first, second, pieces), 1):
            answer = self._client.upload_part(**target, PartNumber=number, Body=piece)
            sent.append({"ETag": answer["ETag"], "PartNumber": number})
        self._client.complete_multipart_upload(
            **target, MultipartUpload=cast("Any", {"Parts": sent})
        )


def _chained(first: bytes, second: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from others
