"""`inventory review`: what a plan would do, and whether it may."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from inventory_cli.errors import OutOfReachError, UsageError
from inventory_cli.exits import Exit
from inventory_cli.plans import PlanFile, plan_at, plan_of_environment
from inventory_cli.rendering import remark
from plan_review.cost import Load
from plan_review.markdown import markdown
from plan_review.plan import Plan, UnknownPlanError, read_plan
from plan_review.review import UnusedAllowanceError, review
from plan_review.terminal import show
from policy_check.checkov import is_installed
from policy_check.waivers import PolicyCheckError, unexplained
from terraform_runner.errors import RunnerError
from terraform_runner.terraform import Terraform

REFUSED = 3
"""Exit code for a plan that would lose data."""

EXIT_CODES = (
    "Exit codes: 0 reviewed, may be applied; 1 with --strict: something needs attention; "
    "3 refused, data would be lost; 4 Terraform could not plan; 64 wrong command line."
)

EnvironmentOfPlan = Annotated[
    str, typer.Option("--env", envvar="ENVIRONMENT_SUFFIX", help="Environment to plan.")
]
PlanArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PLAN]",
        help="File of terraform plan -out, in the stack's folder. Default: plan --env now.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="review", epilog=EXIT_CODES)(review_plan)


def review_plan(
    plan: PlanArgument = None,
    *,
    env: EnvironmentOfPlan = "dev",
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Holds data and may be destroyed or replaced; can be given more than once.",
            show_default=False,
        ),
    ] = None,
    markdown_to: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Write Markdown too; - prints only it."),
    ] = None,
    rows_per_day: Annotated[
        int, typer.Option(min=0, help="Load that costs are stated at.")
    ] = Load.rows_per_day,
    policy: Annotated[
        bool, typer.Option(help="Run Checkov over the stack, where it is installed.")
    ] = True,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail when something needs attention.")
    ] = False,
) -> None:
    """Show what a plan changes, and refuse the loss of data."""
    file = plan_at(plan) if plan else plan_of_environment(env)
    document = _planned(file, fresh=plan is None)
    try:
        result = review(
            document,
            allowed=allow or (),
            load=Load(rows_per_day=rows_per_day),
            findings=_findings(file) if policy else None,
        )
    except UnusedAllowanceError as error:
        raise UsageError(str(error)) from None
    file.record.unlink(missing_ok=True)
    # A plan that is refused gets no digest, so that it cannot be applied by accident.
    digest = "" if result.refused else file.digest()
    if digest:
        file.record.write_text(f"{digest}\n", encoding="ascii")
    text = markdown(result, title=file.title, digest=digest)
    if markdown_to is not None and str(markdown_to) == "-":
        sys.stdout.write(text)
    else:
        show(result, Console(highlight=False), title=file.title, digest=digest)
        if markdown_to is not None:
            markdown_to.write_text(text, encoding="utf-8")
    if result.refused:
        raise typer.Exit(REFUSED)
    if strict and result.attention:
        raise typer.Exit(Exit.ATTENTION)


def _planned(file: PlanFile, *, fresh: bool) -> Plan:
    terraform = Terraform(file.stack_folder, variables={})
    try:
        if fresh:
            remark(f"planning {file.title}")
            terraform.init()
            terraform.save_plan(file.path)
        return read_plan(terraform.show_plan(file.path))
    except (RunnerError, UnknownPlanError) as error:
        raise OutOfReachError(str(error)) from error


def _findings(file: PlanFile) -> list[str] | None:
    if not is_installed():
        remark("policy checks are left out: `make setup-policy` installs Checkov")
        return None
    try:
        return [str(each) for each in unexplained(file.stack_folder)]
    except PolicyCheckError as error:
        raise OutOfReachError(str(error)) from error
