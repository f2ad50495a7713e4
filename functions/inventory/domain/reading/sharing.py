"""A file that several workers read, each settling the rows of its own SKUs.

Every worker reads all the text, for only that tells where records begin; but a record of another
worker is told by its SKU, before its other cells are split or converted.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from inventory.domain.keysets import encoded
from inventory.domain.reading.grammar import physical_lines
from inventory.domain.reading.profiles import SkuForm
from inventory.domain.reading.quantities import is_unusual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.domain.reading.grammar import Grammar
    from inventory.domain.reading.rows import RecordMapper


@dataclass(frozen=True, slots=True)
class Share:
    """The rows of a file that one of its workers settles.

    Attributes:
        index: Of the worker, from 0. Worker 0 accounts for the whole file besides: it alone gives
            rejects and skips, and counts the rows of the others.
        workers: How many workers share the file.
    """

    index: int
    workers: int

    @staticmethod
    def of(sku: str, workers: int) -> int:
        """Return the index of the worker that settles the rows of a SKU.

        It is the CRC-32 of the SKU in UTF-8, modulo the workers: the same on every machine and in
        every release, so that a worker that goes on after an update settles the same rows.

        Example:
            >>> [Share.of(sku, 8) for sku in ("A1", "A2", "B1")]
            [1, 3, 2]
        """
        return crc32(sku.encode("utf-8", "surrogatepass")) % workers


class OwnRecords(NamedTuple):
    """The records of one share in some text.

    Attributes:
        lines: Physical lines of the text.
        starts: Index of the line on which each record of the text begins, and of the end.
        own: Which of the records are of the share.
    """

    lines: list[str]
    starts: Sequence[int]
    own: list[int]

    def gathered(self, records: Sequence[int]) -> tuple[list[str], Sequence[int]]:
        """Return the lines of some of the records, and where in these the records begin."""
        lines, starts = self.lines, self.starts
        if len(starts) > len(lines):
            return [lines[record] for record in records], range(len(records) + 1)
        spans = [(starts[record], starts[record + 1]) for record in records]
        return (
            list(chain.from_iterable(lines[start:stop] for start, stop in spans)),
            list(accumulate((stop - start for start, stop in spans), initial=0)),
        )


class ShareReader:
    """Finds the records of one share in well-formed text.

    Args:
        share: The share.
        grammar: Of the feed.
        mapper: Tells the SKU of a record.
    """

    def __init__(self, share: Share, grammar: Grammar, mapper: RecordMapper) -> None:
        self._share = share
        self._grammar = grammar
        self._mapper = mapper
        layout = mapper.layout
        self._at = layout.indexes["sku"]
        self._cells = max(self._at, layout.sku_fallback or 0) + 1
        profile = layout.profile
        whole_cell = profile.sku_form in {SkuForm.PLAIN, SkuForm.SINGLE}
        self._plain = (layout.sku_fallback is None and whole_cell) and not (
            profile.formula_guard or layout.corrected
        )

    def find(self, text: str) -> OwnRecords:
        """Return the records of the share.

        Args:
            text: Whole, well-formed records.
        """
        lines = physical_lines(text)
        plain = self._plain and not is_unusual(text)
        if self._grammar.has_quotes(text):
            # Each record holds an even number of quotes, and wherever a line ends inside of one,
            # their number is odd so far.
            quotes = accumulate(line.count('"') for line in lines)
            starts = [0, *(stop for stop, count in enumerate(quotes, 1) if not count & 1)]
            records = lines
            if len(starts) <= len(lines):
                records = ["".join(lines[start:stop]) for start, stop in pairwise(starts)]
            return OwnRecords(lines, starts, self._own(self._quoted_skus(records, plain=plain)))
        skus = self._skus(lines, plain=plain)
        return OwnRecords(lines, range(len(lines) + 1), self._own(skus))

    def _own(self, skus: Sequence[str]) -> list[int]:
        # As `Share.of` says of each.
        index, workers = self._share.index, self._share.workers
        crcs = map(crc32, encoded(skus))
        return [record for record, crc in enumerate(crcs) if crc % workers == index]

    def _skus(self, records: Sequence[str], *, plain: bool) -> list[str]:
        """Return the SKU of each record without quotes, "" where it is too short to have one."""
        delimiter, depth = self._grammar.delimiter, self._cells
        if plain:
            at = self._at
            with suppress(IndexError):
                return [record.split(delimiter, depth)[at].strip() for record in records]
        return [self._sku(record.split(delimiter, depth)) for record in records]

    def _quoted_skus(self, records: Sequence[str], *, plain: bool) -> list[str]:
        delimiter, depth = self._grammar.delimiter, self._cells
        # No quote among the cells that hold the SKU: they end at delimiters.
        simple = [
            (quote := record.find('"')) < 0 or record.count(delimiter, 0, quote) >= depth
            for record in records
        ]
        if all(simple):
            return self._skus(records, plain=plain)
        quoted = self._grammar.reader(
            [record for record, is_simple in zip(records, simple, strict=True) if not is_simple]
        )
        return [
            self._sku(record.split(delimiter, depth) if is_simple else next(quoted))
            for record, is_simple in zip(records, simple, strict=True)
        ]

    def _sku(self, cells: Sequence[str]) -> str:
        return self._mapper.sku(cells) if len(cells) >= self._cells else ""
