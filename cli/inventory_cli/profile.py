"""`inventory profile`: an entry for the feeds file, proposed from a file and tried on it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inventory_cli.check import check_file, show
from inventory_cli.errors import CliError
from inventory_cli.exits import Exit
from inventory_cli.feeds_option import FeedsEnvironmentOption, FeedsOption, feeds_path, load_feeds
from inventory_cli.local_files import STANDARD_INPUT, local_files
from inventory_cli.profile_guess import Guess, against_stock, as_toml, guess, proposal
from inventory_cli.rendering import say

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROBE_BYTES = 1 << 18
_ERRORS = 5


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
    if fitting.refused is None and sku is None and quantity is None:
        say(f"{files[0]} needs no profile of your own:", "ok")
        show(fitting)
        if fitting.needs_attention:
            raise typer.Exit(Exit.ATTENTION)
        return
    found = guess(_beginning(files[0]))
    if found is None:
        say(f"{files[0]}: no line of it looks like a header with a SKU", "fail")
        if fitting.refused is not None:
            say(f"  {fitting.refused.message}")
        raise typer.Exit(Exit.REFUSED)
    chosen_sku = _chosen(found, "sku", sku, "--sku")
    chosen_quantity = _chosen(found, "quantity", quantity, "--quantity")
    chosen_location = location
    if constant is None and location is None and found.columns["location"]:
        chosen_location = _chosen(found, "location", None, "--location")
    if chosen_location is not None:
        _require(found, chosen_location, "--location")
    name = re.sub(r"[^a-z0-9]+", "_", files[0].stem.casefold()).strip("_") or "own"
    prefix = prefix or f"{name}/"
    entry = proposal(
        found,
        sku=chosen_sku,
        quantity=chosen_quantity,
        location=chosen_location,
        constant=constant or "default",
    )
    if add_up:
        entry["on_duplicate"] = "sum"
    text = as_toml(name, entry, prefix)
    _try(files, text, prefix, write=write, path=feeds_path(feeds, environment))
    if doubts := against_stock(entry["attributes"]):
        for label, what in doubts.items():
            say(f"is it stock at all? Nothing reads the column {label!r}, like {what}", "warn")
        raise typer.Exit(Exit.ATTENTION)


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
        show(report)
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


def _beginning(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_PROBE_BYTES)


def _require(found: Guess, label: str, option: str) -> str:
    if label not in found.labels:
        raise typer.BadParameter(f"{option} {label!r} is no column; there are {found.labels}")
    return label


def _chosen(found: Guess, name: str, given: str | None, option: str) -> str:
    """The label of a field: as given, as found, or as answered."""
    if given is not None:
        return _require(found, given, option)
    candidates = found.columns[name]
    if len(candidates) == 1:
        return candidates[0]
    choices = candidates or found.labels
    question = {"sku": "the SKU", "quantity": "the stock", "location": "the location"}[name]
    listed = ", ".join(choices)
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"which column is {question}? Say {option} LABEL, of: {listed}")
    say(f"Which column is {question}? {listed}")
    return _require(found, typer.prompt(option.strip("-"), default=choices[0]), option)
