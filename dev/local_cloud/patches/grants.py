"""Check that AWS itself would let a service act, under AUTH=true only, as MiniStack does.

MiniStack checks the calls that functions make. The calls that services make for us (EventBridge
invoking a function, Scheduler assuming its role, Lambda writing to a destination) it lets pass; a
missing permission would first be noticed on AWS.
"""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam


def secure_origin() -> None:
    """Take the present thread's calls as made over TLS from this machine."""
    iam_evaluator._request_origin.set(("127.0.0.1", True))


def service_allowed(
    policy: Any, *, service: str, action: str, resource_arn: str, source_arn: str
) -> bool:
    """Tell whether a resource's own policy lets a service act on it for a source."""
    if not app.AUTH:
        return True
    secure_origin()
    context = _context(service, action, resource_arn, source_arn)
    result = iam_evaluator.evaluate_resource_policy(policy, context, service=service)
    return bool(result.decision == "Allow")


def role_allowed(
    role_arn: str, *, service: str, action: str, resource_arn: str, source_arn: str
) -> bool:
    """Tell whether a service may assume the role, and the role may act on the resource."""
    if not app.AUTH:
        return True
    secure_origin()
    name = role_arn.rsplit("/", 1)[-1]
    role = iam._roles.get(name)
    if role is None:
        return False
    trust = iam_evaluator.parse_policy_document(role["AssumeRolePolicyDocument"])
    document = {
        "Statement": [
            {**statement, "Resource": "*"}
            for statement in _statements(role["AssumeRolePolicyDocument"])
        ]
    }
    assume = _context(service, "sts:AssumeRole", role_arn, source_arn)
    trusted = trust and iam_evaluator.evaluate_resource_policy(document, assume, service=service)
    if not trusted or trusted.decision != "Allow":
        return False
    policies = iam_evaluator._gather_role_policies(name, get_account_id())
    context = _context(service, action, resource_arn, source_arn)
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")


def _statements(document: Any) -> list[dict[str, Any]]:
    parsed = json.loads(document) if isinstance(document, str) else document
    statements = parsed.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _context(
    service: str, action: str, resource_arn: str, source_arn: str
) -> iam_evaluator.EvalContext:
    return iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource_arn,
        region=get_region(),
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()},
    )
