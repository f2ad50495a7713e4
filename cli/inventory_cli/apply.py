"""`inventory apply`: the plan that was reviewed, and no other."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Annotated

import typer

from inventory_cli.errors import CliError, OutOfReachError
from inventory_cli.plans import plan_at, plan_of_environment
from inventory_cli.rendering import remark, say
from inventory_cli.review import EnvironmentOfPlan, PlanArgument
from terraform_runner.errors import RunnerError
from terraform_runner.terraform import Terraform

if TYPE_CHECKING:
    from inventory_cli.plans import PlanFile

EXIT_CODES = (
    "Exit codes: 0 applied; 3 refused, this is not what was reviewed; 4 Terraform failed; "
    "64 wrong command line."
)


class NotReviewedError(CliError):
    """The plan, the stack or a zip is not the one that was reviewed."""

    exit_code = 3  # as `inventory review` refuses


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="apply", epilog=EXIT_CODES)(apply_plan)


def apply_plan(
    plan: PlanArgument = None,
    *,
    env: EnvironmentOfPlan = "dev",
    reviewed: Annotated[
        str | None,
        typer.Option(
            metavar="DIGEST",
            help="What the review printed. Default: what it left beside the plan.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Apply the plan that `inventory review` judged; refuse any other."""
    file = plan_at(plan) if plan else plan_of_environment(env)
    _insist_on_review(file, reviewed)
    remark(f"applying {file.path.name}")
    try:
        terraform = Terraform(file.stack_folder, variables={})
        # The plan may come from another machine; the provider stays where it was.
        terraform.init()
        terraform.apply_plan(file.path)
    except RunnerError as error:
        raise OutOfReachError(str(error)) from error
    file.record.unlink(missing_ok=True)
    say(f"{file.title} is as planned", style="ok")


def _insist_on_review(file: PlanFile, reviewed: str | None) -> None:
    if reviewed is None and not file.record.is_file():
        raise NotReviewedError(f"{file.path.name} was not reviewed: run `inventory review`")
    # An empty digest is one that a script lost, not the wish for the one beside the plan.
    wanted = file.record.read_text(encoding="ascii") if reviewed is None else reviewed
    if not file.path.is_file() or not hmac.compare_digest(
        wanted.strip().encode(), file.digest().encode()
    ):
        raise NotReviewedError(
            f"{file.path.name}, the stack or a zip is not what was reviewed: review it again"
        )
