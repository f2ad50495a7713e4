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
        answer: Any = getattr(self._client, _METHODS[operation])(**payload)
        for item in answer.get("Items", ()):
            for name, value in item.items():
                if "B" in value:  # boto3 has decoded it, and the adapters do so themselves
                    item[name] = {"B": b64encode(value["B"]).decode()}
        return dict(answer)


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
