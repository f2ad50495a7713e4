"""`inventory redrive`: messages of the dead-letter queue given back, and removed once they are."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory_cli.dead_letters import (
    LONGEST_HIDDEN_SECONDS,
    DeadLetter,
    DeadLetterKind,
    QueueReader,
    is_about,
    read_queue,
    tell_kept,
)
from inventory_cli.decisions import Action, Decision
from inventory_cli.errors import OutOfReachError, UsageError
from inventory_cli.events import InvokeAgain, WorkAgain
from inventory_cli.exits import Exit
from inventory_cli.local_files import can_ask
from inventory_cli.objects import list_under, nothing_under
from inventory_cli.queues import depth_of, send_work
from inventory_cli.rendering import emit_json, emit_table, figure, progress, remark, say
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inventory_cli.session import Session

# Decided and settled together: rows of one file are then read again once.
_MESSAGES_PER_ROUND = 1000

_ACCEPTED = 202

# Lines of the table for people; a bad day may have thousands of files.
_SHOWN_GROUPS = 40
_LEFT = frozenset({Action.REFUSED, Action.UNKNOWN})


class Kinds(StrEnum):
    """Kinds of messages as the command line names them."""

    ROWS = "rows"
    FILES = "files"
    EVENTS = "events"


_KINDS = {
    Kinds.ROWS: DeadLetterKind.ROW,
    Kinds.FILES: DeadLetterKind.FILE,
    Kinds.EVENTS: DeadLetterKind.EVENT,
}


@dataclass(slots=True)
class Redriver:
    """Settles messages by their decisions: first given back, then removed.

    Attributes:
        session: Connection.
        reader: Where the messages were read.
        given: What this run has given back already.
        not_removed: Messages that were given back and yet stay; another run is harmless.
    """

    session: Session
    reader: QueueReader
    given: set[WorkAgain | InvokeAgain] = field(default_factory=set)
    not_removed: int = 0

    def settle(self, decisions: list[Decision]) -> None:
        """Give back what is to be given back, then remove what is done with.

        Args:
            decisions: Decisions about messages.
        """
        tasks = dict.fromkeys(decision.task for decision in decisions if decision.task)
        fresh = [task for task in tasks if task not in self.given]
        send_work(self.session, [task.body for task in fresh if isinstance(task, WorkAgain)])
        for task in fresh:
            if isinstance(task, InvokeAgain):
                self._invoke(task)
        self.given.update(fresh)
        done = [each.dead_letter for each in decisions if each.action not in _LEFT]
        self.not_removed += self.reader.delete(done)

    def _invoke(self, task: InvokeAgain) -> None:
        answer = self.session.functions.invoke(
            FunctionName=task.function_name,
            InvocationType="Event",
            Payload=task.payload.encode(),
        )
        if answer["StatusCode"] != _ACCEPTED:
            raise OutOfReachError(f"{task.function_name} did not take an event")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(redrive)


def redrive(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="OBJECT",
            help="Key, folder, s3:// address or record id that is meant. Default: all.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        list[Kinds] | None,
        typer.Option(
            metavar="KIND",
            help="Only rows, files or events; may be given again. Default: all.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", help="At most so many messages.", min=1, show_default=False),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen, change nothing.")
    ] = False,
    discard: Annotated[
        bool,
        typer.Option(
            "--discard",
            help="Also remove what would stay, after asking: give it up for good.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Discard without asking.")] = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Settle what waits in the dead-letter queue.

    Rows and files are read again by today's rules: what can be read now is processed again, what
    a newer file has corrected is stale and done with, and the rest stays. Failed events are given
    back as they were. A message is removed only once its work was accepted, and work that comes
    twice changes nothing: after an interruption, run the command again. Exit code 5: somebody else
    reads some messages, for up to ten minutes.
    """
    if discard and not (dry_run or yes or (can_ask() and not json_)):
        raise UsageError("--discard asks before it removes; say --yes where nobody can answer")
    session = connect(outputs, env)
    remark(session.where)
    wanted = {_KINDS[each] for each in kind or list(Kinds)}
    before = depth_of(session, session.outputs.dead_letter_queue_url)
    kept = 0
    decisions: list[Decision] = []
    with (
        read_queue(
            session.sqs,
            session.outputs.dead_letter_queue_url,
            hidden_seconds=LONGEST_HIDDEN_SECONDS,
        ) as reader,
        progress(
            "redriving", min(before.messages, limit or before.messages), quiet=json_
        ) as advance,
    ):
        redriver = Redriver(session, reader)
        meant = (
            each
            for each in reader.messages()
            if each.kind in wanted and (name is None or is_about(session, each, name))
        )
        most = None if limit is None else min(limit, sys.maxsize)  # more islice does not take
        for found in _rounds(session, islice(meant, most), advance):
            if not dry_run:
                redriver.settle(found)
            decisions.extend(found)
        if limit is None or len(decisions) < limit:
            kept = reader.kept_by_others(before)
        if discard:
            decisions = _discarded(redriver, decisions, ask=not (yes or dry_run), dry_run=dry_run)
    left = sum(each.action in _LEFT for each in decisions) + redriver.not_removed
    if name is not None and not decisions and not kept and not any(list_under(session, name)):
        raise nothing_under(session, name)
    if json_:
        emit_json({"dry_run": dry_run, "messages": [_document(each) for each in decisions]})
    elif decisions or not kept:
        _show(decisions, left, dry_run=dry_run)
    if kept:
        tell_kept(kept)
    code = Exit.NOT_YET if kept else Exit.OK
    raise typer.Exit(Exit.ATTENTION if left else code)


def _rounds(
    session: Session, dead_letters: Iterator[DeadLetter], advance: Callable[[int], None]
) -> Iterator[list[Decision]]:
    # The reader and botocore are slow to import, and `--help` needs neither.
    from inventory_cli.redrive_rules import RedriveRules

    rules = RedriveRules(session)
    while part := list(islice(dead_letters, _MESSAGES_PER_ROUND)):
        found = list(rules.decide(part))
        yield found
        advance(len(found))


def _discarded(
    redriver: Redriver, decisions: list[Decision], *, ask: bool, dry_run: bool
) -> list[Decision]:
    """Give up what would stay; the decisions as they are then."""
    staying = [each for each in decisions if each.action in _LEFT]
    if ask and staying:
        _show(staying, len(staying), dry_run=True)
        question = f"Discard these {figure(len(staying))} messages for good?"
        if not typer.confirm(question, err=True):
            return decisions
    given_up = {
        id(each): replace(each, action=Action.DISCARDED, reason=f"given up: {each.reason}")
        for each in staying
    }
    if not dry_run:
        redriver.settle(list(given_up.values()))
    return [given_up.get(id(each), each) for each in decisions]


def _document(decision: Decision) -> dict[str, Any]:
    dead_letter = decision.dead_letter
    return {
        "message_id": dead_letter.message_id,
        "kind": dead_letter.kind.value,
        "id": dead_letter.document.get("id")
        if dead_letter.kind is not DeadLetterKind.EVENT
        else None,
        "action": decision.action.value,
        "reason": decision.reason,
    }


def _show(decisions: list[Decision], left: int, *, dry_run: bool) -> None:
    if not decisions:
        remark("nothing of this kind waits in the dead-letter queue")
        return
    groups = Counter(
        (
            each.action.value,
            each.dead_letter.kind.value,
            each.dead_letter.bucket_and_key[1] if each.dead_letter.bucket_and_key else "",
            each.reason,
        )
        for each in decisions
    )
    emit_table(
        ("messages", "action", "kind", "key", "why"),
        [(figure(count), *group) for group, count in sorted(groups.items())[:_SHOWN_GROUPS]],
        right=("messages",),
        folded=("key", "why"),
    )
    if len(groups) > _SHOWN_GROUPS:
        remark(f"and {figure(len(groups) - _SHOWN_GROUPS)} more lines; see all with --json")
    verb = "would be settled" if dry_run else "settled"
    say(f"{figure(len(decisions) - left)} {verb}, {figure(left)} left in the queue")
    if any(each.action is Action.REFUSED for each in decisions):
        remark("still refused: upload a corrected file, or give them up with --discard")
