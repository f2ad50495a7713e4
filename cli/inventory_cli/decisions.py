"""Decide about each message of the dead-letter queue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inventory_cli.dead_letters import DeadLetter
    from inventory_cli.events import InvokeAgain, WorkAgain


class Action(StrEnum):
    """Fate of a message.

    AGAIN: it is given back and removed. STALE: newer data is stored, so it is removed. REFUSED:
    today's rules refuse it too and nothing newer is there; it stays. UNKNOWN: it is none of ours;
    it stays. DISCARDED: it would stay, and an operator gives it up.
    """

    AGAIN = "again"
    STALE = "stale"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    DISCARDED = "discarded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Action for one message, and its reason.

    Attributes:
        dead_letter: The message.
        action: What becomes of it.
        reason: Why, in a few words.
        task: How it is given back; None unless the action is AGAIN.
    """

    dead_letter: DeadLetter
    action: Action
    reason: str
    task: WorkAgain | InvokeAgain | None = None
