"""`inventory doctor`: is everything there, reachable, allowed and fresh."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from inventory_cli.checks import CHECKS, Checks, Finding, Level
from inventory_cli.errors import CliError, ForeignAnswerError
from inventory_cli.exits import Exit
from inventory_cli.failures import explain
from inventory_cli.first import FIRST_CHECKS
from inventory_cli.rendering import emit_json, emit_table, say
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect
from inventory_cli.triggers import TRIGGER_CHECKS

if TYPE_CHECKING:
    from inventory_cli.session import Session

# Ten years.
_LONGEST_FEED_HOURS = 87_600


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    feed_hours: Annotated[
        int | None,
        typer.Option(
            "--feed-hours",
            metavar="HOURS",
            help="Hours within which a feed must have come. Default: what the alarm watches.",
            min=1,
            max=_LONGEST_FEED_HOURS,
            show_default=False,
        ),
    ] = None,
    *,
    first: Annotated[
        bool,
        typer.Option(
            "--first",
            help="After a first deployment: prove what only AWS can prove. Uploads an empty object "
            "and sets off an alarm.",
        ),
    ] = False,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Check the stack, your permissions, queues, alarms and feeds.

    Every check is one line: ok, warn or fail. Exit 1 when one failed, 4 when the stack or AWS is
    out of reach; warnings alone exit 0. Nothing is changed without --first.
    """
    session = connect(outputs, env, any_account=True)  # credentials are a check of their own
    interval = None if feed_hours is None else timedelta(hours=feed_hours)
    checks = {**CHECKS, **TRIGGER_CHECKS, **(FIRST_CHECKS if first else {})}
    findings, reached = examine(session, datetime.now(UTC), interval, checks)
    if json_:
        emit_json([finding._asdict() for finding in findings])
    else:
        emit_table(("", "check", "found"), findings, folded=("check", "found"))
        worst = {finding.level for finding in findings}
        if Level.FAIL in worst:
            say("something is wrong: docs/operations.md says what to do", style="fail")
        elif Level.WARN in worst:
            say("it works, and something wants a look", style="warn")
        else:
            say("all is well", style="ok")
    if not reached:
        raise typer.Exit(Exit.OUT_OF_REACH)
    failed = any(finding.level is Level.FAIL for finding in findings)
    raise typer.Exit(Exit.ATTENTION if failed else Exit.OK)


def examine(
    session: Session, now: datetime, feed_interval: timedelta | None, checks: Checks
) -> tuple[list[Finding], bool]:
    """Make every check; one that cannot be made fails and the others go on.

    Args:
        session: Connection.
        now: The present.
        feed_interval: Within which a feed must have come; None for what the alarm watches.
        checks: The checks.

    Returns:
        The findings, and whether it was AWS that answered.
    """
    findings = [Finding(Level.OK, "outputs", session.where)]
    reached = True
    for name, check in checks.items():
        try:
            findings.extend(check(session, now, feed_interval))
            continue
        except CliError as error:
            reason: str | None = str(error)
            reached = reached and not isinstance(error, ForeignAnswerError)
        except Exception as error:
            reason = explain(error)
            if reason is None:
                raise
            reached = reached and name != "credentials"
        findings.append(Finding(Level.FAIL, name, str(reason)))
        if name == "credentials":
            break  # nothing else can be asked
    return findings, reached
