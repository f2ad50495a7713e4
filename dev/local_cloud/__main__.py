"""`python -m local_cloud up | down | demo`: what the Makefile calls."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Annotated

import typer
from rich.console import Console

from local_cloud import demo as demonstration
from local_cloud import running
from local_cloud.errors import LocalCloudError
from local_cloud.stack import deployed
from terraform_runner.errors import RunnerError
from terraform_runner.paths import ROOT

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()

_TRY_NEXT = """
Try next:
  .venv/bin/inventory upload my-export.csv --wait   a file, and its outcome
  .venv/bin/inventory files                         every file, and what failed
  .venv/bin/inventory stock SKU --raw               how much is where, by whom
  .venv/bin/inventory summary --run --open          the summary, in the browser"""


@app.command()
def up() -> None:
    """Start the local cloud, apply the stack and leave both running."""
    started = time.monotonic()
    deployment = running.up(console)
    console.print(
        f"\nThe local cloud answers at {deployment.cloud.endpoint} "
        f"after {time.monotonic() - started:.0f} s."
    )
    console.print(f"  source {running.ENV.relative_to(ROOT)}    points the AWS CLI and SDKs at it")
    console.print(f"  {running.OUTPUTS.relative_to(ROOT)}  names what was created")
    console.print("  make local-down            stops and discards it")
    console.print(_TRY_NEXT)


@app.command()
def down() -> None:
    """Stop the local cloud and discard everything in it."""
    console.print("stopped and discarded" if running.down() else "the local cloud does not run")


@app.command()
def demo(
    *, keep: Annotated[bool, typer.Option(help="Leave the local cloud running.")] = False
) -> None:
    """Feed sample files, show what happened, make the summary."""
    started = time.monotonic()
    if keep:
        demonstration.run(running.up(console), console)
        console.print("The local cloud is still running; `make local-down` discards it.")
        console.print(_TRY_NEXT)
    else:
        with deployed(console=console) as deployment:
            demonstration.run(deployment, console)
        console.print("Try it by hand: `make local-up` starts a cloud that stays.")
    console.print(f"[green]done in {time.monotonic() - started:.0f} s[/green]")


def main() -> None:
    """Run a command; what goes wrong is told in one line, and nothing is left running."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    # The caller's AWS settings are of another cloud; a profile that is not there would be an error.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    try:
        app()
    except (LocalCloudError, RunnerError, OSError) as error:
        Console(stderr=True).print(f"[red]error:[/red] {error}", markup=True, highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
