"""The reports bucket: reject files, and what parts of a file's processing keep for one another."""

from __future__ import annotations

import logging
from gzip import GzipFile
from io import BufferedReader, BytesIO
from typing import TYPE_CHECKING, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from inventory.adapters.s3_objects import S3Objects
from inventory.adapters.service_errors import sorted_errors
from inventory.domain.errors import ObjectGoneError, RejectedRequestError, RetryableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

#: Bytes of a part of a multipart upload, which are kept in memory until they are sent. S3 takes
#: 5 MiB to 5 GiB in a part and 10,000 parts, so an object has 48 GiB at most.
#: Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
PART_BYTES = 5 << 20

#: Most bytes that `get` keeps in memory; the sets of a job's keys take less.
_MOST_BYTES = 32 << 20

_READ_BYTES = 1 << 18

_LOGGER = logging.getLogger(__name__)


class S3Reports:
    """The reports bucket behind `ports.Reports`.

    Idempotency: a key is a function of the object version and, for pieces, of the attempt; storing
    twice stores the same.

    Args:
        client: S3.
        bucket_name: Name of the reports bucket.
        part_bytes: See `PART_BYTES`.
    """

    def __init__(self, client: S3Client, bucket_name: str, *, part_bytes: int = PART_BYTES) -> None:
        self._client = client
        self._bucket = bucket_name
        self._part_bytes = part_bytes

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """Store an object; see `ports.Reports`."""
        _put(self._client, self._bucket, key, body, content_type)

    def get(self, key: str, *, most_bytes: int = _MOST_BYTES) -> bytes | None:
        """Bytes of a small object; see `ports.Reports`."""
        try:
            stream = self._open(key)
        except ObjectGoneError:
            return None
        try:
            with stream:
                data = stream.read(most_bytes + 1)
        except ObjectGoneError as error:  # None would say that there has been none
            raise RetryableError(f"{key} was replaced or deleted while it was read") from error
        if len(data) > most_bytes:
            raise RejectedRequestError(f"{key} has more than {most_bytes} bytes")
        return data

    def writer(self, key: str, *, content_type: str) -> S3ReportWriter:
        """Begin an object; see `ports.Reports`."""
        return S3ReportWriter(
            self._client,
            self._bucket,
            key,
            content_type=content_type,
            part_bytes=self._part_bytes,
        )

    def join(self, key: str, pieces: Sequence[str], *, content_type: str) -> None:
        """Store the object that others make; see `ports.Reports`."""
        writer = self.writer(key, content_type=content_type)
        try:
            for piece in pieces:
                with self._open(piece) as stream:
                    while data := stream.read(_READ_BYTES):
                        writer.write(data)
            writer.finish()
        except ObjectGoneError as error:
            raise RejectedRequestError(f"a piece of {key} is gone: {error}") from error
        finally:
            writer.abort()

    def _open(self, key: str) -> BinaryIO:
        """Stream of an object, which is opened again where it breaks off."""
        return S3Objects(self._client).open_latest(self._bucket, key)


class S3ReportWriter:
    """An object that is stored while it is written, behind `ports.ReportWriter`.

    What fits into one part is stored by one request. A part waits compressed, a tenth of its size
    in memory, and is read out of that while it is sent: once for its checksum, once for the
    request, and again where botocore sends it again.

    Args:
        client: S3.
        bucket_name: The bucket.
        key: Key of the object.
        content_type: Its media type.
        part_bytes: Bytes of a part at least.
    """

    def __init__(
        self,
        client: S3Client,
        bucket_name: str,
        key: str,
        *,
        content_type: str,
        part_bytes: int,
    ) -> None:
        self._client = client
        self._bucket = bucket_name
        self._key = key
        self._content_type = content_type
        self._part_bytes = part_bytes
        self._upload_id = ""
        self._parts: list[CompletedPartTypeDef] = []
        self._begin_part()

    @property
    def in_memory(self) -> bool:
        """True while nothing of it has been sent; see `ports.ReportWriter`."""
        return not self._upload_id

    def write(self, data: bytes, /) -> None:
        """Take more bytes; see `ports.ReportWriter`."""
        self._compressor.write(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > self._part_bytes:
            self._send()

    def finish(self, *, small_key: str | None = None) -> str:
        """Store the object; see `ports.ReportWriter`."""
        if self.in_memory:
            self._key = small_key or self._key
            body = self._take()
            _put(self._client, self._bucket, self._key, body, self._content_type)
            return self._key
        if self._waiting_bytes:
            self._send()
        with sorted_errors(f"{self._key} was not stored"):
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload_id,
                MultipartUpload={"Parts": self._parts},
            )
        self._upload_id = ""
        return self._key

    def abort(self) -> None:
        """Store nothing; see `ports.ReportWriter`."""
        if not self._upload_id:
            return
        try:
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=self._key, UploadId=self._upload_id
            )
        except (ClientError, BotoCoreError):
            # The bucket's lifecycle rule deletes what is left; the failure before is what counts.
            _LOGGER.warning("a multipart upload was not aborted", exc_info=True)
        self._upload_id = ""

    def _begin_part(self) -> None:
        self._compressed = BytesIO()
        self._compressor = GzipFile(mode="wb", compresslevel=1, fileobj=self._compressed)
        self._waiting_bytes = 0

    def _take(self) -> BinaryIO:
        """What waits, to be read, and sought in, as if it were not compressed."""
        self._compressor.close()
        self._compressed.seek(0)
        return BufferedReader(GzipFile(fileobj=self._compressed))

    def _send(self) -> None:
        part = self._take()
        with sorted_errors(f"{self._key} was not stored"):
            if not self._upload_id:
                begun = self._client.create_multipart_upload(
                    Bucket=self._bucket,
                    Key=self._key,
                    ContentType=self._content_type,
                    ChecksumAlgorithm="CRC32",
                )
                self._upload_id = begun["UploadId"]
            number = len(self._parts) + 1
            answer = self._client.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload_id,
                PartNumber=number,
                Body=part,
                ChecksumAlgorithm="CRC32",
            )
        sent: CompletedPartTypeDef = {"PartNumber": number, "ETag": answer["ETag"]}
        # S3 does not complete an upload with checksums when those of the parts are left out.
        if "ChecksumCRC32" in answer:
            sent["ChecksumCRC32"] = answer["ChecksumCRC32"]
        self._parts.append(sent)
        self._begin_part()


def _put(
    client: S3Client, bucket: str, key: str, body: bytes | BinaryIO, content_type: str
) -> None:
    with sorted_errors(f"{key} was not stored"):
        client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
