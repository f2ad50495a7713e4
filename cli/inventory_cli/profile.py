"""`inventory profile`: an entry for the feeds file, proposed from a file and tried on it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inventory_cli.check import PathSource, check_file, show
from inventory_cli.errors import CliError
from inventory_cli.exits import Exit
from inventory_cli.feeds_option import FeedsEnvironmentOption, FeedsOption, feeds_path, load_feeds
from inventory_cli.local_files import STANDARD_INPUT, can_ask, local_files
from inventory_cli.profile_guess import (
    Choice,
    Guess,
    against_stock,
    as_toml,
    guess,
    proposal,
    store_patterns,
)
from inventory_cli.rendering import say

if TYPE_CHECKING:
    from collections.abc import Sequence

_ERRORS = 5
#: What a field is called in a question.
_QUESTIONS = {"sku": "the SKU", "quantity": "the stock", "location": "the location"}
_EXAMPLES = 3
_NONE = "none"
#: Text in columns that blanks part, as lists for printers are.
_FIXED_PLACES = re.compile(rb"(?:^[^,;|\t\r\n]*\S {2,}\S[^,;|\t\r\n]*\r?\n){3}", re.MULTILINE)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(profile)


def profile(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Files of one kind, as they were exported; - for standard input.",
        ),
    ],
    *,
    sku: Annotated[str | None, typer.Option(metavar="LABEL", help="Column of the SKU.")] = None,
    quantity: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Column of the stock.")
    ] = None,
    location: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Column of the location.")
    ] = None,
    constant: Annotated[
        str | None,
        typer.Option("--at", metavar="LOCATION", help="The one location of every row."),
    ] = None,
    stores: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="Columns of which each is the stock of one location, as 'In stock [*]'.",
        ),
    ] = None,
    stores_after: Annotated[
        str | None,
        typer.Option(metavar="LABEL", help="Column after which each is that of one location."),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL", help="Column of the time as of which a row's stock is meant."
        ),
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option("--prefix", metavar="PREFIX", help="Key prefix of such files, as shop-b/."),
    ] = None,
    add_up: Annotated[
        bool,
        typer.Option("--sum", help="Add up rows of one SKU and location, such as bins and lots."),
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Add the entry to the feeds file.")
    ] = False,
    feeds: FeedsOption = None,
    environment: FeedsEnvironmentOption = "dev",
) -> None:
    """Propose a profile for files that none fits, and what would load.

    Asks where it is in doubt, or takes options. Exit code 1: with the proposal rows would be
    rejected or contradict each other, none is stock, or a column says that the file may be none;
    2: nothing in the file looks like stock.
    """
    known = load_feeds(feeds, environment)
    files = local_files(files, STANDARD_INPUT)
    fitting = check_file(files[0], known, errors=_ERRORS)
    given = [label for label in (sku, quantity, location, stores_after, time) if label is not None]
    if fitting.refused is None and not given and stores is None:
        say(f"{files[0]} needs no profile of your own:", "ok")
        show(fitting, _ERRORS)
        if fitting.needs_attention:
            raise typer.Exit(Exit.ATTENTION)
        return
    found = _guess(files[0], given)
    choice = Choice(
        sku=_chosen(found, "sku", sku),
        quantity=""
        if stores is not None or stores_after is not None
        else _chosen(found, "quantity", quantity),
        stores=stores or "",
        stores_after=stores_after or "",
        time=time or "",
        constant=constant or "default",
    )
    if choice.quantity.count("*") == 1 and choice.quantity not in found.labels:
        choice = replace(choice, quantity="", stores=choice.quantity)
    if not choice.quantity and not choice.location_columns(found.labels):
        raise typer.BadParameter(f"no column fits it; there are {', '.join(found.labels)}")
    if choice.quantity and constant is None and (location or found.columns["location"]):
        choice = replace(choice, location=_chosen(found, "location", location))
    name = re.sub(r"[^a-z0-9]+", "_", files[0].stem.casefold()).strip("_") or "own"
    prefix = prefix or f"{name}/"
    try:
        entry = proposal(found, choice)
    except ValueError as error:
        raise typer.BadParameter(f"--time {time!r} {error}") from None
    if add_up:
        entry["on_duplicate"] = "sum"
    text = as_toml(name, entry, prefix, found.sheet)
    _try(files, text, prefix, write=write, path=feeds_path(feeds, environment))
    if doubts := against_stock(entry["attributes"], found.labels):
        for doubt in doubts:
            say(f"is it stock at all? {doubt}", "warn")
        raise typer.Exit(Exit.ATTENTION)


def _guess(file: Path, given: Sequence[str]) -> Guess:
    """What a file seems to be; ends the command where it is no table of stock."""
    from inventory.domain.errors import BadFileError
    from inventory.domain.reading.header import beginnings

    try:
        texts = beginnings(PathSource(file), file.name)
    except BadFileError as error:
        say(f"{file}: {error.message}", "fail")
        raise typer.Exit(Exit.REFUSED) from None
    found = guess(texts, given)
    if found is not None:
        return found
    if given and guess(texts) is not None:
        raise typer.BadParameter(f"no line of {file} has the columns {', '.join(given)}")
    say(f"{file}: no line of it looks like a header with a SKU", "fail")
    if any(map(_FIXED_PLACES.search, texts.values())):
        say(
            "  blanks part its columns: open it in a spreadsheet, as columns of fixed width, and "
            "save it as CSV (UTF-8) or as .xlsx"
        )
    else:
        say("  name its columns: --sku LABEL --quantity LABEL")
    raise typer.Exit(Exit.REFUSED)


def _try(files: Sequence[Path], text: str, prefix: str, *, write: bool, path: Path) -> None:
    """Show what would load with an entry, and add it to the feeds file if that is wanted."""
    import tomllib

    from inventory.domain.reading import ProfileSet
    from inventory.feeds_file import FeedsFileError, feeds_from

    present = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        feeds_from(tomllib.loads(f"{present}\n{text}"))
        profiles = ProfileSet(**feeds_from(tomllib.loads(text)))
    except (tomllib.TOMLDecodeError, FeedsFileError) as error:
        raise CliError(f"the entry does not go into {path}: {error}\n{text}") from None
    reports = [
        check_file(file, profiles, errors=_ERRORS, key=f"{prefix}{file.name}") for file in files
    ]
    for report in reports:
        show(report, _ERRORS)
    # As it is, for a file: neither wrapped nor coloured.
    typer.echo(f"\n{text}")
    if write:
        path.write_text(f"{present.rstrip()}\n\n{text}".lstrip(), encoding="utf-8")
        say(f"added to {path}; files below {prefix} are read by it after the next deployment", "ok")
    else:
        say(f"Add it to {path.name}, or run this again with --write; --prefix names the folder.")
    if any(report.refused for report in reports):
        raise typer.Exit(Exit.REFUSED)
    if any(report.conflicting for report in reports):
        say("Are rows of one SKU and location parts of its stock (bins, lots)? Then say --sum.")
    if any(report.needs_attention for report in reports):
        raise typer.Exit(Exit.ATTENTION)


def _chosen(found: Guess, name: str, given: str | None) -> str:
    """The label of a field as given, as found, or as answered; "" for no location."""
    if given is not None:
        return given
    candidates = found.columns[name]
    if len(candidates) == 1:
        return candidates[0]
    numbers = [label for label in filter(None, found.labels) if found.holds_numbers(label)]
    choices = candidates or (numbers if name == "quantity" else list(filter(None, found.labels)))
    patterns = store_patterns(found) if name == "quantity" else []
    option = f"--{name}"
    if not can_ask():
        or_stores = "".join(f"; or --stores {pattern!r}" for pattern in patterns[:1])
        listed = ", ".join(choices)
        raise typer.BadParameter(
            f"which column is {_QUESTIONS[name]}? Say {option} LABEL, of: {listed}{or_stores}"
        )
    choices = [*choices, *patterns, *([_NONE] if name == "location" else [])]
    say(f"Which column is {_QUESTIONS[name]}?")
    for number, label in enumerate(choices, 1):
        say(f"  {number}  {label}{_examples(found, label)}")
    while True:
        answer = str(typer.prompt(f"{option} (number or label)", default="1")).strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(choices) and answer not in found.labels:
            answer = choices[int(answer) - 1]
        if answer in found.labels or answer in patterns:
            return answer
        if name == "location" and answer == _NONE:
            return ""
        say(f"  {answer!r} is none of them", "warn")


def _examples(found: Guess, label: str) -> str:
    """The first cells of a column, or the columns of a pattern."""
    if label in found.labels:
        cells = list(filter(None, found.cells(label)))[:_EXAMPLES]
        return f": {', '.join(cells)}" if cells else ""
    if label == _NONE:
        return ""
    columns = Choice(sku="", stores=label).location_columns(found.labels)
    return f", each a location: {', '.join(columns)}"
