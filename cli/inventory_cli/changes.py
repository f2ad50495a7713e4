"""`inventory changes`: items that files have changed, by feed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from inventory.domain.order import timestamp
from inventory_cli.items import Item, items_written_since
from inventory_cli.rendering import (
    emit_csv,
    emit_json,
    emit_table,
    figure,
    minute,
    remark,
    since_option,
)
from inventory_cli.session import (
    CsvOption,
    EnvironmentOption,
    JsonOption,
    OutputsOption,
    connect,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = (
    "feed",
    "sku",
    "location",
    "quantity",
    "removed_by",
    "as_of",
    "written_at",
    "key",
    "version_id",
    "line",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(changes)


def changes(
    since: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="ISO 8601, an age such as 36h or 7d, today or yesterday (UTC)."
        ),
    ] = "yesterday",
    limit: Annotated[
        int, typer.Option(metavar="N", help="Most items of the table for people.", min=1)
    ] = 50,
    *,
    csv: CsvOption = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Show items that files have changed since a time, by feed.

    Their stock or anything else of them was written. A feed is a prefix of the feeds file, else
    the key. Rows that repeat what is stored change nothing and do not appear. The items are found
    by reading the whole table; --csv and --json give all.
    """
    start = since_option(since)
    session = connect(outputs, env)
    remark(session.where)
    # The reader is slow to import, and `--help` does not need it.
    from inventory_cli.deployed import Deployed

    profiles = Deployed(session).profiles
    found = sorted(
        (
            (profiles.feed_of(item.key).prefix if item.key else "", item)
            for item in items_written_since(session, timestamp(start))
        ),
        key=lambda each: (each[0], each[1].sku, each[1].location),
    )
    cells = [_cells(feed, item) for feed, item in found]
    if json_:
        emit_json([dict(zip(_COLUMNS, each, strict=True)) for each in cells])
    elif csv:
        emit_csv(_COLUMNS, cells)
    else:
        _show(found, limit)
        remark(f"{figure(len(found))} items changed since {minute(timestamp(start))} UTC")


def _cells(feed: str, item: Item) -> tuple[object, ...]:
    return (
        feed,
        item.sku,
        item.location,
        f"{item.quantity:f}",
        item.removed_by or None,
        item.as_of,
        item.written_at,
        item.key,
        item.version_id,
        item.line or None,
    )


def _show(found: Sequence[tuple[str, Item]], limit: int) -> None:
    if not found:
        return
    latest: dict[str, str] = {}
    for feed, item in found:
        latest[feed] = max(latest.get(feed, ""), item.written_at)
    counts = Counter(feed for feed, _ in found)
    emit_table(
        ("items", "last (UTC)", "feed"),
        [
            (figure(count), minute(latest[feed]), feed or "(not from a file)")
            for feed, count in counts.most_common()
        ],
        right=("items",),
        folded=("feed",),
    )
    emit_table(
        ("sku", "location", "quantity", "written (UTC)", "file and line"),
        [
            (
                item.sku,
                item.location,
                item.shown,
                minute(item.written_at),
                f"{item.key}:{item.line}" if item.key else "(not from a file)",
            )
            for _, item in found[:limit]
        ],
        right=("quantity",),
        folded=("sku", "location", "file and line"),
    )
    if len(found) > limit:
        remark(f"and {figure(len(found) - limit)} more; see all with --csv or --json")
