"""The workflows ask for no keys, apply what was reviewed, and compare what each version makes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from inventory_cli.main import COMMANDS
from plan_review.markdown import MARKER
from project_setup.pythons import MINORS
from project_setup.steps import OLDEST_NODE

PROJECT = Path(__file__).parents[2]
WORKFLOWS = {path.stem: path.read_text() for path in (PROJECT / ".github/workflows").glob("*.yml")}
DEPLOY, TEST = WORKFLOWS["deploy"], WORKFLOWS["test"]
DOCUMENT = (PROJECT / "docs" / "terraform-cloud.md").read_text()
MAKEFILE = (PROJECT / "Makefile").read_text()


def script(workflow: str, step: str) -> str:
    """Give what a step runs."""
    found = re.search(
        rf"- name: {step}\n(?:        .*\n)*?        run: \|\n((?:          .*\n|\n)+)", workflow
    )
    assert found, step
    return dedent(found[1])


def run(workflow: str, step: str, folder: Path, **variables: str) -> int:
    """Run a step in a folder as GitHub does, and give its exit code."""
    return subprocess.run(
        ["bash", "-e", "-c", script(workflow, step)],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        check=False,
    ).returncode


def test_there_are_no_keys_that_live_longer_than_a_job() -> None:
    """Credentials come from OIDC, and from nowhere else; tests have none at all."""
    assert "id-token: write" in DEPLOY
    assert "role-to-assume" in DEPLOY
    for workflow in WORKFLOWS.values():
        assert not re.search(r"secrets\.|access.key", workflow, re.IGNORECASE)
        assert workflow.count("persist-credentials: false") == workflow.count("actions/checkout@")
    assert re.findall(r"^permissions:\n((?:  .*\n)+)", TEST, re.MULTILINE) == ["  contents: read\n"]
    assert TEST.count("permissions:") == 1


def test_the_comment_is_found_by_what_reviews_begin_with() -> None:
    """Otherwise every push would add another."""
    assert f'const marker = "{MARKER}"' in DEPLOY
    assert "updateComment" in DEPLOY


def test_what_is_applied_is_what_the_plan_job_reviewed() -> None:
    """The digest goes from job to job beside the artifact, not in it."""
    assert "digest: ${{ steps.review.outputs.digest }}" in DEPLOY
    assert "DIGEST: ${{ needs.plan.outputs.digest }}" in DEPLOY
    assert 'inventory apply --env "$ENV" --reviewed "$DIGEST"' in DEPLOY


def test_every_promised_version_is_tested() -> None:
    """Each Python with the oldest Node, and one with the newest, by what a contributor runs."""
    pythons = ", ".join(f'"3.{minor}"' for minor in MINORS)
    assert f"python: [{pythons}]\n" in TEST
    assert f'node: ["{OLDEST_NODE}"]\n' in TEST
    assert re.search(r'include:\n +- python: "3\.13"\n +node: "24"\n', TEST)
    assert "- run: .ci/run\n" in TEST
    assert re.search(
        r"^on:\n  pull_request:\n  push:\n    branches: \[main\]\n", TEST, re.MULTILINE
    )


def test_both_workflows_use_the_same_tools() -> None:
    """What is deployed is made by what was tested."""
    used = [
        set(re.findall(r"(?:uses|terraform_version): .*", workflow)) for workflow in (TEST, DEPLOY)
    ]

    assert used[0]
    assert used[0] <= used[1]


def test_every_environment_is_synthesised_for_the_comparison(tmp_path) -> None:
    """The sums name each file below its environment, in an order that no locale changes."""
    make = tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text(
        '#!/bin/sh\nmkdir -p "$CDKTF_OUTDIR/a b"\n'
        'for name in B a "a b/c"; do echo "$@" > "$CDKTF_OUTDIR/$name"; done\n'
    )
    make.chmod(0o755)

    code = run(TEST, "Synthesise", tmp_path, PATH=f"{make.parent}:{os.environ['PATH']}")

    assert code == 0
    lines = (tmp_path / "build" / "sums.txt").read_text().splitlines()
    assert [line[66:] for line in lines] == [
        f"./{environment}/{name}"
        for environment in ("dev", "prod", "staging")
        for name in ("B", "a", "a b/c")
    ]
    assert len({line[:64] for line in lines}) == 3


@pytest.mark.parametrize(
    ("sums", "code"),
    [
        (["same", "same", "same", "same"], 0),
        (["same", "same", "same", "other"], 1),
        (["other", "same", "same", "same"], 1),
        (["same", "same", "same"], 1),
        (["", "", "", ""], 1),
    ],
    ids=["all the same", "last differs", "first differs", "one is missing", "none has any"],
)
def test_sums_that_differ_or_are_missing_fail_the_run(tmp_path, sums, code) -> None:
    """There is one set for each entry of the matrix, and all are alike."""
    for number, text in enumerate(sums):
        folder = tmp_path / "sums" / f"sums-{number}"
        folder.mkdir(parents=True)
        (folder / "sums.txt").write_text(text)

    assert run(TEST, "Compare", tmp_path) == code
    assert len(MINORS) + 1 == 4


@pytest.mark.parametrize("text", [*WORKFLOWS.values(), DOCUMENT], ids=[*WORKFLOWS, "document"])
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
    assert commands <= set(COMMANDS)
    assert commands or text is TEST


def test_the_document_has_the_reviews_exit_codes() -> None:
    """Scripts rest on them."""
    assert re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE) == ["0", "1", "3", "4", "64"]
