"""`inventory rejects`: what waits in the dead-letter queue, read without removing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory_cli.dead_letters import DeadLetter, DeadLetterKind, read_queue
from inventory_cli.objects import key_of
from inventory_cli.queues import messages_in
from inventory_cli.rendering import emit_json, emit_table, figure, remark
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from inventory_cli.session import Session

# Long enough to read some ten thousand messages, short enough that the alarm does not clear.
_HIDDEN_SECONDS = 120


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rejects)


def rejects(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[OBJECT]",
            help="Key, s3:// address or record id whose rejects are meant. Default: all.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", help="How many to show.", min=1)] = 50,
    *,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """List rejected rows, refused files and failed events.

    Nothing is removed. While the list is read its messages are hidden from other readers, for two
    minutes at most.
    """
    session = connect(outputs, env)
    remark(session.where)
    found = _read(session, name, limit)
    if json_:
        emit_json([_document(dead_letter) for dead_letter in found])
        return
    if not found:
        remark("nothing is rejected" if name is None else f"no reject of {name} waits here")
        return
    emit_table(
        ("kind", "key", "line", "error", "message"),
        [_cells(dead_letter) for dead_letter in found],
        right=("line",),
        folded=("key", "message"),
    )
    waiting = messages_in(session, session.outputs.dead_letter_queue_url)
    if len(found) == limit and waiting > limit:
        remark(f"the first {figure(limit)} of about {figure(waiting)}; see more with --limit")


def _read(session: Session, name: str | None, limit: int) -> list[DeadLetter]:
    """Messages about the object, each reject once."""
    found: dict[str, DeadLetter] = {}
    queue_url = session.outputs.dead_letter_queue_url
    with read_queue(session.sqs, queue_url, hidden_seconds=_HIDDEN_SECONDS) as reader:
        for dead_letter in reader.messages():
            if name is None or _is_about(session, dead_letter, name):
                found.setdefault(dead_letter.identity, dead_letter)
                if len(found) == limit:
                    break
    return sorted(found.values(), key=lambda dead_letter: (dead_letter.sent_at, dead_letter.line))


def _is_about(session: Session, dead_letter: DeadLetter, name: str) -> bool:
    if dead_letter.bucket_and_key is None:
        return False
    _, key = dead_letter.bucket_and_key
    wanted = key_of(session, name)
    return wanted in (key, f"{key}#{dead_letter.version_id}")


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
    key = dead_letter.bucket_and_key[1] if dead_letter.bucket_and_key else ""
    if dead_letter.kind is DeadLetterKind.EVENT:
        attributes = dead_letter.attributes
        error = attributes.get("ERROR_CODE") or attributes.get("ErrorCode") or ""
        message = attributes.get("ERROR_MESSAGE") or attributes.get("ErrorMessage") or ""
        source = dead_letter.document.get("source") or dead_letter.document.get("kind") or "event"
        return [dead_letter.kind, key or source, "", error, message]
    # The message names column and value; --json has them apart.
    document = dead_letter.document
    return [
        dead_letter.kind,
        key,
        dead_letter.line or "",
        document.get("error"),
        document.get("message"),
    ]
