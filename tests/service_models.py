"""Requests in AWS's JSON protocols against the service models that AWS publishes with botocore.

The models say more than botocore itself checks: how long a text or list may be, what it may look
like, which values there are.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

import partiql
from inventory.adapters.dynamodb_api import DynamoDbApi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel

SERVICES = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs"}
"""Services by the first part of the header X-Amz-Target."""

PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "blob": str,  # base64
    "boolean": bool,
    "integer": int,
    "long": int,
    "double": (int, float),
}


@cache
def operation(target: str) -> OperationModel:
    """Model of an operation, such as that of "DynamoDB_20120810.GetItem"."""
    service, _, name = target.partition(".")
    description = Loader().load_service_model(SERVICES[service], "service-2")
    return ServiceModel(description, SERVICES[service]).operation_model(name)


def problems(target: str, payload: Any) -> list[str]:
    """What a request breaks of its model, and of PartiQL's grammar and limits.

    Args:
        target: Header X-Amz-Target.
        payload: The parsed body.
    """
    found = list(_of(payload, operation(target).input_shape, ""))
    if not found and target.endswith(".BatchExecuteStatement"):
        found += partiql.batch_problems(payload["Statements"])
    return found


def _of(value: Any, shape: Any, path: str) -> Iterator[str]:
    wanted: Any = PYTHON_TYPES[shape.type_name]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        yield f"{path}: {value!r} is no {shape.type_name}"
        return
    limits = shape.metadata
    size = value if isinstance(value, int | float) else len(value)
    if not limits.get("min", size) <= size <= limits.get("max", size):
        yield f"{path}: {size} is not from {limits.get('min')} to {limits.get('max')}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"{path}: {value!r} is none of {limits['enum']}"
    if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
        yield f"{path}: {value!r} is not {limits['pattern']}"
    if shape.type_name == "structure":
        yield from _of_structure(value, shape, path)
    elif shape.type_name == "map":
        for key, each in value.items():
            yield from _of(key, shape.key, f"{path}.{key}")
            yield from _of(each, shape.value, f"{path}.{key}")
    elif shape.type_name == "list":
        for index, each in enumerate(value):
            yield from _of(each, shape.member, f"{path}[{index}]")


def _of_structure(value: dict[str, Any], shape: Any, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield f"{path}: {name} is missing"
    for name, each in value.items():
        if name not in shape.members:
            yield f"{path}: {name} is unknown"
        else:
            yield from _of(each, shape.members[name], f"{path}.{name}")
    # The model cannot say it: an attribute value has one type.
    if shape.name == "AttributeValue" and len(value) != 1:
        yield f"{path}: an attribute value has one type, not {sorted(value)}"


@pytest.fixture
def documented_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every request to DynamoDB that AWS would not understand, whoever answers it."""
    call = DynamoDbApi.call

    def checked(api: DynamoDbApi, name: str, payload: Any) -> dict[str, Any]:
        parsed = json.loads(payload) if isinstance(payload, str) else payload
        found = problems(f"DynamoDB_20120810.{name}", parsed)
        if found:
            raise AssertionError(f"{name} is not as AWS documents it: {'; '.join(found)}")
        return call(api, name, payload)

    monkeypatch.setattr(DynamoDbApi, "call", checked)
