"""`inventory apply`: the plan that was reviewed, and no other."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from inventory_cli.errors import OutOfReachError
from inventory_cli.plans import (
    NotReviewedError,
    is_planned_with_own_keys,
    plan_at,
    plan_of_environment,
    provider_of,
)
from inventory_cli.rendering import remark, say
from inventory_cli.review import EnvironmentOfPlan, PlanArgument
from plan_review.digest import NotAPlanFileError, configuration_of, source_of
from plan_review.plan import UnknownPlanError, read_plan
from terraform_runner.errors import RunnerError
from terraform_runner.terraform import Terraform

if TYPE_CHECKING:
    from inventory_cli.plans import PlanFile


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="apply")(apply_plan)


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
    again = f"`inventory review {plan}`" if plan else f"`make review ENV={env}`"
    if not file.path.is_file():
        raise NotReviewedError(f"there is no plan {file.path.name}: run {again}")
    wanted = _reviewed(file, reviewed, again)
    # Nobody else can change the copy, so what is compared is what is applied.
    with file.private_copy() as copy:
        _compare(copy, wanted, file.title, again)
        try:
            terraform = Terraform(copy.stack_folder, variables={})
            # The plan may come from another machine; the provider stays where it was.
            terraform.init()
            account = _insist_on_account(terraform, copy)
            _compare(copy, wanted, file.title, again)
            remark(f"applying {file.path.name} to account {account or 'that is not known'}")
            terraform.apply_plan(copy.path)
        except RunnerError as error:
            raise OutOfReachError(str(error)) from error
    file.record.unlink(missing_ok=True)
    say(f"{file.title} is as planned", style="ok")


def _reviewed(file: PlanFile, given: str | None, again: str) -> str:
    # An empty digest is one that a script lost, not the wish for the one beside the plan.
    if given is not None:
        return given.strip()
    if not file.record.is_file():
        raise NotReviewedError(f"{file.path.name} was not reviewed: run {again}")
    return file.record.read_text(encoding="ascii").strip()


def _insist_on_account(terraform: Terraform, file: PlanFile) -> str:
    """Refuse credentials of another account than the one that was planned for, and give that."""
    try:
        configuration = configuration_of(file.path)
        plan = read_plan(terraform.show_plan(file.path), source_of(configuration))
    except (NotAPlanFileError, UnknownPlanError) as error:
        raise NotReviewedError(str(error)) from error
    planned = plan.account_id
    if is_planned_with_own_keys(configuration) or not planned:
        return planned
    try:
        sts = boto3.client("sts", region_name=provider_of(plan).get("region"))
        account = sts.get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise OutOfReachError(f"AWS does not say whose credentials these are: {error}") from error
    if account != planned:
        raise NotReviewedError(
            f"the plan is for account {planned}, the credentials are of {account}: take others"
        )
    return planned


def _compare(file: PlanFile, wanted: str, title: str, again: str) -> None:
    if not hmac.compare_digest(wanted.encode(), file.digest().encode()):
        raise NotReviewedError(
            f"the plan of {title}, its stack, its workspace or a zip is not what was reviewed: "
            f"review it again with {again}"
        )
