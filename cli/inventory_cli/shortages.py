"""`inventory low` and `inventory out`: items that run low or are out of stock, all of them."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from inventory_cli.errors import CliError
from inventory_cli.exits import Exit
from inventory_cli.items import refuse_empty, shortages
from inventory_cli.rendering import (
    complain,
    emit_csv,
    emit_json,
    emit_table,
    figure,
    minute,
    remark,
)
from inventory_cli.session import (
    CsvOption,
    EnvironmentOption,
    JsonOption,
    OutputsOption,
    Session,
    connect,
)

_COLUMNS = ("sku", "location", "name", "category", "quantity", "limit", "as_of")


LocationOption = Annotated[
    str | None, typer.Option("--location", metavar="NAME", help="Only there.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command()(low)
    app.command()(out)


def low(
    location: LocationOption = None,
    *,
    csv: CsvOption = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Show every item that runs low, the largest shortfall first.

    An item runs low above zero, at or below its reorder point or the low-stock threshold of the
    deployment. The list is complete; it is found by reading the whole table.
    """
    _show(connect(outputs, env), "low", location, as_csv=csv, as_json=json_)


def out(
    location: LocationOption = None,
    *,
    csv: CsvOption = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Show every item that is out of stock, the largest shortfall first.

    That is at or below zero. The list is complete; it is found by reading the whole table.
    """
    _show(connect(outputs, env), "out", location, as_csv=csv, as_json=json_)


def _show(
    session: Session,
    kind: Literal["low", "out"],
    location: str | None,
    *,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Print every item that runs low, or that is out of stock.

    Args:
        session: Connection.
        kind: Which of the two.
        location: The only location that is meant; None for all.
        as_csv: Print CSV.
        as_json: Print JSON.
    """
    from inventory.domain.summary.exact import decimal_text
    from inventory_cli.deployed import Deployed

    refuse_empty(location=location)
    remark(session.where)
    stock = shortages(session, Deployed(session).low_stock_threshold)
    listed = stock.low if kind == "low" else stock.out_of_stock
    found = [item for item in listed.items if location in (None, item.location)]
    if location is not None and not found and location not in stock.locations.named:
        raise CliError(
            f"there is no item at {location}; see the locations with `inventory summary`"
        )
    cells = [
        (
            item.sku,
            item.location,
            item.name,
            item.category,
            decimal_text(item.quantity),
            decimal_text(item.limit),
            item.as_of,
        )
        for item in found
    ]
    if as_json:
        emit_json([dict(zip(_COLUMNS, each, strict=True)) for each in cells])
    elif as_csv:
        emit_csv(_COLUMNS, cells)
    elif found:
        emit_table(
            ("sku", "location", "name", "quantity", "limit", "as of (UTC)"),
            [
                (
                    item.sku,
                    item.location,
                    item.name,
                    figure(item.quantity),
                    figure(item.limit),
                    minute(item.as_of),
                )
                for item in found
            ],
            right=("quantity", "limit"),
            folded=("sku", "location", "name"),
        )
    remark(f"{figure(len(found))} items {'run low' if kind == 'low' else 'are out of stock'}")
    if stock.unreadable:
        complain(f"{figure(stock.unreadable)} stored items could not be read and may be missing")
        raise typer.Exit(Exit.ATTENTION)
