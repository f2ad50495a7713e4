"""Decide about one row, given the stored one: a pure function of tokens and equality."""

from __future__ import annotations

from enum import IntEnum


class Decision(IntEnum):
    """Outcome of a row; the first three are the ones a later row of its file can take over."""

    LOADED = 1
    UNCHANGED = 2
    STALE = 3
    DUPLICATE = 4
    WRITE = 5


def decide(token: str, stored_token: str | None, *, equal: bool, own: bool) -> Decision:
    """Decide what becomes of a row.

    Args:
        token: The row's order token.
        stored_token: Token of the stored item; None when there is no item.
        equal: True if the stored item has the row's content.
        own: True if the stored item was written by the row's own object version.

    Returns:
        WRITE: nothing is stored, something older and different, or this very row as it was read
            before a profile or a defect was repaired.
        UNCHANGED: something older and equal is stored: no write, and its token stays. Validation
            makes this safe (see `validation`).
        LOADED: this very row is stored, by this run or an earlier attempt.
        STALE: something newer is stored.
        DUPLICATE: a later row of the same object version is stored.
    """
    if stored_token is None:
        return Decision.WRITE
    if stored_token < token:
        return Decision.UNCHANGED if equal else Decision.WRITE
    if stored_token == token:
        return Decision.LOADED if equal else Decision.WRITE
    return Decision.DUPLICATE if own else Decision.STALE
