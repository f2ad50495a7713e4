"""`inventory review`: what a plan would do, and whether it may."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from inventory_cli.access_analyzer import verdicts
from inventory_cli.errors import OutOfReachError, UsageError
from inventory_cli.exits import Exit
from inventory_cli.plans import (
    NotReviewedError,
    PlanFile,
    is_planned_with_own_keys,
    plan_at,
    plan_of_environment,
    provider_of,
    where,
)
from inventory_cli.rendering import remark
from plan_review.cost import Load
from plan_review.digest import (
    NotAPlanFileError,
    configuration_of,
    contradictions,
    source_of,
)
from plan_review.markdown import markdown
from plan_review.plan import Plan, UnknownPlanError, read_plan
from plan_review.review import Review, UnusedAllowanceError, review
from plan_review.terminal import show
from policy_check.checkov import is_installed
from policy_check.waivers import PolicyCheckError, unexplained
from terraform_runner.errors import RunnerError
from terraform_runner.terraform import Terraform

EnvironmentOfPlan = Annotated[
    str,
    typer.Option(
        "--env", envvar="ENVIRONMENT_SUFFIX", show_envvar=False, help="Environment to plan."
    ),
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
    app.command(name="review")(review_plan)


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
        int, typer.Option(metavar="ROWS", min=0, help="Load that costs are stated at.")
    ] = Load.rows_per_day,
    policy: Annotated[
        bool, typer.Option(help="Run Checkov over the stack, where it is installed.")
    ] = True,
    no_access_analyzer: Annotated[
        bool,
        typer.Option(
            "--no-access-analyzer",
            help="Do not ask AWS about changed policies, even with credentials.",
        ),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail when something needs attention.")
    ] = False,
) -> None:
    """Show what a plan changes, and refuse the loss of data."""
    file = plan_at(plan) if plan else plan_of_environment(env)
    if plan is None:
        _make(file)
    file.keep_private()
    file.record.unlink(missing_ok=True)
    digest = file.digest()
    configuration, document = _planned(file)
    findings = _findings(file) if policy else None
    load = Load(rows_per_day=rows_per_day)
    result = _judged(document, allow or (), load, findings, looked=plan is None)
    if not no_access_analyzer and not is_planned_with_own_keys(configuration):
        region = str(provider_of(document).get("region") or "us-east-1")
        result = replace(result, verdicts=verdicts(result, region))
    if digest != file.digest():
        raise NotReviewedError(f"{file.path.name} or its stack changed while it was reviewed")
    # A plan that is refused gets no digest, so that it cannot be applied by accident.
    digest = "" if result.refused else digest
    _tell(result, f"{file.title} ({where(document, file)})", digest, markdown_to)
    if digest:
        file.record.touch(mode=0o600)
        file.record.write_text(f"{digest}\n", encoding="ascii")
        if not result.empty:
            remark(f"next: {f'inventory apply {plan}' if plan else f'make apply ENV={env}'}")
    if result.refused:
        raise typer.Exit(Exit.PLAN_REFUSED)
    if strict and result.attention:
        raise typer.Exit(Exit.ATTENTION)


def _judged(
    plan: Plan,
    allowed: list[str] | tuple[()],
    load: Load,
    findings: list[str] | None,
    *,
    looked: bool,
) -> Review:
    try:
        return review(plan, allowed=allowed, load=load, findings=findings, looked=looked)
    except UnusedAllowanceError as error:
        raise UsageError(str(error)) from None
    except UnknownPlanError as error:
        raise OutOfReachError(str(error)) from error


def _tell(result: Review, title: str, digest: str, markdown_to: Path | None) -> None:
    if markdown_to is not None and str(markdown_to) == "-":
        sys.stdout.write(markdown(result, title=title, digest=digest))
        return
    show(result, Console(highlight=False), title=title, digest=digest)
    if markdown_to is not None:
        text = markdown(result, title=title, digest=digest)
        markdown_to.write_text(text, encoding="utf-8")


def _make(file: PlanFile) -> None:
    remark(f"planning {file.title}")
    try:
        terraform = Terraform(file.stack_folder, variables={})
        terraform.init()
        file.keep_private()
        terraform.save_plan(file.path)
    except RunnerError as error:
        raise OutOfReachError(str(error)) from error


def _planned(file: PlanFile) -> tuple[dict[str, bytes], Plan]:
    """The files that a plan was made from, and the plan; both belong to the stack around it."""
    try:
        document = Terraform(file.stack_folder, variables={}).show_plan(file.path)
        configuration = configuration_of(file.path)
        plan = read_plan(document, source_of(configuration))
    except RecursionError:
        raise OutOfReachError(f"{file.path.name} is nested too deep to be judged") from None
    except (NotAPlanFileError, RunnerError, UnknownPlanError) as error:
        raise OutOfReachError(str(error)) from error
    wrong = contradictions(plan, configuration, file.stack_folder)
    if wrong:
        raise NotReviewedError(f"{'; '.join(wrong)}: synthesise and plan again")
    return configuration, plan


def _findings(file: PlanFile) -> list[str] | None:
    if not is_installed():
        remark("policy checks are left out: `make setup-policy` installs Checkov")
        return None
    try:
        return [str(each) for each in unexplained(file.stack_folder)]
    except PolicyCheckError as error:
        raise OutOfReachError(str(error)) from error
