"""`inventory remove`: take items away that no file will ever mention again."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from inventory.domain.order import timestamp
from inventory.domain.removals import FOLDER, REASON, REMOVED
from inventory_cli.caller import user_name
from inventory_cli.errors import CliError, UsageError
from inventory_cli.items import items_of
from inventory_cli.local_files import can_ask
from inventory_cli.records import await_record, show_record
from inventory_cli.rendering import emit_json, emit_table, figure, minute, remark, say
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory_cli.items import Item
    from inventory_cli.session import Session

_COLUMNS = ("sku", "location", "quantity", REMOVED, REASON)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(remove)


def remove(
    sku: Annotated[str, typer.Argument(metavar="SKU", help="Stock keeping unit.")],
    location: Annotated[
        str | None,
        typer.Argument(metavar="LOCATION", help="Only there. Default: wherever it is now."),
    ] = None,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; it is kept with the item.")
    ] = "",
    timeout: Annotated[
        int, typer.Option(metavar="SECONDS", help="How long to wait until it is done.", min=1)
    ] = 120,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Remove items that no file will ever mention again.

    The removal is a file of its own in the bucket, and counts as of now: older files that come late
    do not bring the items back, a newer file that names one does. It says who removed them, when
    and why, and `inventory undo` takes it back like any file.

    Exit code 1: something newer than the removal is stored, so that stays.
    """
    if not (dry_run or yes or (can_ask() and not json_)):
        raise UsageError("remove asks before it removes; say --yes where nobody can answer")
    session = connect(outputs, env)
    remark(session.where)
    items = [item for item in items_of(session, sku, location) if not item.removed_by]
    if not items:
        where = "" if location is None else f" at {location}"
        raise CliError(f"there is no item of SKU {sku!r}{where}")
    if not json_:
        _show(items)
    if dry_run:
        if json_:
            emit_json([item.attributes for item in items])
        return
    if not yes and not typer.confirm(f"Remove these {figure(len(items))} items?", err=True):
        raise typer.Abort
    object_id = _store(session, items, reason)
    remark(f"uploaded as {object_id}")
    record = await_record(session, object_id, timeout_seconds=timeout)
    if json_:
        emit_json(record.attributes)
    else:
        show_record(record)
        say(f"take it back with `inventory undo {record.key}`")
    raise typer.Exit(record.exit_code)


def _show(items: Sequence[Item]) -> None:
    emit_table(
        ("sku", "location", "quantity", "as of (UTC)", "said by"),
        [(item.sku, item.location, item.shown, minute(item.as_of), item.place) for item in items],
        right=("quantity",),
        folded=("sku", "location", "said by"),
    )


def _store(session: Session, items: Sequence[Item], reason: str) -> str:
    """Upload the removal; gives the key of its record."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows((item.sku, item.location, 0, user_name(), reason) for item in items)
    content = text.getvalue().encode()
    # Two people at the same moment make two versions of one key, and both count.
    key = f"{FOLDER}{timestamp(datetime.now(UTC)).replace(':', '-')}.csv"
    _check(session, content, key, {(item.sku, item.location) for item in items})
    bucket = session.outputs.uploads_bucket_name
    answer = session.s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="text/csv")
    return f"{bucket}/{key}#{answer.get('VersionId') or answer['ETag'].strip(chr(34))}"


def _check(session: Session, content: bytes, key: str, wanted: set[tuple[str, str]]) -> None:
    """Have the file read as the processor will.

    Raises:
        CliError: It would not remove what it is meant to.
    """
    # The reader is slow to import, and `--help` does not need it.
    from inventory.domain.errors import BadFileError
    from inventory.domain.reading import open_feed
    from inventory.domain.reading.sources import BytesSource
    from inventory_cli.deployed import Deployed

    why = f"it would be read otherwise: does the feeds file say something of {FOLDER}?"
    try:
        feed = open_feed(BytesSource(content), key=key, profiles=Deployed(session).profiles)
        batches = list(feed.batches())
    except BadFileError as error:
        raise CliError(f"the removal cannot be written as a file: {error}; {why}") from error
    removed = {
        (row.sku, row.location)
        for batch in batches
        for row in batch.rows
        if REMOVED in row.attributes
    }
    refusals = [reject.message for batch in batches for reject in batch.rejects]
    if removed != wanted:
        raise CliError(f"the removal cannot be written as a file: {'; '.join(refusals) or why}")
