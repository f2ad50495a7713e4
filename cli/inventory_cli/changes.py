"""`inventory changes`: items whose stock has changed, by feed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from inventory_cli.errors import UsageError
from inventory_cli.exits import Exit
from inventory_cli.items import items_at
from inventory_cli.rendering import (
    complain,
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
    from decimal import Decimal

    from inventory_cli.changed import ChangedItem

_COLUMNS = (
    "feed",
    "sku",
    "location",
    "change",
    "before",
    "quantity",
    "removed_by",
    "as_of",
    "written_at",
    "key",
    "version_id",
    "line",
)

#: Files that are named where there are more.
_NAMED_FILES = 5


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
    all_: Annotated[
        bool, typer.Option("--all", help="Also items that were written with the same stock.")
    ] = False,
    csv: CsvOption = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Show items whose stock has changed, from what to what, by feed.

    A feed is a prefix of the feeds file, else the key. An item that has changed and changed back is
    not listed. Files leave what they have changed when they end, and only these items are
    read; --csv and --json give all. What something else than files has changed is not known.

    Exit code 1: some changes are not known, or not what an item was before, because a run crashed.
    5: files are still at work.
    """
    # Asked before, so that exactly as long ago as changes are kept is not too long ago.
    now = datetime.now(UTC)
    start = since_option(since)
    # The reader is slow to import, and `--help` does not need it.
    from inventory.domain.changelog import RETENTION
    from inventory_cli.changed import Kind, at_work, logged_since
    from inventory_cli.deployed import Deployed

    if now - start > RETENTION:
        raise UsageError(f"--since {since!r}: changes are kept for {RETENTION.days} days")
    session = connect(outputs, env)
    remark(session.where)
    profiles = Deployed(session).profiles
    # In this order: what ends in between is in the log, and what is written in between in the item.
    working = at_work(session, start)
    logged = logged_since(session, start)
    items = {(item.sku, item.location): item for item in items_at(session, logged.entries)}
    written = list(logged.changes(items))
    found = sorted(
        (
            (profiles.feed_of(each.object_key).prefix if each.object_key else "", each)
            for each in written
            if all_ or each.kind is not Kind.SAME
        ),
        key=lambda pair: (pair[0], pair[1].key),
    )
    cells = [_cells(feed, each) for feed, each in found]
    if json_:
        emit_json([dict(zip(_COLUMNS, each, strict=True)) for each in cells])
    elif csv:
        emit_csv(_COLUMNS, cells)
    else:
        _show(found, limit)
        remark(f"{figure(len(found))} items changed since {minute(logged.since)} UTC")
    if same := len(written) - len(found):
        remark(f"{figure(same)} more were written and have the stock that they had; see --all")
    if working:
        complain(f"what these files change is not listed yet, they are at work: {_few(working)}")
    if logged.lost:
        complain(
            "nobody knows what these files have changed, because a run crashed and the file cannot "
            f"be read again, or is too old: {_few(sorted(logged.lost))}"
        )
    unknown = sum(each.kind is Kind.UNKNOWN for _, each in found)
    if unknown:
        complain(
            f"nobody knows what {figure(unknown)} of these items were before, because a run "
            "crashed, or something else changed them meanwhile"
        )
    code = Exit.NOT_YET if working else Exit.OK
    raise typer.Exit(Exit.ATTENTION if logged.lost or unknown else code)


def _few(keys: Sequence[str]) -> str:
    more = f" and {figure(len(keys) - _NAMED_FILES)} more" if len(keys) > _NAMED_FILES else ""
    return ", ".join(keys[:_NAMED_FILES]) + more


def _cells(feed: str, changed: ChangedItem) -> tuple[object, ...]:
    item = changed.item
    before = None if changed.before is None else f"{changed.before:f}"
    start = (feed, *changed.key, str(changed.kind), before)
    if item is None:
        return (*start, None, None, None, None, changed.object_key, None, None)
    return (
        *start,
        f"{item.quantity:f}",
        item.removed_by or None,
        item.as_of,
        item.written_at,
        item.key,
        item.version_id,
        item.line or None,
    )


def _show(found: Sequence[tuple[str, ChangedItem]], limit: int) -> None:
    if not found:
        return
    latest: dict[str, str] = {}
    for feed, each in found:
        written = each.item.written_at if each.item else ""
        latest[feed] = max(latest.get(feed, ""), written)
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
        ("sku", "location", "before", "now", "written (UTC)", "file and line"),
        [_line(each) for _, each in found[:limit]],
        right=("before", "now"),
        folded=("sku", "location", "file and line"),
    )
    if len(found) > limit:
        remark(f"and {figure(len(found) - limit)} more; see all with --csv or --json")


def _line(changed: ChangedItem) -> tuple[str, ...]:
    item = changed.item
    before = _quantity(changed.before) or ("?" if changed.kind == "unknown" else "-")
    if item is None:
        return (*changed.key, before, "-", "", f"{changed.object_key} withdrawn")
    return (*changed.key, before, item.shown, minute(item.written_at), item.place)


def _quantity(quantity: Decimal | None) -> str:
    return "" if quantity is None else figure(quantity)
