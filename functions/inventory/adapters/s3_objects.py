"""The uploads bucket: descriptions of object versions, their bytes, and the list of all of them."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from inventory.adapters.service_errors import sorted_error, sorted_errors
from inventory.domain.errors import (
    BadFileError,
    ErrorCode,
    InventoryError,
    ObjectGoneError,
    RetryableError,
)
from inventory.domain.model import ObjectVersion
from inventory.domain.ports import ObjectInfo, VersionPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, ObjectVersionTypeDef

# 405: the version is a delete marker; 412: the object has another entity tag by now.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_GONE = frozenset(
    {"404", "405", "412", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "PreconditionFailed"}
)

# The object's storage class is one whose objects must be restored before they can be read.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
_ARCHIVED = "InvalidObjectState"

# In a bucket whose versioning is young, S3 may answer so for an object that is there.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/manage-versioning-examples.html
_NOT_FOUND = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
_UNTIL_IT_IS_SEEN = timedelta(minutes=15)

_REOPENINGS = 3


class S3Objects:
    """The uploads bucket behind `ports.ObjectStore`.

    A version is read by its version id; without one, only while its entity tag is the event's, so
    the bytes are always those that were announced.

    Args:
        client: S3.
    """

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def describe(self, version: ObjectVersion) -> ObjectInfo:
        """Ask S3 for a version's size, time and metadata; see `ports.ObjectStore`."""
        try:
            head = self._client.head_object(**_exactly(version))
        except (ClientError, BotoCoreError) as error:
            raise _error(error, version) from error
        return ObjectInfo(
            version=replace(
                version,
                # An event of a versioned bucket may lack the id; S3 names it here.
                version_id=version.version_id or _named(head.get("VersionId")),
                etag=head["ETag"].strip('"'),
                size_bytes=head["ContentLength"],
                stored_at=head["LastModified"],
            ),
            last_modified=head["LastModified"],
            metadata={name.lower(): value for name, value in head["Metadata"].items()},
        )

    def source(self, version: ObjectVersion) -> S3Source:
        """Source of its bytes; see `ports.ObjectStore`."""
        return S3Source(self._client, version)

    def open_latest(self, bucket_name: str, key: str) -> BinaryIO:
        """Stream of an object's latest version, which stays the same where it is opened again.

        Raises:
            ObjectGoneError: There is none.
            RejectedRequestError: S3 refuses the request for good.
            RetryableError: S3 did not answer.
        """
        latest = ObjectVersion(bucket=bucket_name, key=key, version_id=None, etag="", size_bytes=0)
        answer = S3Source(self._client, latest).get(0)
        # By its entity tag: to name the version would take a permission more.
        found = replace(latest, etag=answer["ETag"].strip('"'), size_bytes=answer["ContentLength"])
        source = S3Source(self._client, found)
        return cast("BinaryIO", ObjectStream(source, 0, found.size_bytes, answer["Body"]))


class S3Source:
    """Bytes of one object version, from any place on.

    Args:
        client: S3.
        version: A version as `S3Objects.describe` gave it.
    """

    def __init__(self, client: S3Client, version: ObjectVersion) -> None:
        self._client = client
        self._version = version

    def open(self, start_byte: int = 0) -> BinaryIO:
        """Stream of the bytes from `start_byte` on; see `ports.FeedSource`."""
        if start_byte >= self._version.size_bytes:
            return io.BytesIO()
        body = self.get(start_byte)["Body"]
        return cast("BinaryIO", ObjectStream(self, start_byte, self._version.size_bytes, body))

    def get(self, start_byte: int) -> GetObjectOutputTypeDef:
        """One GET.

        Raises:
            BadFileError: The object is archived.
            ObjectGoneError: The version cannot be read any more.
            RejectedRequestError: S3 refuses the request for good.
            RetryableError: S3 did not answer.
        """
        request = _exactly(self._version)
        if start_byte:
            request["Range"] = f"bytes={start_byte}-"
        try:
            answer = self._client.get_object(**request)
        except (ClientError, BotoCoreError) as error:
            raise _error(error, self._version) from error
        # A server or proxy that ignores the range would have us read rows at wrong places.
        if start_byte and not answer.get("ContentRange", "").startswith(f"bytes {start_byte}-"):
            answer["Body"].close()
            raise RetryableError(f"{self._version.object_id}: S3 did not answer with the range")
        return answer


class ObjectStream(io.RawIOBase):
    """A body that is opened again where it broke off, and never ends early in silence.

    Args:
        source: Opens bodies.
        start_byte: Where to begin.
        size_bytes: Where the object ends.
        body: The first body.
    """

    def __init__(
        self, source: S3Source, start_byte: int, size_bytes: int, body: StreamingBody
    ) -> None:
        super().__init__()
        self._source = source
        self._position = start_byte
        self._size = size_bytes
        self._reopenings = 0
        self._body = body

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes; fewer than asked only at the end.

        Raises:
            ObjectGoneError: The version vanished while it was read.
            RetryableError: S3 broke off too often.
        """
        wanted = self._size - self._position
        if size is not None and 0 <= size < wanted:
            wanted = size
        parts: list[bytes] = []
        while wanted:
            part = self._read_some(wanted)
            parts.append(part)
            self._position += len(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401  any writable buffer
        """Fill a buffer, as `io.BufferedReader` and `gzip` ask for it."""
        view = memoryview(buffer).cast("B")
        part = self.read(len(view))
        view[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """Give the connection back."""
        if not self.closed:
            self._body.close()
        super().close()

    def _read_some(self, wanted: int) -> bytes:
        while True:
            failure: Exception | None = None
            part = b""
            try:
                part = self._body.read(wanted)
            except (
                HTTPClientError,
                BotoConnectionError,
                IncompleteReadError,
                ResponseStreamingError,
                OSError,
            ) as error:
                failure = error
            if part:
                return part
            if self._reopenings >= _REOPENINGS:
                raise RetryableError(
                    f"the object breaks off at byte {self._position} of {self._size}"
                ) from failure
            self._reopenings += 1
            self._body.close()
            self._body = self._source.get(self._position)["Body"]


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


def _named(version_id: str | None) -> str | None:
    """A version id, unless it is the "null" of an object from before versioning."""
    return None if version_id == "null" else version_id


def _exactly(version: ObjectVersion) -> dict[str, Any]:
    request: dict[str, Any] = {"Bucket": version.bucket, "Key": version.key}
    if version.version_id is not None:
        request["VersionId"] = version.version_id
    elif version.etag:
        request["IfMatch"] = version.etag
    return request


def _error(error: ClientError | BotoCoreError, version: ObjectVersion) -> InventoryError:
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        young = version.stored_at and datetime.now(UTC) - version.stored_at < _UNTIL_IT_IS_SEEN
        if code in _NOT_FOUND and young:
            return RetryableError(
                f"{version.object_id}: S3 does not find it ({code}), which is no proof within "
                f"{_UNTIL_IT_IS_SEEN.seconds // 60} minutes of its upload"
            )
        if code in _GONE:
            return ObjectGoneError(f"The object version was deleted before it was read ({code}).")
        if code == _ARCHIVED:
            message = (
                "S3 has archived the object. Restore it or copy it to STANDARD, then replay it."
            )
            return BadFileError(ErrorCode.SOURCE_ERROR, message)
    return sorted_error(error, f"{version.object_id} was not read")
