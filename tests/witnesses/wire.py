"""What the functions send, looked at on its way to a cloud."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

import partiql
from fault_proxy import FaultProxy, ProxyHandler
from service_models import SERVICES, problems

DYNAMODB = "DynamoDB_20120810"
JSON_TYPE = ("Content-Type", "application/x-amz-json-1.0")

_Answer = tuple[int, list[tuple[str, str]], bytes]


class _WireHandler(ProxyHandler):
    owner: Wire

    def forward(self, body: bytes) -> _Answer:
        """Look at a request and pass it on."""
        target = self.headers.get("X-Amz-Target", "")
        if target.partition(".")[0] not in SERVICES:
            return super().forward(body)
        payload = json.loads(body)
        self.owner.problems += [f"{target}{each}" for each in problems(target, payload)]
        self.owner.targets.add(target)
        if self.owner.without_partiql and target == f"{DYNAMODB}.BatchExecuteStatement":
            responses = [self._execute(each) for each in payload["Statements"]]
            return 200, [JSON_TYPE], json.dumps({"Responses": responses}).encode()
        return super().forward(body)

    def _execute(self, statement: dict[str, Any]) -> dict[str, Any]:
        operation, request = partiql.single_request(statement["Statement"], statement["Parameters"])
        self.headers.replace_header("X-Amz-Target", f"{DYNAMODB}.{operation}")
        status, _, answer = super().forward(json.dumps(request).encode())
        if status == 200:
            return {"TableName": request["TableName"]}
        said = json.loads(answer)
        code = said["__type"].rpartition("#")[2].removesuffix("Exception")
        if code == "ConditionalCheckFailed" and operation == "PutItem":
            code = "DuplicateItem"
        return {"Error": {"Code": code, "Message": said.get("message", "")}}


@dataclass
class Wire(FaultProxy):
    """Passes everything on, and holds requests in JSON protocols against AWS's own description.

    Attributes:
        without_partiql: True if statements go on as the requests that do the same, because the
            cloud has no conditional PartiQL.
        problems: What requests broke.
        targets: Operations that were called, as X-Amz-Target names them.
    """

    handler: ClassVar[type[ProxyHandler]] = _WireHandler
    without_partiql: bool = False
    problems: list[str] = field(default_factory=list)
    targets: set[str] = field(default_factory=set)
