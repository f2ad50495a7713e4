"""`inventory review` and `inventory apply`: exit codes, and that nothing else is applied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inventory_cli import apply, review
from plan_review.markdown import MARKER
from terraform_runner.errors import TerraformError

PLANS = Path(__file__).parents[1] / "plan_review" / "plans"
ITEMS = "aws_dynamodb_table.Items_5C12978B"


class FakeTerraform:
    """Shows the recorded plan whose name stands in the plan file."""

    applied: list[str] = []  # noqa: RUF012  # one list for the test that cleared it

    def __init__(self, folder: Path, *, variables: dict[str, str]) -> None:
        assert (folder / "cdk.tf.json").is_file()
        assert not variables

    def init(self) -> None:
        """There is nothing to fetch."""

    def show_plan(self, plan: Path) -> dict[str, Any]:
        """Read the recording."""
        recording = PLANS / f"{plan.read_text()}.json"
        if not recording.exists():
            raise TerraformError("terraform show failed: not a plan")
        return json.loads(recording.read_text())

    def apply_plan(self, plan: Path) -> None:
        """Note that it was applied."""
        self.applied.append(plan.read_text())


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Give a function that writes a plan file into a stack's folder."""
    for module in (review, apply):
        monkeypatch.setattr(module, "Terraform", FakeTerraform)
    monkeypatch.setattr(review, "is_installed", lambda: False)
    FakeTerraform.applied.clear()
    folder = tmp_path / "inventory-dev"
    (folder / "assets").mkdir(parents=True)
    (folder / ".terraform").mkdir()
    (folder / "cdk.tf.json").write_text("{}")
    (folder / "assets" / "summary.zip").write_text("zip")

    def write(name: str) -> Path:
        path = folder / ".terraform" / "inventory-dev.tfplan"
        path.write_text(name)
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
    assert (applied.exit_code, FakeTerraform.applied) == (0, ["code-change"])


def test_no_changes_are_said_to_be_none(run, plan) -> None:
    """And end well, strictly too."""
    ran = run("review", str(plan("no-op")), "--strict")

    assert ran.exit_code == 0
    assert "No changes" in ran.out


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
    assert "review it again" in ran.err
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
