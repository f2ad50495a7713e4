"""Pieces of the summary page: escaped text, figures and sortable tables."""

from __future__ import annotations

import html
import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Protocol

from inventory.domain.summary.exact import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Characters that no font shows and that HTML or SVG do not allow; a feed may hold them.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


# Stands for an empty category or profile.
UNNAMED = "(none)"
# Stands for the error of rejected rows whose record gives none.
UNSPECIFIED = "(unspecified)"


class Bar(NamedTuple):
    """One bar of a chart.

    Attributes:
        label: What it stands for.
        value: Its length.
        text: The figure written beside it.
    """

    label: str
    value: Decimal
    text: str


class DrawBars(Protocol):
    """Draws horizontal bars as one inline SVG element without scripts, styles or links."""

    def __call__(self, title: str, bars: Sequence[Bar]) -> str:
        """The SVG element.

        Args:
            title: What the chart shows, for screen readers.
            bars: The bars from top to bottom, at least one.
        """


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: Its heading.
        numeric: Whether its cells are figures: set right and sorted by size.
    """

    title: str
    numeric: bool = False


Cell = str | int | Decimal


def printable(text: str) -> str:
    """Text without control characters, each replaced by a visible sign.

    Args:
        text: Text of a feed.
    """
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def escape(text: str) -> str:
    """Text as HTML shows it, in content and in quoted attributes.

    Args:
        text: Text of a feed.
    """
    return html.escape(printable(text))


def figure(value: Decimal | int) -> str:
    """A number for people: exact, thousands apart.

    Args:
        value: Any finite number.
    """
    if isinstance(value, int):
        return f"{value:,}"
    whole, point, fraction = plain(value).partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,}{point}{fraction}"


def signed(value: Decimal | int) -> str:
    """A difference for people: with its sign, and `±0` for none.

    Args:
        value: Any finite number.
    """
    if value == 0:
        return "±0"
    return figure(value) if value < 0 else f"+{figure(value)}"


def minute(moment: str) -> str:
    """A stored time for people, to the minute.

    Args:
        moment: `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
    """
    return f"{moment[:10]} {moment[11:16]} UTC" if moment.endswith("Z") else moment


def table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> str:
    """A table whose headings sort it; it scrolls sideways inside itself on a narrow screen.

    Args:
        caption: What it holds, also the name of its scrolling region.
        columns: Its columns.
        rows: Cells in the order of the columns; numbers are written as figures.
    """
    heads = "".join(
        f'<th scope="col"{_class(column)}><button type="button">{escape(column.title)}'
        "</button></th>"
        for column in columns
    )
    body = "".join(f"<tr>{_cells(columns, row)}</tr>\n" for row in rows)
    label = escape(caption)
    return (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">\n'
        f"<table><caption>{label}</caption>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{body}</tbody></table></div>\n"
    )


def _class(column: Column) -> str:
    return ' class="number"' if column.numeric else ""


def _cells(columns: Sequence[Column], row: Sequence[Cell]) -> str:
    parts = []
    for column, cell in zip(columns, row, strict=True):
        if isinstance(cell, str):
            parts.append(f"<td{_class(column)}>{escape(cell)}</td>")
        else:
            value = plain(cell) if isinstance(cell, Decimal) else str(cell)
            parts.append(f'<td{_class(column)} data-value="{value}">{figure(cell)}</td>')
    return "".join(parts)
