"""S3 behind botocore's own client: requests are answered in memory, where they would be sent."""

from __future__ import annotations

import zlib
from base64 import b64encode
from dataclasses import dataclass, field
from functools import cache
from hashlib import md5
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET

from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest

_MAX_KEY_BYTES = 1024
_SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass(frozen=True, slots=True)
class Stored:
    """An object or a part, compressed, so that large ones take little memory.

    Attributes:
        packed: Its bytes in stretches, each compressed by itself.
        size: How many bytes it has.
        etag: Its entity tag.
        crc32: Its checksum, "" for one of several parts.
    """

    packed: tuple[bytes, ...]
    size: int
    etag: str
    crc32: str

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Bytes of one request."""
        etag = f'"{md5(data, usedforsecurity=False).hexdigest()}"'
        return cls((zlib.compress(data, 1),), len(data), etag, _crc32(data))

    @classmethod
    def joined(cls, parts: list[Stored]) -> Self:
        """Object that an upload in parts makes."""
        etags = "".join(part.etag for part in parts).encode()
        etag = f'"{md5(etags, usedforsecurity=False).hexdigest()}-{len(parts)}"'
        packed = tuple(packed for part in parts for packed in part.packed)
        return cls(packed, sum(part.size for part in parts), etag, "")

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, a stretch at a time."""
        return map(zlib.decompress, self.packed)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of S3."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    stored: Stored | None = None


def refusal(code: str, status: int) -> Answer:
    """The answer with an error."""
    return Answer(status, f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode())


@cache
def _client() -> Any:
    """One client: to make one takes most of the time of a test."""
    session = Session()
    session.set_credentials("AKIDEXAMPLE", "secret")
    config = Config(retries={"mode": "standard", "max_attempts": 3})
    return session.create_client("s3", region_name="eu-west-1", config=config)


class _Raw:
    """A body as urllib3 gives it."""

    def __init__(self, chunks: Iterator[bytes], headers: dict[str, str]) -> None:
        self._chunks = chunks
        self._data = b""
        self.headers = headers

    def read(self, amt: int | None = None, **_: Any) -> bytes:
        """Some of the next bytes; none at the end."""
        if not self._data:
            self._data = next(self._chunks, b"")
        amt = len(self._data) if amt is None else amt
        part, self._data = self._data[:amt], self._data[amt:]
        return part

    def stream(self, **_: Any) -> Iterator[bytes]:
        """All of them."""
        yield from self._chunks

    def close(self) -> None:
        """Nothing to give back."""


class WireS3:
    """A bucket that takes what S3 takes, and fails as told.

    Args:
        smallest_part: Bytes that every part but the last must have.

    Attributes:
        stored: Objects by key.
        uploads: Parts of the uploads that are neither complete nor aborted.
        requests: What was asked for, in order.
        before: Called with the name of each request; what it returns or raises is the answer.
        after: The same, after the request took effect: its answer is lost.
        cut: Says after how many bytes the next body breaks off; None for a whole one.
    """

    def __init__(self, *, smallest_part: int = 5 << 20) -> None:
        self.stored: dict[str, Stored] = {}
        self.uploads: dict[str, dict[int, Stored]] = {}
        self.requests: list[str] = []
        self.before: Callable[[str], Answer | None] = lambda _: None
        self.after: Callable[[str], Answer | None] = lambda _: None
        self.cut: Callable[[], int | None] = lambda: None
        self._smallest_part = smallest_part
        self._completed: set[str] = set()
        self._begun = 0

    @property
    def objects(self) -> dict[str, bytes]:
        """Bodies by key."""
        return {key: b"".join(stored.chunks()) for key, stored in self.stored.items()}

    def client(self) -> Any:
        """The client of botocore, whose requests come here until another bucket takes them over."""
        client = _client()
        client.meta.events.unregister("before-send.s3", unique_id="wire")
        client.meta.events.register("before-send.s3", self._handle, unique_id="wire")
        return client

    def _handle(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        url = urlsplit(request.url)
        key = unquote(url.path.removeprefix("/"))
        query = parse_qs(url.query, keep_blank_values=True)
        name = f"{request.method} {key}" + "".join(f" {each}" for each in sorted(query))
        self.requests.append(name)
        answer = self.before(name)
        if answer is None:
            answer = self._answer(request, key, query)
            answer = self.after(name) or answer
        headers = {"Content-Length": str(len(answer.body)), **answer.headers}
        chunks = answer.stored.chunks() if answer.stored else iter((answer.body,))
        raw = _Raw(iter(()) if request.method == "HEAD" else chunks, headers)
        # botocore asks nothing of the headers but what a dictionary does.
        return AWSResponse(request.url, answer.status, cast("Any", headers), raw)

    def _answer(self, request: AWSPreparedRequest, key: str, query: dict[str, list[str]]) -> Answer:
        if len(key.encode()) > _MAX_KEY_BYTES:
            return refusal("KeyTooLongError", 400)
        if "uploads" in query:
            self._begun += 1
            self.uploads[f"u{self._begun}"] = {}
            return Answer(body=f"<R><UploadId>u{self._begun}</UploadId></R>".encode())
        if "uploadId" in query:
            return self._part_of_upload(request, key, query)
        if request.method == "PUT":
            self.stored[key] = Stored.of(_sent(request))
            return Answer(headers={"ETag": self.stored[key].etag})
        if key not in self.stored:
            return refusal("NoSuchKey", 404)
        return self._get(self.stored[key], request)

    def _get(self, stored: Stored, request: AWSPreparedRequest) -> Answer:
        condition = request.headers.get("If-Match")
        if condition and _text(condition).strip('"') != stored.etag.strip('"'):
            return refusal("PreconditionFailed", 412)
        headers = {
            "Content-Length": str(stored.size),
            "ETag": stored.etag,
            "x-amz-version-id": "v1",
            "Last-Modified": "Sun, 22 Nov 2026 20:00:00 GMT",
        }
        first = _text(request.headers.get("Range", "")).removeprefix("bytes=").partition("-")[0]
        cut = self.cut() if request.method == "GET" else None
        if not first and cut is None:
            return Answer(headers=headers, stored=stored)
        data = b"".join(stored.chunks())[int(first or 0) :]
        headers["Content-Length"] = str(len(data))
        if first:
            headers["Content-Range"] = f"bytes {first}-{stored.size - 1}/{stored.size}"
        return Answer(206 if first else 200, data[:cut], headers)

    def _part_of_upload(
        self, request: AWSPreparedRequest, key: str, query: dict[str, list[str]]
    ) -> Answer:
        upload = query["uploadId"][0]
        if request.method == "POST" and upload in self._completed:
            return Answer(body=b"<R><ETag>e</ETag></R>")
        if upload not in self.uploads:
            return refusal("NoSuchUpload", 404)
        if request.method == "DELETE":
            del self.uploads[upload]
            return Answer(204)
        if request.method == "PUT":
            data = _sent(request)
            part = self.uploads[upload][int(query["partNumber"][0])] = Stored.of(data)
            return Answer(headers={"ETag": part.etag, "x-amz-checksum-crc32": part.crc32})
        return self._complete(request, key, upload)

    def _complete(self, request: AWSPreparedRequest, key: str, upload: str) -> Answer:
        parts = self.uploads[upload]
        named = ET.fromstring(_sent(request))
        numbers = [int(part.findtext(f"{_SPACE}PartNumber") or 0) for part in named]
        sums = [part.findtext(f"{_SPACE}ChecksumCRC32") for part in named]
        if None in sums:
            return refusal("InvalidRequest", 400)
        if numbers != sorted(parts) or sums != [parts[number].crc32 for number in numbers]:
            return refusal("InvalidPart", 400)
        if any(parts[number].size < self._smallest_part for number in numbers[:-1]):
            return refusal("EntityTooSmall", 400)
        self.stored[key] = Stored.joined([parts[number] for number in numbers])
        self._completed.add(upload)
        del self.uploads[upload]
        return Answer(body=b"<R><ETag>e</ETag></R>")


def _sent(request: AWSPreparedRequest) -> bytes:
    """The bytes of a request, without what a checksum that follows them adds."""
    body: Any = request.body
    data: bytes = body if isinstance(body, bytes) else body.read()
    if _text(request.headers.get("Content-Encoding", b"")) != "aws-chunked":
        return data
    parts = []
    while True:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        parts.append(data[:length])
        data = data[length + 2 :]
    whole = parts[0] if len(parts) == 1 else b"".join(parts)
    assert f"x-amz-checksum-crc32:{_crc32(whole)}".encode() in data
    return whole


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _crc32(data: bytes) -> str:
    return b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
