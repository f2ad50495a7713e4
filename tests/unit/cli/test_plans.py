"""`inventory review` and `inventory apply`: exit codes, and that nothing else is applied."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from constructs_lib.function_package import build_zips
from inventory_cli import apply, review
from plan_review.digest import contradictions
from plan_review.markdown import MARKER
from plan_review.plan import read_plan
from terraform_runner.errors import TerraformError

PROJECT = Path(__file__).parents[3]
FUNCTIONS, LOCK = PROJECT / "functions", PROJECT / "Pipfile.lock"
PLANS = Path(__file__).parents[1] / "plan_review" / "plans"
ITEMS = "aws_dynamodb_table.Items_5C12978B"
ZIP = b"zip"
LOCAL = {"provider": {"aws": [{"region": "us-east-1", "access_key": "000000000000"}]}}
"""A provider with keys of its own, so that nobody asks AWS."""


def hash_of(content: bytes) -> str:
    """Give a zip's hash as plans have it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def name_of(plan: Path) -> str:
    """Give the name of the recorded plan that a plan file stands for."""
    with zipfile.ZipFile(plan) as archive:
        return archive.read("tfplan").decode()


class FakeTerraform:
    """Shows the recorded plan whose name stands in the plan file."""

    applied: list[str] = []  # noqa: RUF012  # one list for the test that cleared it

    def __init__(self, folder: Path, *, variables: dict[str, str]) -> None:
        assert (folder / "cdk.tf.json").is_file()
        assert not variables
        self.folder = folder

    def init(self) -> None:
        """There is nothing to fetch."""

    def show_plan(self, plan: Path) -> dict[str, Any]:
        """Read the recording."""
        recording = PLANS / f"{name_of(plan)}.json"
        if not recording.exists():
            raise TerraformError("terraform show failed: not a plan")
        document = json.loads(recording.read_text())
        for each in document["resource_changes"]:
            if each["type"] == "aws_lambda_function" and each["change"].get("after"):
                each["change"]["after"]["source_code_hash"] = hash_of(ZIP)
        return document

    def apply_plan(self, plan: Path) -> None:
        """Note that it was applied."""
        assert plan.stat().st_mode & 0o077 == 0
        self.applied.append(name_of(plan))


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Give a function that writes a plan file into a stack's folder."""
    for module in (review, apply):
        monkeypatch.setattr(module, "Terraform", FakeTerraform)
    monkeypatch.setattr(review, "is_installed", lambda: False)
    FakeTerraform.applied.clear()
    folder = tmp_path / "stacks" / "inventory-dev"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "summary.zip").write_bytes(ZIP)
    (folder / ".terraform").mkdir()

    def write(name: str) -> Path:
        recording = PLANS / f"{name}.json"
        source = json.loads(recording.read_text())["source"] if recording.exists() else {}
        stack = json.dumps({**source, **LOCAL})
        (folder / "cdk.tf.json").write_text(stack)
        path = folder / ".terraform" / "inventory-dev.tfplan"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("tfplan", name)
            archive.writestr("tfconfig/m-/cdk.tf.json", stack)
        return path

    return write


def test_a_harmless_plan_is_reviewed_and_applied(run, plan) -> None:
    """The digest that the review prints is what apply asks for."""
    path = plan("code-change")

    reviewed = run("review", str(path), "--strict")
    digest = path.with_name(f"{path.name}.reviewed").read_text().strip()
    applied = run("apply", str(path), "--reviewed", digest)

    assert reviewed.exit_code == 0
    assert f"Reviewed: {digest}" in reviewed.out
    assert "inventory/handlers/summary.py" in reviewed.out
    assert "make setup-policy" in reviewed.err
    assert f"next: inventory apply {path}" in reviewed.err
    assert (applied.exit_code, FakeTerraform.applied) == (0, ["code-change"])


def test_no_changes_are_said_to_be_none(run, plan) -> None:
    """And end well, strictly too."""
    ran = run("review", str(plan("no-op")), "--strict")

    assert ran.exit_code == 0
    assert "No changes" in ran.out
    assert "next:" not in ran.err


def test_markdown_goes_to_a_file_or_alone_to_standard_output(run, plan, tmp_path) -> None:
    """A workflow posts it as it is."""
    target = tmp_path / "review.md"
    path = plan("widened-role")

    assert run("review", str(path), "--markdown", str(target)).exit_code == 0
    alone = run("review", str(path), "--markdown", "-")

    assert target.read_text().startswith(MARKER)
    assert alone.out == target.read_text()


def test_strictness_fails_for_what_needs_attention(run, plan) -> None:
    """A widened role passes without, and does not with it."""
    path = plan("widened-role")

    assert run("review", str(path)).exit_code == 0
    assert run("review", str(path), "--strict").exit_code == 1


def test_fails_for_a_plan_that_loses_data(run, plan) -> None:
    """It gets no digest, so it cannot be applied; an allowance by name opens the door."""
    path = plan("table-replacement")

    refused = run("review", str(path))
    assert refused.exit_code == 3
    assert "Reviewed" not in refused.out
    assert run("apply", str(path)).exit_code == 3
    assert FakeTerraform.applied == []

    assert run("review", str(path), "--allow", ITEMS).exit_code == 0
    assert run("apply", str(path)).exit_code == 0
    assert FakeTerraform.applied == ["table-replacement"]


def test_fails_for_an_allowance_that_allows_nothing(run, plan) -> None:
    """It would wait for a plan that it was not meant for."""
    assert run("review", str(plan("no-op")), "--allow", ITEMS).exit_code == 64


@pytest.mark.parametrize("what", ["plan", "zip", "stack", "added zip"])
def test_fails_to_apply_what_was_not_reviewed(run, plan, what) -> None:
    """Another plan, another zip that it would deploy, another stack: review it again."""
    path = plan("code-change")
    folder = path.parents[1]
    assert run("review", str(path)).exit_code == 0

    if what == "plan":
        plan("table-replacement")
    elif what == "zip":
        (folder / "assets" / "summary.zip").write_text("evil")
    elif what == "added zip":
        (folder / "assets" / "more.zip").write_text("evil")
    else:
        (folder / "cdk.tf.json").write_text("{ }")
    ran = run("apply", str(path))

    assert ran.exit_code == 3
    assert f"inventory review {path}" in ran.err
    assert FakeTerraform.applied == []


def test_fails_to_apply_without_a_review(run, plan) -> None:
    """Also with a digest that somebody made up."""
    path = plan("code-change")

    assert run("apply", str(path)).exit_code == 3
    assert run("apply", str(path), "--reviewed", "0" * 64).exit_code == 3
    assert run("apply", str(path), "--reviewed", "").exit_code == 3
    assert FakeTerraform.applied == []


def test_a_second_refusal_takes_the_first_review_back(run, plan) -> None:
    """An old digest beside a new plan would be misleading."""
    path = plan("code-change")
    assert run("review", str(path)).exit_code == 0
    assert run("review", str(plan("table-replacement"))).exit_code == 3

    assert not path.with_name(f"{path.name}.reviewed").exists()


def test_fails_for_what_is_no_plan(run, plan, tmp_path) -> None:
    """Terraform's words come through; a file outside of any stack is a wrong command line."""
    assert run("review", str(plan("nonsense"))).exit_code == 4
    stray = tmp_path / "stray.tfplan"
    stray.write_text("no-op")
    assert run("review", str(stray)).exit_code == 64
    assert run("review", str(tmp_path / "missing.tfplan")).exit_code == 64


@pytest.mark.parametrize("what", ["zip", "stack", "more stack"])
def test_fails_to_review_a_plan_of_something_else(run, plan, what) -> None:
    """Seen: a zip was changed between plan and review, and the review told of the other one."""
    path = plan("code-change")
    folder = path.parents[1]
    if what == "zip":
        (folder / "assets" / "summary.zip").write_text("evil")
    elif what == "stack":
        (folder / "cdk.tf.json").write_text("{}")
    else:
        (folder / "more_override.tf.json").write_text("{}")

    ran = run("review", str(path))

    assert ran.exit_code == 3
    assert "plan again" in ran.err
    assert not path.with_name(f"{path.name}.reviewed").exists()


def test_fails_for_a_plan_that_changes_under_its_review(run, plan, monkeypatch) -> None:
    """Seen: a plan to destroy, put in its place while Checkov ran, got the digest."""
    path = plan("code-change")
    monkeypatch.setattr(review, "is_installed", lambda: True)
    monkeypatch.setattr(review, "unexplained", lambda _: plan("destroy") and [])

    ran = run("review", str(path))

    assert ran.exit_code == 3
    assert "while it was reviewed" in ran.err
    assert not path.with_name(f"{path.name}.reviewed").exists()


def test_what_changes_after_the_copy_is_not_applied(run, plan, monkeypatch) -> None:
    """The copy is applied, whatever becomes of the original meanwhile."""
    path = plan("code-change")
    assert run("review", str(path)).exit_code == 0
    monkeypatch.setattr(FakeTerraform, "init", lambda _: plan("destroy") and None)

    assert run("apply", str(path)).exit_code == 0
    assert FakeTerraform.applied == ["code-change"]
    assert [each.name for each in path.parents[2].iterdir()] == ["inventory-dev"]


def test_fails_if_initialising_changes_the_copy(run, plan, monkeypatch) -> None:
    """What is compared is compared again before it is applied."""
    path = plan("code-change")
    assert run("review", str(path)).exit_code == 0

    def change(terraform: FakeTerraform) -> None:
        (terraform.folder / "assets" / "summary.zip").write_text("evil")

    monkeypatch.setattr(FakeTerraform, "init", change)

    assert run("apply", str(path)).exit_code == 3
    assert FakeTerraform.applied == []


def test_a_state_that_could_not_be_written_away_is_kept(run, plan, monkeypatch) -> None:
    """Terraform leaves it where it runs; without it nobody knows what was applied."""
    path = plan("code-change")
    assert run("review", str(path)).exit_code == 0

    def fail(terraform: FakeTerraform, _: Path) -> None:
        (terraform.folder / "errored.tfstate").write_text("state")
        raise TerraformError("terraform apply failed: no bucket")

    monkeypatch.setattr(FakeTerraform, "apply_plan", fail)

    assert run("apply", str(path)).exit_code == 4
    assert (path.parents[1] / "errored.tfstate").read_text() == "state"


def test_fails_for_credentials_of_another_account(run, plan, monkeypatch) -> None:
    """The account belongs to what was reviewed."""
    monkeypatch.setitem(LOCAL, "provider", {"aws": [{"region": "us-east-1"}]})
    path = plan("code-change")
    assert run("review", str(path), "--no-access-analyzer").exit_code == 0
    client = boto3.client(
        "sts", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    with Stubber(client) as stub:
        stub.add_response("get_caller_identity", {"Account": "999999999999"})
        monkeypatch.setattr("boto3.client", lambda *_, **__: client)
        ran = run("apply", str(path))

    assert ran.exit_code == 3
    assert "999999999999" in ran.err
    assert FakeTerraform.applied == []


def test_plans_and_digests_are_their_owners_alone(run, plan) -> None:
    """A plan holds every value, also secret ones."""
    path = plan("code-change")
    path.chmod(0o644)

    assert run("review", str(path)).exit_code == 0

    assert path.stat().st_mode & 0o077 == 0
    assert path.with_name(f"{path.name}.reviewed").stat().st_mode & 0o077 == 0


def test_fails_in_one_line_for_a_plan_that_is_nested_without_end(run, plan, monkeypatch) -> None:
    """Whatever Terraform prints, Python has a limit."""

    def deep(_: FakeTerraform, __: Path) -> None:
        raise RecursionError

    monkeypatch.setattr(FakeTerraform, "show_plan", deep)
    ran = run("review", str(plan("code-change")))

    assert ran.exit_code == 4
    assert len(ran.err.strip().splitlines()) <= 2


def test_a_signed_zip_is_known_by_its_contents(tmp_path) -> None:
    """Signing adds files to what was synthesised; anything else that differs is found."""
    package = build_zips(FUNCTIONS, LOCK, functions=("summary",))["summary"]
    change: dict[str, Any] = {
        "address": "aws_lambda_function.F",
        "type": "aws_lambda_function",
        "change": {
            "actions": ["create"],
            "after": {
                "filename": "summary.zip",
                "source_code_hash": hash_of(package.content),
                "code_signing_config_arn": "arn:signing",
            },
        },
    }
    reviewed = read_plan({"format_version": "1.2", "resource_changes": [change]})
    target = tmp_path / "summary.zip"

    def signed(*more: str) -> tuple[str, ...]:
        with (
            zipfile.ZipFile(io.BytesIO(package.content)) as original,
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name in original.namelist():
                archive.writestr(name, original.read(name))
            for name in more:
                archive.writestr(name, "more")
        return contradictions(reviewed, {}, tmp_path)

    assert signed("META_INF/aws_signer_signature_v1.0.SF") == ()
    assert signed("META_INF/aws_signer_signature_v1.0.SF", "evil.py") != ()
    change["change"]["after"]["code_signing_config_arn"] = None
    reviewed = read_plan({"format_version": "1.2", "resource_changes": [change]})
    assert signed("META_INF/aws_signer_signature_v1.0.SF") != ()
