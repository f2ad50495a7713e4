"""The workflow asks for no keys, comments once, and applies what was reviewed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inventory_cli.main import COMMANDS
from plan_review.markdown import MARKER

PROJECT = Path(__file__).parents[2]
WORKFLOW = (PROJECT / ".github" / "workflows" / "deploy.yml").read_text()
DOCUMENT = (PROJECT / "docs" / "terraform-cloud.md").read_text()
MAKEFILE = (PROJECT / "Makefile").read_text()


def test_there_are_no_keys_that_live_longer_than_a_job() -> None:
    """Credentials come from OIDC, and from nowhere else."""
    assert "id-token: write" in WORKFLOW
    assert "role-to-assume" in WORKFLOW
    assert not re.search(r"secrets\.|access.key", WORKFLOW, re.IGNORECASE)


def test_the_comment_is_found_by_what_reviews_begin_with() -> None:
    """Otherwise every push would add another."""
    assert f'const marker = "{MARKER}"' in WORKFLOW
    assert "updateComment" in WORKFLOW


def test_what_is_applied_is_what_the_plan_job_reviewed() -> None:
    """The digest goes from job to job beside the artifact, not in it."""
    assert "digest: ${{ steps.review.outputs.digest }}" in WORKFLOW
    assert "DIGEST: ${{ needs.plan.outputs.digest }}" in WORKFLOW
    assert 'inventory apply --env "$ENV" --reviewed "$DIGEST"' in WORKFLOW


@pytest.mark.parametrize("text", [WORKFLOW, DOCUMENT], ids=["workflow", "document"])
def test_every_command_exists(text: str) -> None:
    """Targets of the Makefile and subcommands of `inventory`."""
    targets = {
        word
        for line in re.findall(r"^(?!#).*?\bmake ((?:[a-z-]+ ?)+)(?:ENV|$|`| )", text, re.MULTILINE)
        for word in line.split()
    } & {"synth", "review", "apply", "deploy", "providers-lock", "setup-terraform", "setup-policy"}
    commands = set(re.findall(r"bin/inventory (\w+)", text)) | set(
        re.findall(r"`inventory (\w+)", text)
    )

    assert targets
    assert all(re.search(rf"^{target}:", MAKEFILE, re.MULTILINE) for target in targets)
    assert commands
    assert commands <= set(COMMANDS)


def test_the_document_has_the_reviews_exit_codes() -> None:
    """Scripts rest on them."""
    assert re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE) == ["0", "1", "3", "4", "64"]
