"""What becomes of one row, given what is stored: a pure function of tokens and equality."""

from __future__ import annotations

from enum import IntEnum


class Decision(IntEnum):
    """Outcome of a row; the first three are the ones a later row of its file can take over."""

    LOADED = 1
    UNCHANGED = 2
    STALE = 3
    DUPLICATE = 4
    WRITE = 5


def decide(token: str, stored_token: str | None, *, equal: bool, mine: bool) -> Decision:
    """What becomes of a row.

    Args:
        token: The row's order token.
        stored_token: Token of the stored item; None when there is no item.
        equal: Whether the stored item has the row's content.
        mine: Whether the stored item was written by the row's own object version.

    Returns:
        WRITE: nothing is stored, or something older and different.
        UNCHANGED: something older and equal is stored: no write, and its token stays. What
            makes this safe is that the run has announced it (see `ports.Lanes`).
        LOADED: this very row is stored, by this run or an earlier attempt.
        STALE: something newer is stored.
        DUPLICATE: a later row of the same object version is stored.
    """
    if stored_token is None:
        return Decision.WRITE
    if stored_token < token:
        return Decision.UNCHANGED if equal else Decision.WRITE
    if stored_token == token:
        return Decision.LOADED
    return Decision.DUPLICATE if mine else Decision.STALE
