"""AWS without the network: requests are built, signed and parsed as ever, and never sent.

`answering` replaces the methods by which botocore and the functions' own DynamoDB transport send a
request, so it holds alike for that, for their S3 and SQS clients and for the peers' boto3.
"""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch
from zlib import crc32

from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session
from urllib3 import HTTPConnectionPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest

    Answer = Callable[[str, bytes], bytes]

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_LAMBDA_FUNCTION_NAME": "inventory-processor-bench",
    "ENVIRONMENT_SUFFIX": "bench",
    "POWERTOOLS_SERVICE_NAME": "inventory-processor-bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Inventory",
    "POWERTOOLS_LOG_LEVEL": "WARNING",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "ITEMS_TABLE_NAME": "inventory-items-bench",
    "INGESTIONS_TABLE_NAME": "inventory-ingestions-bench",
    "LANES_TABLE_NAME": "inventory-lanes-bench",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/inventory-dlq-bench",
    "WORK_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/inventory-work-bench",
    "REPORTS_BUCKET_NAME": "inventory-reports-bench",
    "EVENT_BUS_NAME": "inventory-events-bench",
    "FEEDS_KEY": "settings/feeds.json",
    "FEEDS_VERSION_ID": "v1",
    "REJECT_MESSAGE_LIMIT": "1000",
    "LARGE_OBJECT_BYTES": str(1 << 50),
    "MAX_STOCK_DROP_SHARE": "0",
    "TIME_TOLERANCE_MINUTES": "60",
    "FULL_READ_DAYS": "7",
}
"""Environment of the processor; one invocation takes the whole file."""

ITEMS = ENVIRONMENT["ITEMS_TABLE_NAME"]
TABLE_KEYS = {
    ITEMS: ("sku", "location"),
    ENVIRONMENT["INGESTIONS_TABLE_NAME"]: ("object_id",),
    ENVIRONMENT["LANES_TABLE_NAME"]: ("lane", "position"),
}
"""Key attributes of the tables, by their names."""
UPLOADS, KEY = "inventory-uploads-bench", "nightly/stock.csv"

_TARGET = "X-Amz-Target"
_NOTHING_FOUND = json.dumps(
    {
        "ConsumedCapacity": [{"CapacityUnits": 100.0, "TableName": ITEMS}],
        "Responses": {ITEMS: []},
        "UnprocessedKeys": {},
    }
).encode()


class Body(io.BytesIO):
    """Return what comes after the headers."""

    def stream(self) -> Iterator[bytes]:
        """All of it, as botocore asks for it."""
        yield self.read()


class Uploads:
    """The uploads bucket with one object.

    Args:
        size_bytes: Size of the object.
        open_body: Gives the bytes from an offset on.
        night: Day of November 2026 on which it was stored, and its version.
    """

    def __init__(self, size_bytes: int, open_body: Callable[[int], Any], night: int = 22) -> None:
        self._night = night
        self._size_bytes = size_bytes
        self._open_body = open_body

    def __call__(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer HEAD and GET, and GET of the feeds, which are none."""
        if request.url is not None and ENVIRONMENT["FEEDS_KEY"] in request.url:
            return _response(request, {"Content-Length": "2"}, Body(b"{}"))
        start = 0
        asked = request.headers.get("Range", "")
        if asked:
            text = asked if isinstance(asked, str) else asked.decode()
            start = int(text.removeprefix("bytes=").removesuffix("-"))
        headers = {
            "Content-Range": f"bytes {start}-{self._size_bytes - 1}/{self._size_bytes}",
            "ETag": '"0123456789abcdef0123456789abcdef"',
            "Content-Length": str(self._size_bytes - start),
            "Last-Modified": f"Sun, {self._night:02} Nov 2026 03:00:00 GMT",
            "x-amz-version-id": f"v{self._night}",
        }
        body = self._open_body(start) if request.method == "GET" else Body()
        return _response(request, headers, body)


class Reports:
    """The reports bucket in memory.

    Attributes:
        files: Its objects, by URL.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def __call__(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer HEAD, GET and PUT of a whole object."""
        url = str(request.url)
        if request.method == "PUT":
            self.files[url] = _bytes_of(request.body)
            return _response(request, {"ETag": '"0123456789abcdef0123456789abcdef"'}, Body())
        data = self.files[url]
        headers = {
            "ETag": '"0123456789abcdef0123456789abcdef"',
            "Content-Length": str(len(data)),
            "Last-Modified": "Sun, 01 Nov 2026 03:00:00 GMT",
        }
        return _response(request, headers, Body(data if request.method == "GET" else b""))


def _bytes_of(body: Any) -> bytes:  # noqa: ANN401  whatever botocore sends
    """Return what is stored of a body, in which chunks and a checksum may surround it."""
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    body.seek(0)
    stream, data = io.BytesIO(body.read()), b""
    while size := int(stream.readline(), 16):
        data += stream.read(size)
        stream.readline()
    return data


class Tape:
    """DynamoDB that gives answers it has given before, so that they cost nothing.

    Args:
        make: Makes the answer to an operation and a request body. What it makes for BatchGetItem
            is remembered; BatchExecuteStatement acknowledges every statement, GetItem gives the
            first set of fingerprints that was put, and all else is answered with an empty object.
    """

    def __init__(self, make: Answer | None = None) -> None:
        self._make = make
        self._fingerprints = b""
        self._answers: dict[bytes, tuple[bytes, dict[str, str]]] = {}
        self._acknowledged: dict[int, tuple[bytes, dict[str, str]]] = {}
        self._empty = _with_headers(b"{}")
        self._nothing = _with_headers(_NOTHING_FOUND)
        self._unprocessed = _with_headers(b'{"UnprocessedItems":{}}')

    def __call__(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer one request."""
        operation = operation_of(request)
        body, headers = self._answer(operation, cast("bytes", request.body))
        return _response(request, headers, Body(body))

    def _answer(self, operation: str, body: bytes) -> tuple[bytes, dict[str, str]]:
        if operation == "BatchExecuteStatement":
            count = body.count(b'"Statement":')
            if count not in self._acknowledged:
                answer = {
                    "ConsumedCapacity": [{"CapacityUnits": float(count), "TableName": ITEMS}],
                    "Responses": [{"TableName": ITEMS}] * count,
                }
                self._acknowledged[count] = _with_headers(json.dumps(answer).encode())
            return self._acknowledged[count]
        if operation == "BatchWriteItem":
            return self._unprocessed
        if operation in {"PutItem", "GetItem"} and b'"fingerprints#' in body:
            return self._set_of(operation, body)
        if operation != "BatchGetItem":
            return self._empty
        if self._make is None:
            return self._nothing
        found = self._answers.get(body)
        if found is None:
            found = self._answers[body] = _with_headers(self._make(operation, body))
        return found

    def _set_of(self, operation: str, body: bytes) -> tuple[bytes, dict[str, str]]:
        """Keep the first set, so that every delivery of the next version finds the same."""
        if operation == "PutItem" and not self._fingerprints:
            self._fingerprints = json.dumps({"Item": json.loads(body)["Item"]}).encode()
        found = operation == "GetItem" and self._fingerprints
        return _with_headers(self._fingerprints) if found else self._empty


def operation_of(request: AWSPreparedRequest) -> str:
    """Name of the operation of DynamoDB or EventBridge that a request asks for."""
    target = request.headers[_TARGET]
    text = target if isinstance(target, str) else target.decode()
    return text.rpartition(".")[2]


def answered(request: AWSPreparedRequest, body: bytes) -> AWSResponse:
    """A successful answer of DynamoDB."""
    body, headers = _with_headers(body)
    return _response(request, headers, Body(body))


def _response(
    request: AWSPreparedRequest, headers: dict[str, str], body: Body | None
) -> AWSResponse:
    return AWSResponse(request.url, 200, cast("Any", headers), body)


def _with_headers(body: bytes) -> tuple[bytes, dict[str, str]]:
    return body, {
        "Content-Type": "application/x-amz-json-1.0",
        "Content-Length": str(len(body)),
        "x-amz-crc32": str(crc32(body)),
        "x-amzn-RequestId": "00000000-0000-0000-0000-000000000000",
    }


@contextmanager
def answering(
    dynamodb: Callable[[AWSPreparedRequest], AWSResponse],
    uploads: Callable[[AWSPreparedRequest], AWSResponse] | None = None,
    reports: Callable[[AWSPreparedRequest], AWSResponse] | None = None,
) -> Iterator[None]:
    """Let every request be answered here.

    Args:
        dynamodb: Answers DynamoDB, and the one request to EventBridge.
        uploads: Answers S3 for the uploads bucket, and for the feeds.
        reports: Answers S3 for the rest of the reports bucket. Default: one that is empty.
    """
    reports = reports or Reports()

    def send(_: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        if request.headers.get(_TARGET):
            return dynamodb(request)
        if uploads is None:
            raise ValueError(request.url)
        if "/parts/" in str(request.url):
            return reports(request)
        return uploads(request)

    def urlopen(
        _: HTTPConnectionPool,
        method: str,
        url: str,
        body: bytes,
        headers: dict[str, str],
        **__: object,
    ) -> SimpleNamespace:
        request: Any = SimpleNamespace(method=method, url=url, body=body, headers=headers)
        answer = dynamodb(request)
        return SimpleNamespace(status=200, headers=answer.headers, data=answer.content)

    with (
        patch.object(URLLib3Session, "send", send),
        patch.object(HTTPConnectionPool, "urlopen", urlopen),
    ):
        yield


class Context:
    """Lambda's context of an invocation."""

    function_name = "inventory-processor-bench"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:" + function_name
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """All the time in the world."""
        return 900_000


def event(size_bytes: int, version_id: str = "v22") -> dict[str, Any]:
    """The "Object Created" event of the one object."""
    return {
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail": {
            "bucket": {"name": UPLOADS},
            "object": {
                "key": KEY,
                "size": size_bytes,
                "etag": "0123456789abcdef0123456789abcdef",
                "version-id": version_id,
                "sequencer": "00637B1A00000000",
            },
        },
    }
