"""Requests to DynamoDB: signed, retried in the time left, and never half done in silence."""

from __future__ import annotations

import json
import threading
from typing import Any
from zlib import crc32

import botocore.session
import pytest
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ReadTimeoutError

from faults.dynamodb import parsed
from inventory.adapters.dynamodb_api import (
    MAX_ATTEMPTS,
    ConditionFailedError,
    DynamoDbApi,
    DynamoDbError,
    SignedTransport,
    TransientError,
)
from inventory.adapters.dynamodb_items import DynamoDbItems
from inventory.domain.errors import OutOfTimeError, RetryableError, ThrottledError
from inventory.domain.model import ObjectVersion, Row
from inventory.domain.ports import Change, ConsumedCapacity, Deadline

ROWS = [Row(n, f"s{n}", "x", "1", None, None, None, None, None, {}, None) for n in range(2, 5)]
VERSION = ObjectVersion(bucket="b", key="k", version_id="v", etag="e", size_bytes=1)


class Scripted:
    """A transport that answers or raises what it was given, in order, then empty answers."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer."""
        self.requests.append((operation, parsed(payload)))
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer


def _api(transport: Any, *, left: float = 900, in_flight: int = 1) -> tuple[DynamoDbApi, list]:
    deadline = Deadline()
    slept: list[float] = []
    deadline.start(lambda: left - sum(slept))
    api = DynamoDbApi(
        transport, deadline, in_flight=in_flight, sleep=slept.append, uniform=lambda: 1.0
    )
    return api, slept


THROTTLED = TransientError("ProvisionedThroughputExceededException", "")


def test_what_may_pass_is_tried_again_after_growing_pauses() -> None:
    """Pauses double from 0.1 s, before jitter."""
    transport = Scripted(THROTTLED, TransientError("InternalServerError", ""), {"ok": 1})
    api, slept = _api(transport)
    assert api.call("GetItem", {}) == {"ok": 1}
    assert slept == [0.1, 0.2]


def test_fails_when_throttling_does_not_end() -> None:
    """The delivery is raised, never swallowed."""
    transport = Scripted(*[THROTTLED] * 100)
    api, slept = _api(transport)
    with pytest.raises(ThrottledError):
        api.call("GetItem", {})
    assert len(transport.requests) == MAX_ATTEMPTS
    assert max(slept) == 5.0


def test_fails_when_the_next_attempt_would_end_too_late() -> None:
    """Nothing is begun that the end of the invocation would cut off."""
    api, slept = _api(Scripted(*[THROTTLED] * 100), left=5.5)
    with pytest.raises(OutOfTimeError):
        api.call("GetItem", {})
    assert sum(slept) <= 0.5


def test_fails_at_once_on_what_will_not_pass() -> None:
    """A mistake is not repeated."""
    transport = Scripted(DynamoDbError("ValidationException", ""))
    api, slept = _api(transport)
    with pytest.raises(DynamoDbError):
        api.call("GetItem", {})
    assert (len(transport.requests), slept) == (1, [])


def test_unprocessed_keys_are_asked_for_until_all_are_there() -> None:
    """HTTP 200 is not success."""
    left = {"items": {"Keys": [{"sku": {"S": "s3"}, "location": {"S": "x"}}]}}
    one = {"sku": {"S": "s3"}, "location": {"S": "x"}, "quantity": {"N": "1"}}
    transport = Scripted(
        {"Responses": {"items": []}, "UnprocessedKeys": left},
        {"Responses": {"items": [{**one, "order_token": {"S": "t"}}]}},
    )
    api, _ = _api(transport)
    stored = DynamoDbItems(api, "items", ConsumedCapacity()).read(ROWS)
    assert [one is not None for one in stored] == [False, True, False]
    assert transport.requests[1][1]["RequestItems"]["items"]["Keys"] == left["items"]["Keys"]
    assert all(
        request["RequestItems"]["items"]["ConsistentRead"] for _, request in transport.requests
    )


def test_statements_that_failed_for_now_are_sent_again_alone() -> None:
    """Done ones are not repeated, refused ones are given back."""
    transport = Scripted(
        {
            "Responses": [
                {"Error": {"Code": "ThrottlingError"}},
                {"TableName": "items"},
                {"Error": {"Code": "DuplicateItem"}},
            ]
        },
        {"Responses": [{"Error": {"Code": "InternalServerError"}}]},
        {"Responses": [{"TableName": "items"}]},
    )
    api, _ = _api(transport)
    changes = [Change(row, f"t{row.line}", None) for row in ROWS]
    refused = DynamoDbItems(api, "items", ConsumedCapacity()).write(
        changes, version=VERSION, written_at="w"
    )
    assert refused == [changes[2]]
    assert [len(request["Statements"]) for _, request in transport.requests] == [3, 1, 1]


def test_requests_of_a_batch_spread_over_its_skus() -> None:
    """A file in order of SKUs does not send them one after the other to one partition."""
    rows = [row_of(number) for number in range(100)]
    transport = Scripted(*[{"Responses": [{"TableName": "items"}] * 25}] * 4)
    api, _ = _api(transport)
    changes = [Change(row, f"t{row.line}", None) for row in rows]
    DynamoDbItems(api, "items", ConsumedCapacity()).write(changes, version=VERSION, written_at="w")
    skus = [
        {statement["Parameters"][0]["S"] for statement in request["Statements"]}
        for _, request in transport.requests
    ]
    assert skus == [{"s0", "s1", "s2", "s3"}] * 4


def row_of(number: int) -> Row:
    """One of a hundred rows of four SKUs, one SKU after the other."""
    return ROWS[0]._replace(line=number, sku=f"s{number // 25}", location=f"l{number % 25}")


def test_fails_on_a_statement_that_dynamodb_refuses_for_good() -> None:
    """It is no refused condition."""
    answer = {"Responses": [{"Error": {"Code": "ValidationError", "Message": "no"}}] * 3}
    api, _ = _api(Scripted(answer))
    with pytest.raises(DynamoDbError):
        DynamoDbItems(api, "items", ConsumedCapacity()).write(
            [Change(row, "t", None) for row in ROWS], version=VERSION, written_at="w"
        )


def test_units_are_those_that_the_service_reports() -> None:
    """They go into the record."""
    consumed = [{"TableName": "items", "CapacityUnits": 4.5}]
    usage = ConsumedCapacity()
    api, _ = _api(Scripted({"Responses": {"items": []}, "ConsumedCapacity": consumed}))
    DynamoDbItems(api, "items", usage).read(ROWS)
    assert (usage.read_units, usage.write_units) == (4.5, 0)


def test_fails_only_when_no_request_is_on_its_way_any_more() -> None:
    """What still runs after a failure could arrive after its run was given up."""
    api, _ = _api(Scripted(), in_flight=4)
    started, finished = threading.Event(), []

    def work(piece: int) -> int:
        if piece == 0:
            started.wait(5)
            raise RetryableError("first")
        started.set()
        finished.append(piece)
        return piece

    with pytest.raises(RetryableError):
        api.each(work, [0, 1, 2, 3])
    assert sorted(finished) == [1, 2, 3]


class _Response:
    def __init__(self, status: int, data: bytes, **headers: str) -> None:
        self.status, self.data, self.headers = status, data, headers


class _Http:
    """Instead of urllib3's pool of connections."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.sent: Any = None

    def urlopen(self, method: str, url: str, body: bytes, headers: Any, **_: Any) -> Any:
        """Keep the request, give the answer."""
        self.sent = (method, url, body, headers)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def _signed(monkeypatch: pytest.MonkeyPatch, answer: Any, **named: str) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    transport = SignedTransport(botocore.session.get_session(), **named)
    replaced: Any = transport
    replaced._http = _Http(answer)
    return replaced


def test_a_request_is_signed_compact_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Target, content type, signature and the region's endpoint are those of the service."""
    body = '{"Item":{"sku":{"S":"ø"}}}'.encode()
    answer = _Response(200, body, **{"x-amz-crc32": str(crc32(body))})
    transport = _signed(monkeypatch, answer)
    assert transport("GetItem", {"TableName": "t", "Key": {"sku": {"S": "ø"}}}) == json.loads(body)
    method, url, body, headers = transport._http.sent
    assert (method, url, headers["Host"]) == ("POST", "/", "dynamodb.eu-north-1.amazonaws.com")
    assert body == '{"TableName":"t","Key":{"sku":{"S":"ø"}}}'.encode()
    assert headers["X-Amz-Target"] == "DynamoDB_20120810.GetItem"
    assert "eu-north-1/dynamodb/aws4_request" in headers["Authorization"]


def test_the_endpoint_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As every AWS SDK takes it, so the local cloud needs no code."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    transport = _signed(monkeypatch, _Response(200, b"{}"))
    transport("GetItem", {})
    assert transport._http.sent[3]["Host"] == "127.0.0.1:1"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (_Response(400, b'{"__type":"a#ConditionalCheckFailedException"}'), ConditionFailedError),
        (_Response(400, b'{"__type":"a#ValidationException","message":"m"}'), DynamoDbError),
        (_Response(400, b'{"__type":"a#ThrottlingException"}'), TransientError),
        (_Response(500, b"<html>"), TransientError),
        (_Response(503, b""), TransientError),
        (_Response(403, b'{"__type":"a#AccessDeniedException"}'), DynamoDbError),
        (_Response(200, b"{cut"), TransientError),
        (_Response(200, b"{}", **{"x-amz-crc32": "1"}), TransientError),
        (ReadTimeoutError(HTTPConnectionPool("x"), "/", "late"), TransientError),
    ],
)
def test_fails_with_the_class_that_says_whether_to_try_again(
    monkeypatch: pytest.MonkeyPatch, answer: Any, expected: type[Exception]
) -> None:
    """Every kind of bad answer."""
    with pytest.raises(expected):
        _signed(monkeypatch, answer)("GetItem", {})
