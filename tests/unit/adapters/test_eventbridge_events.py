"""Every event is taken by EventBridge, or its sender hears of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import Session
from botocore.stub import ANY, Stubber

from inventory.adapters.eventbridge_events import EventBridgeEvents
from inventory.domain.errors import RejectedRequestError, RetryableError

ENTRIES = [{"EventId": "1"}]


def end(number: int = 0, status: str = "COMPLETED") -> dict[str, Any]:
    """As much of an announcement as the adapter looks at."""
    return {"status": status, "ended_at": "2026-11-27T06:00:41.120233Z", "key": f"é{number}"}


@pytest.fixture
def client() -> Any:
    """Botocore's client, which checks requests against the service's model."""
    session = Session()
    session.set_credentials("AKIDEXAMPLE", "secret")
    return session.create_client("events", region_name="eu-west-1")


def test_an_event_says_who_what_and_when(client: Any) -> None:
    """And the environment, which the record does not know."""
    entry = {
        "Source": "inventory",
        "DetailType": "Stock File Held",
        "Time": datetime(2026, 11, 27, 6, 0, 41, 120233, tzinfo=UTC),
        "Detail": ANY,
        "EventBusName": "bus",
    }
    with Stubber(client) as stub:
        stub.add_response("put_events", {"Entries": ENTRIES}, {"Entries": [entry]})
        EventBridgeEvents(client, "bus", "prod").send([end(status="HELD")])
        stub.assert_no_pending_responses()


def test_many_events_leave_in_requests_of_ten(client: Any) -> None:
    """EventBridge's limit."""
    sent: list[list[str]] = []
    client.meta.events.register(
        "provide-client-params.events.PutEvents",
        lambda params, **_: sent.append(
            [json.loads(each["Detail"])["key"] for each in params["Entries"]]
        ),
    )
    with Stubber(client) as stub:
        for _ in range(3):
            stub.add_response("put_events", {"Entries": ENTRIES})
        EventBridgeEvents(client, "bus", "prod").send([end(n) for n in range(21)])
    assert [len(each) for each in sent] == [10, 10, 1]
    assert [key for request in sent for key in request] == [f"é{n}" for n in range(21)]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InternalFailure", RetryableError),
        ("ThrottlingException", RetryableError),
        ("NotAuthorizedForSourceException", RejectedRequestError),
    ],
)
def test_an_event_that_was_not_taken_raises(client: Any, code: str, error: type[Exception]) -> None:
    """Though the request succeeded."""
    answer = {"FailedEntryCount": 1, "Entries": [*ENTRIES, {"ErrorCode": code}]}
    bus = EventBridgeEvents(client, "bus", "prod")
    with Stubber(client) as stub:
        stub.add_response("put_events", answer)
        with pytest.raises(error, match=code):
            bus.send([end(), end()])


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("AccessDeniedException", 400, RejectedRequestError),
        ("InternalException", 500, RetryableError),
    ],
)
def test_a_request_that_fails_raises(
    client: Any, code: str, status: int, error: type[Exception]
) -> None:
    """Sorted as for every service."""
    bus = EventBridgeEvents(client, "bus", "prod")
    with Stubber(client) as stub:
        stub.add_client_error("put_events", code, http_status_code=status)
        with pytest.raises(error, match="1 events were not sent"):
            bus.send([end()])
