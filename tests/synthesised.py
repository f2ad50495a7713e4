"""Reading what was synthesised: resources by type, policies with their references resolved."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from constructs_lib.function_package import FUNCTIONS
from constructs_lib.message_queue import MessageQueue, MessageQueueProps
from constructs_lib.python_function import PythonFunction, PythonFunctionProps
from constructs_lib.stack_folder import FunctionPackage

if TYPE_CHECKING:
    from cdktf import TerraformStack

Document = dict[str, Any]

PACKAGES = {
    function: FunctionPackage(
        path=f"assets/{function.replace('_', '-')}.zip",
        sha256_base64="c2hhMjU2",
        files={f"inventory/handlers/{function}.py": "0123456789ab"},
    )
    for function in FUNCTIONS
}
REFERENCE = re.compile(r"\$\{(?:data\.)?aws_\w+?\.([A-Za-z][\w-]*?)(?:_[0-9A-F]{8})?\.(\w+)\}")
ADDRESS = re.compile(r"\b(?:data\.)?(aws_\w+\.[A-Za-z][\w-]*?_[0-9A-F]{8})\b")


def resources(document: Document, type_: str) -> list[dict[str, Any]]:
    """Give the resources of a type, without their metadata."""
    return [
        {key: value for key, value in each.items() if key != "//"}
        for each in document["resource"].get(type_, {}).values()
    ]


def only(document: Document, type_: str) -> dict[str, Any]:
    """Give the one resource of a type."""
    (resource,) = resources(document, type_)
    return resource


def prevented(document: Document) -> set[str]:
    """Give the types of which Terraform must destroy nothing."""
    return {
        type_
        for type_ in document["resource"]
        if any(
            "prevent_destroy" in each.get("lifecycle", {}) for each in resources(document, type_)
        )
    }


def readable(text: str) -> str:
    """Give a text with references as `<Construct.attribute>`, or `<Construct>` for its ARN."""
    return REFERENCE.sub(
        lambda found: f"<{found[1]}>" if found[2] == "arn" else f"<{found[1]}.{found[2]}>", text
    )


def statements(document: Document, reference: str) -> list[dict[str, Any]]:
    """Give the statements of the policy document that a reference names."""
    name = reference.removeprefix("${data.aws_iam_policy_document.").removesuffix(".json}")
    found: list[dict[str, Any]] = document["data"]["aws_iam_policy_document"][name]["statement"]
    return found


def allowed(document: Document, reference: str) -> set[tuple[str, str]]:
    """Give the pairs of action and resource that a policy allows, without conditions."""
    pairs = set()
    for statement in statements(document, reference):
        assert statement["effect"] == "Allow"
        pairs |= {
            (action, readable(resource))
            for action in statement["actions"]
            for resource in statement.get("resources", ["-"])
        }
    return pairs


def role_permissions(document: Document) -> dict[str, set[tuple[str, str]]]:
    """Give, per role, everything that it may do."""
    roles = document["resource"]["aws_iam_role"]
    permissions: dict[str, set[tuple[str, str]]] = {each["name"]: set() for each in roles.values()}
    for policy in document["resource"]["aws_iam_role_policy"].values():
        (role,) = (each for id_, each in roles.items() if f".{id_}.name" in policy["role"])
        permissions[role["name"]] |= allowed(document, policy["policy"])
    return permissions


def predecessors(document: Document, address: str) -> set[str]:
    """Give the addresses of all resources that Terraform creates before a resource."""
    found: set[str] = set()
    waiting = [address]
    while waiting:
        type_, _, id_ = waiting.pop().partition(".")
        kind = "resource" if type_ in document["resource"] else "data"
        body = {**document[kind].get(type_, document["data"].get(type_, {}))[id_]}
        body.pop("//", None)
        new = {each.removeprefix("data.") for each in ADDRESS.findall(json.dumps(body))} - found
        found |= new
        waiting += new
    return found


def a_queue(stack: TerraformStack, id_: str = "Dlq", **props: Any) -> MessageQueue:
    """Make a queue."""
    return MessageQueue(stack, id_, MessageQueueProps(**{"queue_name": id_.lower(), **props}))


def a_function(stack: TerraformStack, **props: Any) -> PythonFunction:
    """Make a function, with a dead-letter queue of its own unless one is given."""
    defaults = {
        "function_name": "inventory-work-test",
        "description": "Works",
        "handler": "inventory.handlers.work.handler",
        "package": PACKAGES["summary"],
    }
    if "dead_letter_queue" not in props:
        props["dead_letter_queue"] = a_queue(stack)
    return PythonFunction(stack, "Work", PythonFunctionProps(**{**defaults, **props}))
