"""`inventory stock`: how much of a SKU is where, and which line of which file says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory_cli.errors import CliError, UsageError
from inventory_cli.exits import Exit
from inventory_cli.items import Item, items_of
from inventory_cli.local_files import standard_input
from inventory_cli.rendering import complain, emit_json, emit_table, minute, remark
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inventory_cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(stock)


def stock(
    skus: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SKU...",
            help="Stock keeping units; - for a list on standard input, one a line.",
            show_default=False,
        ),
    ] = None,
    location: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only there.", show_default=False)
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="List of SKUs, one a line.", show_default=False
        ),
    ] = None,
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Show the line of the file as well.")] = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Show the stock of SKUs: where, since when, and who says so.

    Who says so is a line of a file version; --raw shows it as it stands there.

    Exit code 4: a SKU that was asked for is stored nowhere.
    """
    wanted = list(dict.fromkeys(_wanted(skus or [], from_)))
    if not wanted:
        raise UsageError("name a SKU, or a list of them with --from")
    session = connect(outputs, env)
    remark(session.where)
    found = {sku: items_of(session, sku, location) for sku in wanted}
    items = [item for each in found.values() for item in each if not item.removed_by]
    raws = _raw_lines(session, items) if raw else {}
    if json_:
        emit_json(
            [{**item.attributes, **({"raw": raws[id(item)]} if raw else {})} for item in items]
        )
    elif items:
        _show(items, raws)
    missing = set(wanted) - {item.sku for item in items}
    where = "" if location is None else f" at {location}"
    for sku in (each for each in wanted if each in missing):
        complain(f"there is no item of SKU {sku!r}{where}")
    for item in (item for each in found.values() for item in each if item.removed_by):
        remark(f"{item.sku} at {item.location} was removed by {_remover(item)}")
    raise typer.Exit(Exit.OUT_OF_REACH if missing else Exit.OK)


def _remover(item: Item) -> str:
    when = f"{item.removed_by} as of {minute(item.as_of)} UTC"
    if item.key and not item.line:
        return f"{when}: {item.place}; a newer file that names it brings it back"
    because = f": {item.removed_because}" if item.removed_because else ""
    taken_back = f"`inventory undo {item.key}#{(item.version_id or '')[:8]}`"
    return f"{when}{because}; take that back with {taken_back}"


def _wanted(skus: Sequence[str], file: Path | None) -> Iterator[str]:
    for sku in skus:
        if sku == "-":
            yield from _lines(Path(sku))
        else:
            yield sku
    if file is not None:
        yield from _lines(file)


def _lines(file: Path) -> Iterator[str]:
    """The lines of a list that have something in them.

    Raises:
        CliError: It cannot be read.
    """
    try:
        # Whatever the locale: a list is read the same from wherever it comes.
        data = standard_input().buffer.read() if file == Path("-") else file.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"the list in {file} cannot be read: {error}") from error
    return (line.strip() for line in text.splitlines() if line.strip())


def _show(items: Sequence[Item], raws: dict[int, str]) -> None:
    emit_table(
        ("sku", "location", "quantity", "as of (UTC)", "file and line"),
        [
            (
                item.sku,
                item.location,
                item.shown,
                minute(item.as_of),
                item.place,
            )
            for item in items
        ],
        right=("quantity",),
        folded=("sku", "location", "file and line"),
    )
    if raws:
        emit_table(
            ("sku", "location", "version", "line as it stands in the file"),
            [
                (item.sku, item.location, (item.version_id or "")[:8], raws[id(item)])
                for item in items
            ],
            folded=("sku", "location", "line as it stands in the file"),
        )


def _raw_lines(session: Session, items: Sequence[Item]) -> dict[int, str]:
    """The raw line behind each item, by the item's identity."""
    # The reader is slow to import, and `--help` does not need it.
    from inventory.domain.errors import ObjectGoneError
    from inventory.domain.model import ObjectVersion
    from inventory_cli.deployed import Deployed
    from inventory_cli.raw_lines import raw_record

    deployed = Deployed(session)

    def raw_of(item: Item) -> str:
        if not item.key:
            return "(not from a file)"
        if not item.line:
            return "(the file does not name it)"
        version = ObjectVersion(
            bucket=session.outputs.uploads_bucket_name,
            key=item.key,
            version_id=item.version_id,
            etag="",
            size_bytes=0,
        )
        try:
            known: Any = deployed.objects.describe(version).version
            text = raw_record(
                deployed.objects.source(known),
                key=item.key,
                profiles=deployed.profiles,
                line=item.line,
            )
        except ObjectGoneError:
            return "(the file is gone)"
        return "(not readable by today's rules)" if text is None else text

    return {id(item): raw_of(item) for item in items}
