"""Holding a file that would take away more of its feed's stock than the feed's share.

A file whose export broke off in the middle, or that lists everything as sold out, is well formed;
what it would do to the stock is the only sign that something is wrong. So before anything of a
file loads, the sum of its quantities is compared with that of the last accepted file of its feed,
in the order of the files' times. The verdict stands until an operator releases or replays the file.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from inventory.domain.errors import ErrorCode, HeldFileError, OutOfTimeError
from inventory.domain.ingestions import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.domain.jobs import SegmentReport
    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import Deadline, Feed, FileSums, Ingestions
    from inventory.domain.reading.feed_settings import FeedSettings

#: Seconds that must be left to sum on; to pass on the sum takes far less.
RESERVE_SECONDS = 20.0


class StockDropHold:
    """Compares files with the last accepted file of their feed.

    Args:
        sums: Sums of files.
        ingestions: Tells which of them were accepted.
        deadline: Seconds left.
        feed_of: Gives the feed that an object key belongs to.
        batch_rows: Rows that are summed up together.
    """

    def __init__(
        self,
        sums: FileSums,
        ingestions: Ingestions,
        deadline: Deadline,
        *,
        feed_of: Callable[[str], FeedSettings],
        batch_rows: int = 1000,
    ) -> None:
        self._sums = sums
        self._ingestions = ingestions
        self._deadline = deadline
        self._feed_of = feed_of
        self._batch_rows = batch_rows

    def weigh(self, feed: Feed, report: SegmentReport) -> None:
        """Sum up a file as far as the time allows.

        Args:
            feed: The feed, from where the report ends.
            report: Brought forward; has `ended` when the whole file is summed up.

        Raises:
            BadFileError: The file cannot be read on.
            RetryableError: The time did not suffice for one batch.
        """
        total, progress = Decimal(report.quantity), False
        for batch in feed.in_parts().batches(self._batch_rows):
            if self._deadline.left() < RESERVE_SECONDS:
                if not progress:
                    raise OutOfTimeError("no time left to sum up the file")
                return
            total += sum(map(Decimal, batch.rows.quantities), start=Decimal(0))
            report.quantity = str(total)
            report.end_byte, report.end_line = batch.next_byte_offset, batch.next_line
            progress = True
        report.ended = True

    def judge(
        self, version: ObjectVersion, base: str, report: SegmentReport, *, released: bool
    ) -> None:
        """Note the sum of a file that may load, or refuse it.

        Args:
            version: The object version.
            base: Base of its tokens.
            report: One that has ended.
            released: True if an operator lets it in whatever it takes away.

        Raises:
            HeldFileError: It would take away more than the share.
        """
        settings, quantity = self._feed_of(version.key), Decimal(report.quantity)
        feed, share = settings.prefix, settings.max_stock_drop_share
        last = self._last(feed, base) if share else None
        if not released and last is not None and takes_too_much(last, quantity, share):
            raise HeldFileError(
                ErrorCode.CONSTRAINT_ERROR,
                f"The file holds a stock of {quantity:f} and the last one of {feed} held "
                f"{last:f}: it would take away more than the share of {share:f} that is "
                "allowed. It is held and nothing of it is loaded; look at it, and let it in with "
                f"`inventory release`.",
                column="quantity",
                value=f"{quantity:f}",
            )
        # Its record says whether it was accepted, so a sum may stand there before, and stay when
        # the file is held after all or withdrawn.
        self._sums.add(feed, base, version.object_id, quantity)

    def _last(self, feed: str, base: str) -> Decimal | None:
        """Sum of the last file before that was accepted and counts; None for none."""
        for object_id, quantity in self._sums.before(feed, base):
            record = self._ingestions.get(object_id)
            if record and record.accepted and record.status is not Status.WITHDRAWN:
                return quantity
        return None


def takes_too_much(last: Decimal, quantity: Decimal, share: Decimal) -> bool:
    """Tell whether a file takes away more of the stock than it may.

    Args:
        last: Stock of the last accepted file.
        quantity: Stock of the file.
        share: Share of it that may go; 0 for any.
    """
    return bool(share) and last > 0 and last - quantity > share * last
