"""`inventory feeds`: the feeds of the settings, their last files, and which are late."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory_cli.exits import Exit
from inventory_cli.rendering import (
    age,
    emit_json,
    emit_table,
    figure,
    minute,
    parse_moment,
    remark,
    say,
)
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, Session, connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.domain.arrivals import FeedState


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(feeds)


def feeds(
    *,
    late: Annotated[bool, typer.Option("--late", help="Only feeds that are late.")] = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Show each feed with its last file, and whether it is on time.

    The settings are those that are deployed. A feed is late when its next file should have come,
    by `expected_every`, and has not been accepted, or when it is `required` and has had no file.
    Exit 1 when one is late.
    """
    session = connect(outputs, env)
    remark(session.where)
    now = datetime.now(UTC)
    states = states_of(session, now)
    overdue = [state for state in states if state.late]
    shown = overdue if late else states
    if json_:
        emit_json([_document(state, now) for state in shown])
    elif shown:
        _show(shown, now)
    elif not states:
        remark("the settings have no feeds: see docs/feeds.md")
    if overdue:
        remark(f"{figure(len(overdue))} of {figure(len(states))} feeds are late")
    if any(state.paused for state in shown):
        remark("files of paused feeds wait, and count once they load: see `inventory pause`")
    raise typer.Exit(Exit.ATTENTION if overdue else Exit.OK)


def states_of(session: Session, now: datetime) -> list[FeedState]:
    """State of every feed of the deployed settings.

    Args:
        session: Connection.
        now: The moment.
    """
    # What reads the settings is slow to import, and `--help` does not need it.
    from inventory.adapters.dynamodb_notes import DynamoDbArrivals, DynamoDbPauses
    from inventory.domain.arrivals import feed_states
    from inventory_cli.deployed import Deployed
    from inventory_cli.lanes import lanes_of

    settings = Deployed(session).feeds["feeds"]
    lanes = lanes_of(session)
    paused = DynamoDbPauses(lanes).prefixes()
    return feed_states(settings, DynamoDbArrivals(lanes).all(), paused, now)


def _word(state: FeedState) -> str:
    """Tell whether the feed is on time; "-" where nothing is expected of it."""
    if state.late:
        return "late"
    return "on time" if state.due else "-"


def _document(state: FeedState, now: datetime) -> dict[str, Any]:
    arrival = state.arrival
    stored = parse_moment(arrival.stored_at)
    return {
        "feed": state.feed,
        "state": _word(state),
        "paused": state.paused,
        "due": state.due,
        "accepted_at": arrival.accepted_at or None,
        "object_id": arrival.object_id or None,
        "stored_at": arrival.stored_at or None,
        "age_seconds": int((now - stored).total_seconds()) if stored else None,
        "status": arrival.status or None,
        "rows_read": arrival.rows_read,
        "loaded": arrival.loaded,
        "rejected": arrival.rejected,
    }


def _show(states: Sequence[FeedState], now: datetime) -> None:
    rows = []
    for state in states:
        arrival, stored = state.arrival, parse_moment(state.arrival.stored_at)
        last = age(stored, now) if stored else "never"
        if arrival.status not in ("", "COMPLETED"):
            last = f"{last}, {arrival.status.lower()}"
        rows.append(
            (
                f"{_word(state)}, paused" if state.paused else _word(state),
                # Without the year, so that names have room; the sentence below has it.
                minute(state.due_at)[5:],
                last,
                figure(arrival.rows_read) if stored else "",
                figure(arrival.rejected) if stored else "",
                state.feed,
            )
        )
    emit_table(
        ("", "due (UTC)", "last file", "rows", "rejected", "feed"),
        rows,
        right=("rows", "rejected"),
        folded=("feed",),
    )
    for state in states:
        if state.late:
            say(state.sentence, style="warn")
