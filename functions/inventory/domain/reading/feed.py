"""A feed: rows, rejects and skips of one file, in batches and in bounded memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inventory.domain.reading.archives import Archive, open_unpacked
from inventory.domain.reading.batching import Batcher
from inventory.domain.reading.blocks import BLOCK_BYTES, text_blocks
from inventory.domain.reading.corrections import names_reject_file
from inventory.domain.reading.encodings import FeedEncoding
from inventory.domain.reading.grammar import grammar_of
from inventory.domain.reading.header import FeedStart, of_sheet, open_header
from inventory.domain.reading.layout import layout_of, stripped_reject_file
from inventory.domain.reading.matching import ProfileSet
from inventory.domain.reading.profiles import OnDuplicate
from inventory.domain.reading.records import RecordSplitter
from inventory.domain.reading.repeated import repeated_keys
from inventory.domain.reading.rows import RecordMapper
from inventory.domain.reading.sources import FullReads
from inventory.domain.reading.workbooks import SheetSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inventory.domain.model import Batch
    from inventory.domain.reading.layout import Layout
    from inventory.domain.reading.records import TextSpan
    from inventory.domain.reading.sharing import Share
    from inventory.domain.reading.sources import FeedSource


def open_feed(
    source: FeedSource,
    *,
    key: str,
    profiles: ProfileSet,
    latest: str = "",
    block_bytes: int = BLOCK_BYTES,
) -> Feed:
    """A feed whose packing, encoding, dialect, profile and header are understood.

    Args:
        source: The file as stored; opened two to four times.
        key: Its object key, which may pin a profile.
        profiles: Profiles it may follow.
        latest: Latest time that a row may state, ISO 8601 UTC; "" for any.
        block_bytes: Read at a time; what the feed gives does not depend on it.

    Raises:
        BadFileError: The file is refused; nothing of it may load.
    """
    start = open_header(source, key, profiles)
    if names_reject_file(key) and not start.layout.corrected:
        raise stripped_reject_file(by_name=True)
    start = replace(start, layout=replace(start.layout, latest=latest))
    return Feed(start, profiles=profiles, block_bytes=block_bytes)


def continue_feed(
    state: Mapping[str, Any],
    source: FeedSource,
    *,
    start_byte: int,
    start_line: int,
    latest: str = "",
    block_bytes: int = BLOCK_BYTES,
) -> Feed:
    """A feed from a record boundary on.

    Args:
        state: `Feed.state()` of the feed this one continues.
        source: The same file as stored.
        start_byte: A `Batch.next_byte_offset` of that feed.
        start_line: The physical line there.
        latest: As for `open_feed`.
        block_bytes: Read at a time.
    """
    own = state["own_profile"]
    profiles = ProfileSet({state["profile"]: own} if own else {})
    profile = next(profile for profile in profiles if profile.name == state["profile"])
    locations = state["locations"]
    layout = replace(
        layout_of(profile, tuple(state["header"]), state["delimiter"]),
        locations=None if locations is None else frozenset(locations),
        on_duplicate=OnDuplicate(state["on_duplicate"]),
        points=frozenset(state["points"]),
        timeless=state["timeless"],
        latest=latest,
    )
    sheet = state["sheet"]
    if sheet is not None:
        source, layout = SheetSource(source, sheet), of_sheet(layout)
    first = FeedStart(
        source=source,
        archive=Archive(state["archive"]),
        packed=Archive(state["archive"]),
        layout=layout,
        encoding=FeedEncoding(state["encoding"]),
        body_byte=state["first_byte"],
        body_line=state["first_line"],
        sheet=sheet,
    )
    start = replace(first, body_byte=start_byte, body_line=start_line)
    return Feed(start, profiles=profiles, block_bytes=block_bytes, first=first)


class Feed:
    """The rows of one file, or of a part of it. Made by `open_feed` and `continue_feed`.

    Args:
        start: What is known of the file, and where to begin.
        profiles: The set its profile is of.
        block_bytes: Read at a time.
        first: The same, to begin with the first record. Default: the start.
    """

    def __init__(
        self,
        start: FeedStart,
        *,
        profiles: ProfileSet,
        block_bytes: int,
        first: FeedStart | None = None,
    ) -> None:
        self._start = start
        self._first = first or start
        self._profiles = profiles
        self._block_bytes = block_bytes
        self._layout = start.layout

    @property
    def layout(self) -> Layout:
        """What its columns mean."""
        return self._layout

    @property
    def profile(self) -> str:
        """Name of the profile it follows."""
        return self._layout.profile.name

    @property
    def header(self) -> tuple[str, ...]:
        """Its columns as fed, without those that a reject file appends."""
        return self._layout.columns

    @property
    def delimiter(self) -> str:
        """The separator of its cells."""
        return self._layout.delimiter

    @property
    def quoted(self) -> bool:
        """Tell whether quotes quote."""
        return self._layout.profile.quoted

    @property
    def corrected(self) -> bool:
        """Tell whether it is a reject file that comes back, hence a part of its feed's stock."""
        return self._layout.corrected

    @property
    def start_byte(self) -> int:
        """Byte of the unpacked file at which its first record begins."""
        return self._start.body_byte

    @property
    def start_line(self) -> int:
        """Physical line on which its first record begins."""
        return self._start.body_line

    def state(self) -> dict[str, Any]:
        """State of the file for `continue_feed`; survives JSON."""
        locations = self._layout.locations
        return {
            "profile": self.profile,
            "locations": None if locations is None else sorted(locations),
            "on_duplicate": str(self._layout.on_duplicate),
            "first_byte": self._first.body_byte,
            "first_line": self._first.body_line,
            "own_profile": self._profiles.own_data(self.profile),
            "points": sorted(self._layout.points),
            "timeless": self._layout.timeless,
            "header": list(self._layout.header),
            "delimiter": self.delimiter,
            "encoding": self._start.encoding.name,
            "archive": str(self._start.packed),
            "sheet": self._start.sheet,
        }

    def spans(self) -> Iterator[TextSpan]:
        """The feed's text, split into well-formed and damaged spans."""
        start = self._start
        splitter = RecordSplitter(
            grammar_of(self.delimiter, quoted=self.quoted),
            RecordMapper(self._layout),
            start.encoding,
            line=self.start_line,
            byte_offset=self.start_byte,
        )
        unpacked = open_unpacked(start.source, start.archive, self.start_byte)
        with FullReads(unpacked) as stream:
            blocks = text_blocks(stream, start.encoding, block_bytes=self._block_bytes)
            yield from splitter.split(blocks)

    def batches(self, max_rows: int = 1000, share: Share | None = None) -> Iterator[Batch]:
        """Give the feed from its beginning, in batches of at most `max_rows` rows.

        A feed with more locations than `max_rows` gives all rows of one record together.

        Args:
            max_rows: Most rows, rejects and skips of a batch.
            share: Whose rows to give; None for all. The batches of all shares together give what
                the feed gives: each row in one of them, and rejects and skips in that of worker 0.
        """
        self._settle()
        return Batcher(self._layout, self._start.encoding, max_rows, share).batches(
            self.spans(), line=self.start_line, byte_offset=self.start_byte
        )

    def in_parts(self) -> Feed:
        """Return the same feed, but where rows of a key are added each states its own part.

        Then the quantities of all rows add up to the stock. A row is not refused because of another
        one of its key.
        """
        if self._layout.on_duplicate is not OnDuplicate.SUM:
            return self
        layout = replace(self._layout, on_duplicate=OnDuplicate.LAST, repeated={})
        start = replace(self._start, layout=layout)
        return Feed(start, profiles=self._profiles, block_bytes=self._block_bytes)

    def _settle(self) -> None:
        """Learn which keys the file repeats, if that means something.

        Raises:
            BadFileError: It has more keys than can be remembered.
        """
        on_duplicate = self._layout.on_duplicate
        if on_duplicate is OnDuplicate.LAST or self._layout.repeated:
            return
        plain = replace(self._first, layout=replace(self._layout, on_duplicate=OnDuplicate.LAST))
        mapper = RecordMapper(plain.layout)
        whole = Feed(plain, profiles=self._profiles, block_bytes=self._block_bytes)
        self._layout = replace(
            self._layout, repeated=repeated_keys(whole.batches(), mapper, on_duplicate)
        )
