"""Sections of the summary page that are tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.domain.summary.model import LISTED_UNCHANGED_DAYS
from inventory.domain.summary.page_parts import (
    UNNAMED,
    UNSPECIFIED,
    Cell,
    Column,
    escape,
    figure,
    minute,
    signed,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.domain.summary.model import Breakdown, ItemList, Stock, StockGroup
    from inventory.domain.summary.report import Changes, Feeds

_ROWS = 100
_ITEM_COLUMNS = (
    Column("SKU"),
    Column("Location"),
    Column("Name"),
    Column("Category"),
    Column("Units", numeric=True),
    Column("Reorder at", numeric=True),
    Column("Last change"),
)


def attention(stock: Stock) -> str:
    """What somebody should look at: out of stock, low, unchanged.

    Args:
        stock: What the items table holds.
    """
    ages = ", ".join(
        f"{figure(count)} for {days} days or more"
        for days, count in stock.unchanged_by_days.items()
    )
    negative = (
        f'<p class="bad">{figure(stock.negative)} of the items out of stock are below zero.</p>\n'
        if stock.negative
        else ""
    )
    return (
        "<section><h2>Needs attention</h2>\n"
        f"{negative}{_items('Out of stock', stock.out)}{_items('Running low', stock.low)}"
        f"{_items(f'Unchanged for {LISTED_UNCHANGED_DAYS} days', stock.unchanged)}"
        f'<p class="soft">Items unchanged: {ages}. Unchanged means that no feed brought another '
        "value; a feed that repeats what is stored leaves the time of the last change as it is."
        "</p></section>\n"
    )


def changes(found: Changes | None) -> str:
    """What differs from the earlier summary; nothing when there is none.

    Args:
        found: The differences.
    """
    if found is None:
        return ""
    partly = (
        ""
        if found.complete
        else " Too many items are out of stock to remember each, so these are not all."
    )
    moved: Iterator[tuple[Cell, ...]] = (
        (change.location, change.items, change.quantity) for change in found.locations
    )
    newly: Iterator[tuple[Cell, ...]] = (
        (key.sku, key.location, key.name) for key in found.newly_out
    )
    totals = (
        f"{signed(found.items)} items, {signed(found.quantity)} units, "
        f"{signed(found.low)} running low, {signed(found.out)} out of stock"
    )
    return (
        f"<section><h2>Changed since {escape(found.since_date)}</h2>\n"
        f"<p>{totals}. {figure(found.newly_out_total)} items are newly out of stock, "
        f"{figure(found.back_in_stock)} no longer are.{partly}</p>\n"
        + _listed(
            "Newly out of stock",
            (Column("SKU"), Column("Location"), Column("Name")),
            newly,
            len(found.newly_out),
            found.newly_out_total,
        )
        + _listed(
            "Locations that moved",
            (Column("Location"), Column("Items", numeric=True), Column("Units", numeric=True)),
            moved,
            len(found.locations),
            found.locations_total,
        )
        + "</section>\n"
    )


def stock(found: Stock) -> str:
    """Figures by location and by category.

    Args:
        found: What the items table holds.
    """
    currencies = sorted(found.totals.value)
    remarks = [
        f"{figure(count)} {what}"
        for count, what in (
            (found.unpriced, "items have no price and no part in the value"),
            (found.unreadable, "stored items could not be read and are in no figure"),
        )
        if count
    ]
    remark = f'<p class="soft">{"; ".join(remarks)}.</p>\n' if remarks else ""
    return (
        f"<section><h2>Stock</h2>\n{remark}"
        f"{_breakdown('Location', found.by_location, currencies)}"
        f"{_breakdown('Category', found.by_category, currencies)}</section>\n"
    )


def feeds(found: Feeds) -> str:
    """What was delivered, what was refused and what did not arrive.

    Args:
        found: What was delivered.
    """
    statuses = ", ".join(f"{figure(n)} {name.lower()}" for name, n in found.by_status.items())
    outcomes = ", ".join(
        f"{figure(rows)} {outcome}"
        for outcome, rows in found.rows.items()
        if rows and outcome != "rows_read"
    )
    missing: Iterator[tuple[Cell, ...]] = (
        (name or UNNAMED, minute(found.last_received[name])) for name in found.missing_profiles
    )
    errors: Iterator[tuple[Cell, ...]] = (
        (name or UNSPECIFIED, rows) for name, rows in found.rejected_by_error.items()
    )
    profiles: Iterator[tuple[Cell, ...]] = (
        (name or UNNAMED, files) for name, files in found.by_profile.items()
    )
    trouble: Iterator[tuple[Cell, ...]] = (
        (
            feed.object_id,
            feed.status.lower(),
            feed.profile or UNNAMED,
            feed.rejected,
            feed.error,
            minute(feed.finished_at),
        )
        for feed in found.trouble
    )
    files = (
        Column("File"),
        Column("Outcome"),
        Column("Profile"),
        Column("Rejected", numeric=True),
        Column("Error"),
        Column("Finished"),
    )
    rows = Column("Rows", numeric=True)
    return (
        "<section><h2>Feeds</h2>\n"
        f"<p>From {escape(minute(found.since))} to {escape(minute(found.until))}: "
        f"{figure(found.received)} files ({escape(statuses) or 'none'}), "
        f"{figure(found.rows['rows_read'])} rows ({escape(outcomes) or 'none'}).</p>\n"
        + _all("Profiles that sent nothing", (Column("Profile"), Column("Last file")), missing)
        + _listed("Files with trouble", files, trouble, len(found.trouble), found.trouble_total)
        + _all("Rejected rows by error", (Column("Error"), rows), errors)
        + _all("Files by profile", (Column("Profile"), Column("Files", numeric=True)), profiles)
        + "</section>\n"
    )


def _items(title: str, found: ItemList) -> str:
    rows: Iterator[tuple[Cell, ...]] = (
        (
            item.sku,
            item.location,
            item.name,
            item.category,
            item.quantity,
            item.limit,
            minute(item.as_of),
        )
        for item in found.items
    )
    return _listed(title, _ITEM_COLUMNS, rows, len(found.items), found.total)


def _breakdown(title: str, breakdown: Breakdown, currencies: list[str]) -> str:
    columns = (
        Column(title),
        Column("Items", numeric=True),
        Column("Units", numeric=True),
        Column("Low", numeric=True),
        Column("Out", numeric=True),
        *(Column(currency or "No currency", numeric=True) for currency in currencies),
    )
    named = list(breakdown.named.items())
    rows = [_group_row(name or UNNAMED, group, currencies) for name, group in named[:_ROWS]]
    if breakdown.other is not None:
        rows.append(_group_row("(all further ones)", breakdown.other, currencies))
    caption = f"By {title.lower()}"
    return _listed(caption, columns, iter(rows), min(len(named), _ROWS), len(named))


def _group_row(name: str, group: StockGroup, currencies: list[str]) -> tuple[Cell, ...]:
    values = (group.value.get(currency, "") for currency in currencies)
    return (name, group.items, group.quantity, group.low, group.out, *values)


def _all(title: str, columns: tuple[Column, ...], rows: Iterator[tuple[Cell, ...]]) -> str:
    listed = list(rows)
    return _listed(title, columns, iter(listed), len(listed), len(listed))


def _listed(
    title: str,
    columns: tuple[Column, ...],
    rows: Iterator[tuple[Cell, ...]],
    shown: int,
    total: int,
) -> str:
    """A table that says how many of how many it shows; an empty one is left out."""
    if not total:
        return ""
    count = figure(total) if shown == total else f"{figure(shown)} of {figure(total)}"
    return table(f"{title} ({count})", columns, rows)
