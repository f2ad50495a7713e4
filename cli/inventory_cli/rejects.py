"""`inventory rejects`: what waits in the dead-letter queue, and `rejects get` for reject files."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from inventory_cli.dead_letters import (
    DeadLetter,
    DeadLetterKind,
    is_about,
    read_queue,
    tell_kept,
)
from inventory_cli.errors import UsageError
from inventory_cli.exits import Exit
from inventory_cli.objects import list_under, nothing_under
from inventory_cli.queues import depth_of
from inventory_cli.reject_files import get_reject_file
from inventory_cli.rendering import emit_json, emit_table, figure, remark, say
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from inventory_cli.session import Session

# Long enough to read some ten thousand messages, short enough that the alarm does not clear.
_HIDDEN_SECONDS = 120


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rejects)


def rejects(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[get] OBJECT",
            help="Key, folder, s3:// address or record id that is meant. Default: all. With get, "
            "the object whose reject file is wanted.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", help="How many to show.", min=1)] = 50,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="With get: where to write it; - for standard output. Default: NAME.rejects.csv.",
            show_default=False,
        ),
    ] = None,
    *,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """List rejected rows, refused files and failed events.

    `rejects get OBJECT` fetches the file of all its rejected rows, to be corrected and uploaded.

    Nothing is removed. While the list is read its messages are hidden from other readers, for two
    minutes at most. Exit code 5: somebody else reads some, so the list may lack them.
    """
    name, *rest = names or (None,)
    if rest and name != "get":
        raise UsageError("name one object, or none; reject files are fetched by `rejects get`")
    if (name == "get" and len(rest) != 1) or (name != "get" and output is not None):
        raise UsageError("a reject file is fetched by `inventory rejects get OBJECT [-o FILE]`")
    session = connect(outputs, env)
    remark(session.where)
    if rest and rest[0] is not None:
        get_reject_file(session, rest[0], output)
        return
    found, more, kept = _read(session, name, limit)
    if name is not None and not found and not kept and not any(list_under(session, name)):
        raise nothing_under(session, name)
    if json_:
        emit_json([_document(dead_letter) for dead_letter in found])
    elif found:
        _show(found)
    elif not kept:
        remark("nothing is rejected" if name is None else f"no reject of {name} waits here")
    if more:
        remark(f"the first {figure(limit)} of {more}; see more with --limit")
    if kept:
        tell_kept(kept)
        raise typer.Exit(Exit.NOT_YET)


def _show(found: list[DeadLetter]) -> None:
    """Print messages by the object version that they are about."""
    for (key, version), group in groupby(found, key=_object):
        dead_letters = list(group)
        place = f"{key}#{version}" if version else key or "events"
        say(f"{place}, {dead_letters[0].sent_at:%Y-%m-%d %H:%M} UTC", style="bold")
        emit_table(
            ("kind", "line", "error", "message"),
            [_cells(dead_letter) for dead_letter in dead_letters],
            right=("line",),
            folded=("message",),
        )


def _object(dead_letter: DeadLetter) -> tuple[str, str]:
    key = dead_letter.bucket_and_key[1] if dead_letter.bucket_and_key else ""
    return key, dead_letter.version_id or ""


class _Answer(NamedTuple):
    """What the queue holds.

    Attributes:
        found: Messages, file by file as they came, then by line.
        more: What they are the first of; "" where they are all.
        kept: Messages that somebody else reads; some may be meant.
    """

    found: list[DeadLetter]
    more: str
    kept: int


def _read(session: Session, name: str | None, limit: int) -> _Answer:
    """Messages about the object, each reject once."""
    found: dict[str, DeadLetter] = {}
    more, kept = "", 0
    queue_url = session.outputs.dead_letter_queue_url
    before = depth_of(session, queue_url)
    with read_queue(session.sqs, queue_url, hidden_seconds=_HIDDEN_SECONDS) as reader:
        for dead_letter in reader.messages():
            if name is not None and not is_about(session, dead_letter, name):
                continue
            if len(found) == limit and dead_letter.identity not in found:
                # How many there are of one object nobody knows who has not read the whole queue.
                more = f"about {figure(before.messages)}" if name is None else f"those of {name}"
                break
            found.setdefault(dead_letter.identity, dead_letter)
        else:
            kept = reader.kept_by_others(before)
    return _Answer(_in_order(found.values()), more, kept)


def _in_order(dead_letters: Collection[DeadLetter]) -> list[DeadLetter]:
    came: dict[tuple[str, str], datetime] = {}
    for each in dead_letters:
        place = _object(each)
        came[place] = min(came.get(place, each.sent_at), each.sent_at)
    return sorted(
        dead_letters,
        key=lambda each: (came[_object(each)], _object(each), each.line, each.sent_at),
    )


def _document(dead_letter: DeadLetter) -> dict[str, Any]:
    known: dict[str, Any] = {
        "message_id": dead_letter.message_id,
        "kind": dead_letter.kind.value,
        "sent_at": dead_letter.sent_at,
    }
    if dead_letter.kind is DeadLetterKind.EVENT:
        return {
            **known,
            "attributes": dict(dead_letter.attributes),
            "body": dead_letter.document or dead_letter.body,
        }
    return {**known, **dead_letter.document}


def _cells(dead_letter: DeadLetter) -> list[object]:
    if dead_letter.kind is DeadLetterKind.EVENT:
        attributes = dead_letter.attributes
        error = attributes.get("ERROR_CODE") or attributes.get("ErrorCode") or ""
        message = attributes.get("ERROR_MESSAGE") or attributes.get("ErrorMessage") or ""
        source = dead_letter.document.get("source") or dead_letter.document.get("kind") or ""
        return [dead_letter.kind, "", error, f"{source} {message}".strip()]
    # The message names column and value; --json has them apart.
    document = dead_letter.document
    return [
        dead_letter.kind,
        dead_letter.line or "",
        document.get("error"),
        document.get("message"),
    ]
