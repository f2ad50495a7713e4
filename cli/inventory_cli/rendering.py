"""Output for people and for scripts.

What is asked for goes to standard output; progress and remarks go to standard error, so that
`--json` can be piped. Text of feeds and services never reaches the terminal as control codes.
"""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from inventory_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

STYLES = {
    "ok": "green",
    "warn": "yellow",
    "fail": "bold red",
    "COMPLETED": "green",
    "IN_PROGRESS": "yellow",
    "FAILED": "bold red",
    "HELD": "bold red",
    "WITHDRAWN": "yellow",
}

# A folded column is at least so wide, unless its cells are all shorter: one of three characters
# cannot be read.
_FOLDED_WIDTH = 12

# A number as `decimal_text` writes it; what is nothing more is run by no spreadsheet.
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def printable(value: object) -> str:
    """Text of a value in which control characters are shown, not obeyed.

    Args:
        value: Anything; None gives "".
    """
    if value is None:
        return ""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in str(value)
    )


def figure(number: float | Decimal | str) -> str:
    """A number with separators between thousands and all its digits.

    Args:
        number: A number, or its decimal text as documents hold it.
    """
    if isinstance(number, str):
        number = Decimal(number)
    return f"{number:,f}" if isinstance(number, Decimal) else f"{number:,}"


def money(dollars: float) -> str:
    """An amount of US dollars with two decimals."""
    return f"${dollars:,.2f}"


def minute(moment: str) -> str:
    """A stored time to the minute, such as `2026-11-22 20:18`.

    Args:
        moment: ISO 8601 UTC, as stored.
    """
    return moment[:16].replace("T", " ")


def age(moment: datetime, now: datetime) -> str:
    """How long ago something was, in its largest unit.

    Args:
        moment: When it was.
        now: The present.
    """
    seconds = max(0, int((now - moment).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def parse_moment(text: str) -> datetime | None:
    """A stored ISO 8601 time in UTC; None where there is none.

    Args:
        text: Such as `2026-11-22T20:18:05.000000Z`.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the first and the last day are not there in every zone
        return None


def emit_json(value: object) -> None:
    """Print a value as JSON on standard output."""
    # JSON has its own escapes for what another encoding lacks.
    text = json.dumps(value, indent=2, ensure_ascii=not _is_utf_8(), default=_plain)
    sys.stdout.write(f"{text}\n")


def emit_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table as CSV on standard output, for spreadsheets: no cell is run as a formula.

    A byte order mark tells them that it is UTF-8; figures stay figures, negative ones too.

    Args:
        columns: Headings.
        rows: Cells.
    """
    from inventory.domain.summary.csv_document import cell

    if _is_utf_8():
        sys.stdout.write("\ufeff")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(
            [
                cell(each) if isinstance(each, str) and not _NUMBER.fullmatch(each) else each
                for each in row
            ]
        )


def say(text: str, style: str = "") -> None:
    """Print a line of the answer on standard output.

    Args:
        text: The line; printed as it is, without markup.
        style: One of `STYLES`, or a rich style.
    """
    Console(highlight=False, soft_wrap=True).print(
        Text(printable(text), style=STYLES.get(style, style))
    )


def remark(text: str) -> None:
    """Print a remark on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(printable(text), style="dim"))


def complain(text: str) -> None:
    """Print why a command failed, on standard error; Terraform's words keep their lines."""
    line = Text("inventory: ", style="bold red")
    line.append("\n".join(map(printable, text.splitlines())), style="not bold default")
    Console(stderr=True, highlight=False, soft_wrap=True).print(line)


def emit_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Sequence[str] = (),
    folded: Sequence[str] = (),
) -> None:
    """Print a table on standard output, all its characters: a figure that is cut is another figure.

    Where it is too narrow for that a terminal breaks the lines; into files and pipes go whole ones.

    Args:
        columns: Headings.
        rows: Cells; their text is printed as it is, a status in its colour.
        right: Headings of columns aligned to the right.
        folded: Headings of columns that take several lines where the terminal is narrow.
    """
    lines = [[printable(cell) for cell in row] for row in rows]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    spare = 0
    for at, column in enumerate(columns):
        widest = max(cell_len(text) for text in (column, *(line[at] for line in lines)))
        least = min(widest, _FOLDED_WIDTH) if column in folded else widest
        spare += widest - least
        table.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=column not in folded,
            min_width=least,
        )
    for line in lines:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in line))
    console = Console(highlight=False)
    width = console.measure(table, options=console.options.update(width=sys.maxsize)).maximum
    if console.is_terminal or "COLUMNS" in os.environ:
        width -= spare
    console.width = max(console.width, width)
    with console.capture() as captured:
        console.print(table)
    # Blanks up to the longest cell would fill lines of their own where the terminal is narrower.
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


@contextmanager
def progress(what: str, total: int | None, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, shown on terminals alone.

    Args:
        what: What is going on.
        total: Steps there are; None where that is not known.
        quiet: True to show nothing.

    Yields:
        A function that takes how many steps were made.
    """
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    ) as bar:
        task = bar.add_task(what, total=total)

        def advance(steps: int) -> None:
            bar.update(task, advance=steps)

        yield advance


def parse_since(text: str, now: datetime) -> datetime:
    """A moment as people give it: ISO 8601, so long ago (`90m`, `36h`, `7d`), or a day by name.

    Args:
        text: What was given; a time without a zone is UTC.
        now: The present.

    Raises:
        ValueError: It is neither.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if text in ("today", "yesterday"):
        return today if text == "today" else today - timedelta(days=1)
    units = {"m": "minutes", "h": "hours", "d": "days"}
    number, unit = text[:-1], text[-1:]
    if number.isascii() and number.isdigit() and unit in units:
        try:
            return now - timedelta(**{units[unit]: int(number)})
        except OverflowError:
            raise ValueError(f"{text!r} is too long ago") from None
    moment = parse_moment(text)
    if moment is None:
        raise ValueError(
            f"{text!r} is not a time such as 2026-11-22T20:18:05Z, an age such as 36h, today or "
            "yesterday"
        )
    return moment


def since_option(text: str) -> datetime:
    """The moment that a --since option gives, see `parse_since`.

    Raises:
        UsageError: It gives none.
    """
    try:
        return parse_since(text, datetime.now(UTC))
    except ValueError as error:
        raise UsageError(f"--since {error}") from error


def _is_utf_8() -> bool:
    """Tell whether standard output takes any character as it is."""
    return (sys.stdout.encoding or "").lower() in ("utf-8", "utf8")


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        # A number in any case: whoever adds up a field needs one type.
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
