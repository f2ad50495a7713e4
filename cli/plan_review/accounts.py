"""Find resources that come to name something of another account, in whatever attribute."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plan_review.masking import JsonValue
    from plan_review.plan import Plan

_ACCOUNT_OF_AN_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:(\d{12}):", re.ASCII)


def strangers(plan: Plan) -> tuple[str, ...]:
    """Give the addresses of resources that name another account than the plan's, and did not.

    Args:
        plan: The plan; nothing is told if it does not say which account is its own.
    """
    if not plan.account_id:
        return ()
    return tuple(
        change.address
        for change in plan.changes
        if change.after is not None
        and _accounts(change.after) - _accounts(change.before) - {plan.account_id}
    )


def _accounts(side: JsonValue) -> set[str]:
    return {*_ACCOUNT_OF_AN_ARN.findall(json.dumps(side))}
