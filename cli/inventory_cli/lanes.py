"""The notes that running files and operators leave for each other."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, cast

from inventory.adapters.dynamodb_table import PartitionedTable
from inventory.domain.ports import ConsumedCapacity
from inventory_cli.errors import OutOfReachError

if TYPE_CHECKING:
    from inventory.adapters.dynamodb_api import DynamoDbApi
    from inventory_cli.session import Session

_METHODS = {
    "GetItem": "get_item",
    "PutItem": "put_item",
    "DeleteItem": "delete_item",
    "Query": "query",
}


class _Calls:
    """DynamoDB as the functions' adapters call it, over boto3's client."""

    def __init__(self, session: Session) -> None:
        self._client = session.dynamodb

    def call(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Call an operation."""
        answer: Any = dict(getattr(self._client, _METHODS[operation])(**payload))
        if "Item" in answer:
            answer["Item"] = _as_sent(answer["Item"])
        if "Items" in answer:
            answer["Items"] = [_as_sent(item) for item in answer["Items"]]
        return cast("dict[str, Any]", answer)


def _as_sent(item: dict[str, Any]) -> dict[str, Any]:
    """An item with its bytes as text; boto3 has decoded them, and the adapters do so themselves."""
    return {
        name: {"B": b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in item.items()
    }


def lanes_of(session: Session) -> PartitionedTable:
    """The table of the notes.

    Args:
        session: Connection.

    Raises:
        OutOfReachError: The stack does not name it.
    """
    name = session.outputs.lanes_table_name
    if not name:
        raise OutOfReachError("the outputs lack lanes_table_name: deploy the stack once more")
    return PartitionedTable(cast("DynamoDbApi", _Calls(session)), name, ConsumedCapacity())
