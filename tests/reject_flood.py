"""Publishes many rejects in a process that can write no byte to a disk.

Prints by how many bytes the process grew at the peak, the size of the reject file in the bucket,
and how many messages were sent.
"""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING, Any

from inventory.adapters.s3_reports import S3Reports
from inventory.domain.errors import ErrorCode
from inventory.domain.model import ObjectVersion, Reject
from inventory.domain.order import base_of
from inventory.domain.publishing import RejectDestinations, RejectPublisher
from inventory.domain.reading import BytesSource, ProfileSet, open_feed
from inventory.domain.rejects import piece_key
from s3_wire import WireS3

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Bytes of rejects that the reader gives at once, and of a part of an upload.
_AT_ONCE = 1 << 20


class Counting:
    """A queue that counts."""

    def __init__(self) -> None:
        self.messages = 0

    def send(self, _: str, bodies: Sequence[dict[str, Any]]) -> None:
        """See `ports.RejectQueue`."""
        self.messages += len(bodies)


def batches(megabytes: int, row_bytes: int) -> Iterator[list[Reject]]:
    """Rejects as the reader gives them."""
    rows = (megabytes << 20) // row_bytes + 1
    per_batch = _AT_ONCE // row_bytes + 1
    for first in range(0, rows, per_batch):
        yield [
            Reject(
                line=line + 2,
                byte_offset=line * row_bytes,
                error=ErrorCode.TYPE_ERROR,
                message="quantity 'none' is not a plain decimal number",
                column="quantity",
                value="none",
                row=f"S{line},none,{'x' * row_bytes}",
                cells=(f"S{line}", "none", "x" * row_bytes),
            )
            for line in range(first, min(first + per_batch, rows))
        ]


def main(megabytes: int, row_bytes: int) -> None:
    """Publish rejects of this size altogether, each with a row of this size."""
    bucket, queue = WireS3(smallest_part=_AT_ONCE), Counting()
    reports = S3Reports(bucket.client(), "reports", part_bytes=_AT_ONCE)
    source = BytesSource(b"sku,quantity,name\nS,1,n\n")
    version = ObjectVersion(bucket="b", key="a.csv", version_id="v", etag="e", size_bytes=1)
    publisher = RejectPublisher(
        RejectDestinations(queue=queue, reports=reports, message_limit=1000),
        version=version,
        feed=open_feed(source, key="a.csv", profiles=ProfileSet()),
        base=base_of("2026-11-22T20:00:00.000000Z", ""),
        timestamp="2026-11-22T20:00:00.000000Z",
        piece_key=piece_key(version, "run"),
        message_limit=1000,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for rejects in batches(megabytes, row_bytes):
        publisher.add(rejects)
    publisher.finish()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    kept = sum(len(part) for stored in bucket.stored.values() for part in stored.packed)
    size = bucket.stored["rejects/a.csv/v.csv"].size
    sys.stdout.write(f"{(peak << 10) - kept} {size} {queue.messages}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
