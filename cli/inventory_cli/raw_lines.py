"""The raw text of a record in a stored file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.domain.errors import BadFileError
from inventory.domain.reading import open_feed
from inventory.domain.reading.grammar import grammar_of, physical_lines

if TYPE_CHECKING:
    from inventory.domain.ports import FeedSource
    from inventory.domain.reading import ProfileSet


def raw_record(source: FeedSource, *, key: str, profiles: ProfileSet, line: int) -> str | None:
    """The record that begins on a line, as it stands in the file; None when it cannot be told.

    Args:
        source: The file's bytes.
        key: Its object key, which may pin a profile.
        profiles: Profiles it may follow.
        line: Physical line, counted from 1 as in rejects and items.
    """
    try:
        feed = open_feed(source, key=key, profiles=profiles)
        for span in feed.spans():
            lines = physical_lines(span.text)
            at = line - span.line
            if at >= len(lines):
                continue
            record = grammar_of(feed.delimiter, quoted=feed.quoted).record.match(
                "".join(lines[at:])
            )
            return None if record is None else record[0].rstrip("\r\n")
    except BadFileError:
        return None
    return None
