"""Events for others, on the event bus of the deployment."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from inventory.adapters.service_errors import may_pass, sorted_errors
from inventory.domain.errors import RejectedRequestError, RetryableError
from inventory.domain.messages import message_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

#: Who the events are from; rules match on it.
SOURCE = "inventory"

# Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
_EVENTS_PER_REQUEST = 10


class EventBridgeEvents:
    """The event bus behind `ports.Events`.

    Idempotency: an event that is sent twice has the same `id` in its detail.

    Args:
        client: EventBridge.
        bus_name: Name of the bus.
        environment: Suffix of the environment, which every event names.
    """

    def __init__(self, client: EventBridgeClient, bus_name: str, environment: str) -> None:
        self._client = client
        self._bus_name = bus_name
        self._environment = environment

    def send(self, ends: Sequence[dict[str, Any]]) -> None:
        """Send an event for each end; see `ports.Events`.

        Raises:
            RejectedRequestError: EventBridge refuses one for good.
            RetryableError: One was not taken.
        """
        entries = [self._entry(end) for end in ends]
        for at in range(0, len(entries), _EVENTS_PER_REQUEST):
            self._send(entries[at : at + _EVENTS_PER_REQUEST])

    def _send(self, entries: list[PutEventsRequestEntryTypeDef]) -> None:
        with sorted_errors(f"{len(entries)} events were not sent"):
            answer = self._client.put_events(Entries=entries)
        for entry in answer.get("Entries", ()):
            if code := entry.get("ErrorCode"):
                message = f"EventBridge did not take an event: {code}: {entry.get('ErrorMessage')}"
                raise (RetryableError if may_pass(code) else RejectedRequestError)(message)

    def _entry(self, end: dict[str, Any]) -> PutEventsRequestEntryTypeDef:
        return {
            "Source": SOURCE,
            "DetailType": f"Stock File {end['status'].title()}",
            "Time": datetime.fromisoformat(end["ended_at"]),
            "Detail": message_text(end | {"environment": self._environment}),
            "EventBusName": self._bus_name,
        }
