"""Chains of messages: how often one delivery may lead to the next.

A worker that runs out of time sends itself a message, a withdrawal that goes on does, and an item
that is written over has other versions rechecked. Each of them gets further, so every chain ends
by itself. Should one not, through a mistake of ours, it ends here: in the dead-letter queue, with
the reason, and an operator who gives the message back begins a new chain.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.domain.ports import EndedChains, WorkQueue
    from inventory.domain.work import WorkMessage

#: Messages of one chain. Whole invocations of a large file's worker take more than nine days
#: for as many; Lambda's own detection, which the chunk processor is exempt from, allows 16.
#: Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
MOST_HOPS = 1_000

CODE = "ChainTooLong"
_REASON = (
    f"A delivery of this object version led to another one {MOST_HOPS} times in a row, which looks "
    "like a loop. Look at its record and at the function's log; `inventory redrive --kind events` "
    "has it go on."
)


class Chain:
    """The work queue behind `ports.WorkQueue`, for all that follows from one delivery at a time.

    Args:
        work: The work queue.
        ended: Where chains end that are too long.
    """

    def __init__(self, work: WorkQueue, ended: EndedChains) -> None:
        self._work = work
        self._ended = ended
        self._hops = 0

    def go_on(self, hops: int) -> None:
        """Count from a delivery on.

        Args:
            hops: Messages that led to it.
        """
        self._hops = hops

    def send(self, messages: Sequence[WorkMessage], *, delay_seconds: int = 0) -> None:
        """Send every message, or end the chain; see `ports.WorkQueue`."""
        if self._hops < MOST_HOPS:
            counted = [replace(each, hops=self._hops + 1) for each in messages]
            self._work.send(counted, delay_seconds=delay_seconds)
        else:
            self._ended.send(messages, CODE, _REASON)
