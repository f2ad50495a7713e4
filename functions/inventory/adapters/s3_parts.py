"""What parts of large files store for one another, in the reports bucket."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from inventory.domain.rejects import REJECT_FILE_TYPE

if TYPE_CHECKING:
    from inventory.adapters.s3_reports import S3Reports


class S3Parts:
    """The reports bucket behind `chunks.ports.PartStore`.

    Idempotency: keys name one attempt at one part, and the joined file is a function of them.

    Args:
        reports: The reports bucket.
    """

    def __init__(self, reports: S3Reports) -> None:
        self._reports = reports

    def put(self, key: str, body: BinaryIO) -> None:
        """Store something; see `chunks.ports.PartStore`."""
        self._reports.put(key, body.read(), content_type="application/octet-stream")

    def open(self, key: str) -> BinaryIO:
        """A stream of what was stored; see `chunks.ports.PartStore`."""
        return io.BytesIO(self._reports.get(key))

    def join(self, key: str, beginning: bytes, parts: list[str]) -> None:
        """Store the file that these parts make; see `chunks.ports.PartStore`."""
        self._reports.join(key, parts, beginning=beginning, content_type=REJECT_FILE_TYPE)
