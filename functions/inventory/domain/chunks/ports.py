"""What the parts of a file need of the world, besides what whole files need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from inventory.domain.chunks.model import PartReport, Place
    from inventory.domain.ports import FeedSource
    from inventory.domain.reading.feed import Feed


class PartLedger(Protocol):
    """Reports of the parts, each entered once."""

    def get(self, job: str, place: Place) -> PartReport | None:
        """The report of a part, strongly consistent; None while it is not done."""
        ...

    def enter(self, job: str, place: Place, report: PartReport, *, expires_at: int) -> bool:
        """Enter the report of a part; one that ends a chunk is counted in the same transaction.

        Returns:
            False when the part has a report already; then nothing changed.
        """
        ...

    def done(self, job: str, round_: int) -> int:
        """Chunks of a round that are done, strongly consistent."""
        ...

    def reports(self, job: str, round_: int) -> Iterator[tuple[Place, PartReport]]:
        """All reports of a round, in the order of the places, strongly consistent."""
        ...


class PartStore(Protocol):
    """What is too large for a report."""

    def put(self, key: str, body: BinaryIO) -> None:
        """Store something.

        Raises:
            RetryableError: It was not taken.
        """
        ...

    def open(self, key: str) -> BinaryIO:
        """A stream of what was stored.

        Raises:
            RetryableError: It was not given.
        """
        ...

    def join(self, key: str, beginning: bytes, parts: list[str]) -> None:
        """Store the file that begins so and goes on with these stored parts.

        Args:
            key: Key in the reports bucket.
            beginning: First bytes.
            parts: Keys of what `put` stored.

        Raises:
            RetryableError: It was not taken.
        """
        ...


class OpenPart(Protocol):
    """Opens a range of a feed; see `reading.continue_feed`."""

    def __call__(
        self,
        state: dict[str, Any],
        source: FeedSource,
        *,
        start_byte: int,
        start_line: int,
        end_byte: int | None = None,
    ) -> Feed:
        """The feed from a place between two records on."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkPorts:
    """What processing in parts needs of the world.

    Attributes:
        open_part: The reader.
        parts: Reports of the parts.
        store: What is too large for them.
        large_object_bytes: Larger objects are processed in parts.
        chunk_bytes: Bytes of a chunk.
    """

    open_part: OpenPart
    parts: PartLedger
    store: PartStore
    large_object_bytes: int
    chunk_bytes: int
