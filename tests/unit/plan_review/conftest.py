"""Plans that real Terraform made, and a way to make others of them."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from plan_review.plan import read_plan
from plan_review.review import Review, review

if TYPE_CHECKING:
    from collections.abc import Callable

PLANS = Path(__file__).with_name("plans")


@pytest.fixture
def recorded() -> Callable[[str], dict[str, Any]]:
    """Give a function that reads a recorded plan."""
    return lambda name: json.loads((PLANS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def judge(recorded) -> Callable[..., Review]:
    """Give a function that reviews a recorded plan."""

    def run(name: str, **options: Any) -> Review:
        document = recorded(name)
        return review(read_plan(document, document["source"]), **options)

    return run


@pytest.fixture
def plan_of() -> Callable[..., dict[str, Any]]:
    """Give a function that makes a plan of changes of resources."""

    def make(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"format_version": "1.2", "resource_changes": list(copy.deepcopy(changes)), **more}

    return make


@pytest.fixture
def change() -> Callable[..., dict[str, Any]]:
    """Give a function that makes a change as Terraform writes it."""

    def make(address: str, actions: list[str], before=None, after=None, **masks: Any):
        return {
            "address": address,
            "type": re.sub(r"^module\.\w+\.", "", address).partition(".")[0],
            "change": {
                "actions": actions,
                "before": before,
                "after": after,
                "after_unknown": masks.pop("unknown", {}),
                "before_sensitive": masks.pop("before_sensitive", {}),
                "after_sensitive": masks.pop("after_sensitive", {}),
                **masks,
            },
        }

    return make
