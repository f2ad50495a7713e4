"""What a part leaves behind for the other parts of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.domain.chunks.keys import KeyFilter

if TYPE_CHECKING:
    from inventory.domain.order import Tokens


class PartTrace:
    """Which items a part changed and which rows it left alone; the writer keeps it.

    Args:
        tokens: Tokens of the object version.
        start_line: Physical line on which the part begins, or the range that it is the rest of:
            no other part has rows in between.

    Attributes:
        overtook: Keys of items that other parts may have read before this part changed them.
        skips: Rows left alone because an older item was equal.
        over_own: Writes over a row of the same object version that another part wrote.
        over_foreign: Writes over a row of another one.
    """

    __slots__ = ("_first_token", "over_foreign", "over_own", "overtook", "skips")

    def __init__(self, tokens: Tokens, start_line: int) -> None:
        self._first_token = tokens.of(start_line, None)
        self.overtook = KeyFilter()
        self.skips = 0
        self.over_own = 0
        self.over_foreign = 0

    def may_rely_on(self, own_token: str, *, timed: bool) -> bool:
        """Whether a row may be left alone because an older row of its own file is equal.

        Between that row and this one there may be another in a part that is not done yet; only
        inside one part, and in the order of the lines, there is not.

        Args:
            own_token: Stored token of the same object version.
            timed: Whether rows have times of their own.
        """
        return not timed and own_token >= self._first_token
