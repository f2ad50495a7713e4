"""`inventory rejects`: what waits in the dead-letter queue, read without removing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory_cli.letters import Letter, LetterKind, reading
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
        emit_json([_document(letter) for letter in found])
        return
    if not found:
        remark("nothing is rejected" if name is None else f"no reject of {name} waits here")
        return
    emit_table(
        ("kind", "key", "line", "error", "message"),
        [_cells(letter) for letter in found],
        right=("line",),
        folded=("key", "message"),
    )
    waiting = messages_in(session, session.outputs.dead_letter_queue_url)
    if len(found) == limit and waiting > limit:
        remark(f"the first {figure(limit)} of about {figure(waiting)}; see more with --limit")


def _read(session: Session, name: str | None, limit: int) -> list[Letter]:
    """Messages about the object, each reject once."""
    found: dict[str, Letter] = {}
    queue_url = session.outputs.dead_letter_queue_url
    with reading(session.sqs, queue_url, hidden_seconds=_HIDDEN_SECONDS) as read:
        for letter in read.letters():
            if name is None or _is_about(session, letter, name):
                found.setdefault(letter.identity, letter)
                if len(found) == limit:
                    break
    return sorted(found.values(), key=lambda letter: (letter.sent_at, _line(letter)))


def _is_about(session: Session, letter: Letter, name: str) -> bool:
    if letter.bucket_and_key is None:
        return False
    _, key = letter.bucket_and_key
    wanted = key_of(session, name)
    return wanted in (key, f"{key}#{letter.version_id}")


def _line(letter: Letter) -> int:
    line = letter.document.get("line")
    return line if isinstance(line, int) else 0


def _document(letter: Letter) -> dict[str, Any]:
    known: dict[str, Any] = {
        "message_id": letter.message_id,
        "kind": letter.kind.value,
        "sent_at": letter.sent_at,
    }
    if letter.kind is LetterKind.EVENT:
        return {
            **known,
            "attributes": dict(letter.attributes),
            "body": letter.document or letter.body,
        }
    return {**known, **letter.document}


def _cells(letter: Letter) -> list[object]:
    key = letter.bucket_and_key[1] if letter.bucket_and_key else ""
    if letter.kind is LetterKind.EVENT:
        attributes = letter.attributes
        error = attributes.get("ERROR_CODE") or attributes.get("ErrorCode") or ""
        message = attributes.get("ERROR_MESSAGE") or attributes.get("ErrorMessage") or ""
        source = letter.document.get("source") or letter.document.get("kind") or "event"
        return [letter.kind, key or source, "", error, message]
    # The message names column and value; --json has them apart.
    document = letter.document
    return [
        letter.kind,
        key,
        _line(letter) or "",
        document.get("error"),
        document.get("message"),
    ]
