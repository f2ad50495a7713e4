"""The workflows ask for no keys, apply what was reviewed, and compare what each version makes."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory_cli.main import COMMANDS
from plan_review.markdown import MARKER
from project_setup.pythons import MINORS
from project_setup.steps import OLDEST_NODE

PROJECT = Path(__file__).parents[2]
WORKFLOWS = {path.stem: path.read_text() for path in (PROJECT / ".github/workflows").glob("*.yml")}
DEPLOY, DRIFT, TEST = (WORKFLOWS[name] for name in ("deploy", "drift", "test"))
JOBS = {
    (name, job): body
    for name, text in WORKFLOWS.items()
    for job, body in yaml.safe_load(text)["jobs"].items()
}
CREDENTIALS = "aws-actions/configure-aws-credentials@"
DOCUMENT = (PROJECT / "docs" / "terraform-cloud.md").read_text()
MAKEFILE = (PROJECT / "Makefile").read_text()


def step(workflow: str, name: str) -> dict[str, Any]:
    """Give the first step of a name."""
    jobs = yaml.safe_load(workflow)["jobs"].values()
    return next(each for job in jobs for each in job["steps"] if each.get("name") == name)


def run(workflow: str, name: str, folder: Path, **variables: str) -> int:
    """Run a step in a folder as GitHub does, and give its exit code."""
    return subprocess.run(
        ["bash", "-e", "-c", step(workflow, name)["run"]],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        check=False,
    ).returncode


def test_there_are_no_keys_that_live_longer_than_a_job() -> None:
    """Credentials come from OIDC, and from nowhere else."""
    for workflow in WORKFLOWS.values():
        assert not re.search(r"secrets\.|access.key", workflow, re.IGNORECASE)
        assert workflow.count("persist-credentials: false") == workflow.count("actions/checkout@")


def test_every_action_is_pinned_with_its_version_in_a_comment() -> None:
    """A tag can be moved; and one action has one version in all workflows."""
    used = re.findall(r"uses: (.*)", "".join(WORKFLOWS.values()))

    assert len(used) > 20
    for each in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each
    assert len(set(used)) == len({each.partition("@")[0] for each in used})


def test_no_job_may_do_more_than_it_needs() -> None:
    """Who asks for credentials writes nothing on GitHub, and the other way round."""
    for name, text in WORKFLOWS.items():
        assert yaml.safe_load(text)["permissions"] == (
            {"contents": "read"} if name == "test" else {}
        )
    assert {key: body.get("permissions") for key, body in JOBS.items()} == {
        ("deploy", "synth"): {"contents": "read"},
        ("deploy", "plan"): {"contents": "read", "id-token": "write"},
        ("deploy", "comment"): {"pull-requests": "write"},
        ("deploy", "apply"): {"contents": "read", "id-token": "write"},
        ("drift", "review"): {"contents": "read", "id-token": "write"},
        ("drift", "issue"): {"issues": "write"},
        ("test", "test"): None,
        ("test", "same-bytes"): None,
    }
    for body in JOBS.values():
        asks = any(each.get("uses", "").startswith(CREDENTIALS) for each in body["steps"])
        assert asks == ("id-token" in (body.get("permissions") or {}))


def test_credentials_come_after_all_that_a_pull_request_may_have_changed() -> None:
    """Where there are some, the code is the branch's that it is for; its stack is data."""
    for (workflow, _), body in JOBS.items():
        steps = body["steps"]
        taken = [n for n, each in enumerate(steps) if each.get("uses", "").startswith(CREDENTIALS)]
        for position in taken:
            assert not any("make" in each.get("run", "") for each in steps[position:])
        checkouts = [each for each in steps if each.get("uses", "").startswith("actions/checkout@")]
        if taken and workflow == "deploy" and "event_name == 'push'" not in body.get("if", ""):
            [checkout] = checkouts
            wanted = "${{ github.event.pull_request.base.sha || github.sha }}"
            assert checkout["with"]["ref"] == wanted
            assert not any("main.py" in str(each) or "synth" in str(each) for each in steps)


def test_only_providers_of_our_lock_run_with_credentials(tmp_path) -> None:
    """What a pull request's folder brings along is thrown away before Terraform sees it."""
    stack = tmp_path / "cdktf.out" / "stacks" / "inventory-prod"
    (stack / ".terraform" / "providers").mkdir(parents=True)
    (stack / ".terraform.lock.hcl").write_text("theirs")
    (tmp_path / "constructs_lib").mkdir()
    (tmp_path / "constructs_lib" / "terraform.lock.hcl").write_text("ours")

    assert run(DEPLOY, "Lock", tmp_path, ENV="prod") == 0
    assert (stack / ".terraform.lock.hcl").read_text() == "ours"
    assert not (stack / ".terraform").exists()
    names = [each.get("name", each.get("uses", "")) for each in JOBS["deploy", "plan"]["steps"]]
    lock = names.index("Lock")
    assert names[lock - 1].startswith("actions/download-artifact@")
    assert any(each.startswith(CREDENTIALS) for each in names[lock:])


def test_the_region_is_the_one_of_cdktf_json(tmp_path) -> None:
    """And a missing one ends the job."""
    region = {"prod": {"aws_region": "eu-central-1"}, "dev": {}}
    (tmp_path / "cdktf.json").write_text(json.dumps({"context": {"environments": region}}))
    for workflow in (DEPLOY, DRIFT):
        assert not re.search(r"[a-z]{2}-[a-z]+-\d", workflow)
        output = tmp_path / "output"
        assert run(workflow, "Region", tmp_path, ENV="prod", GITHUB_OUTPUT=str(output)) == 0
        assert output.read_text() == "region=eu-central-1\n"
        output.unlink()
        assert run(workflow, "Region", tmp_path, ENV="dev", GITHUB_OUTPUT=str(output)) != 0
        given = "aws-region: ${{ steps.region.outputs.region }}"
        assert workflow.count(given) == workflow.count(CREDENTIALS)


ISSUES = """
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
const [script, issues] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const calls = [];
const note = (name) => async (given) => { calls.push({ name, ...given }); };
const github = {
  paginate: async () => issues,
  rest: { issues: { create: note("create"), update: note("update") } },
};
const context = { repo: { owner: "acme", repo: "stock" }, serverUrl: "https://gh", runId: 7 };
new AsyncFunction("github", "context", "require", script)(github, context, require)
  .then(() => console.log(JSON.stringify(calls)));
"""
OURS = {"number": 5, "user": {"type": "Bot"}, "body": f"{MARKER}\nlast week"}
OTHERS = [
    {"number": 1, "user": {"type": "User"}, "body": f"{MARKER}\nquoted"},
    {"number": 2, "user": {"type": "Bot"}, "body": None},
    {**OURS, "number": 3, "pull_request": {}},
]


@pytest.mark.parametrize(
    ("code", "issues", "wanted"),
    [
        ("1", OTHERS, {"name": "create", "title": "prod is not what the configuration says"}),
        ("1", [*OTHERS, OURS], {"name": "update", "issue_number": 5, "state": "open"}),
        ("4", OTHERS, {"name": "create"}),
        ("0", [*OTHERS, OURS], {"name": "update", "issue_number": 5, "state": "closed"}),
        ("0", OTHERS, None),
        ("", OTHERS, {"name": "create"}),
    ],
    ids=["first", "again", "no plan", "mended", "clean", "no code"],
)
def test_drift_is_one_issue(tmp_path, code, issues, wanted) -> None:
    """Opened, then updated, closed when nothing is left; nobody else's is touched."""
    if code in {"0", "1"}:
        (tmp_path / "review.md").write_text(f"{MARKER}\nthis week")
    done = subprocess.run(
        ["node", "-e", ISSUES],
        cwd=tmp_path,
        env={**os.environ, "CODE": code, "ENV": "prod"},
        input=json.dumps([step(DRIFT, "Issue")["with"]["script"], issues]),
        capture_output=True,
        text=True,
        check=True,
    )
    calls = json.loads(done.stdout)

    assert len(calls) == bool(wanted)
    for call in calls:
        assert wanted.items() <= call.items()
        assert call["body"].startswith(MARKER)
        assert ("this week" in call["body"]) == (code in {"0", "1"})


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


def test_the_plan_role_reads_no_data() -> None:
    """State and metadata alone, each action by its name; the lock is all that it writes."""
    policy = json.loads((PROJECT / "docs" / "plan-role.json").read_text())
    metadata, feeds, _, state, lock = policy["Statement"]
    data = r"Get(Object|Item|Records|LogEvents|Query)|BatchGet|Query|Scan|Receive|Decrypt|Filter"

    assert metadata["Action"] == sorted(set(metadata["Action"]))
    for action in metadata["Action"]:
        assert re.fullmatch(r"[a-z0-9]+:(Describe|Get|List)[A-Za-z]+", action), action
        assert not re.search(data, action), action
    assert state["Action"] == "s3:GetObject"
    assert state["Resource"].endswith("/terraform.tfstate")
    assert feeds["Resource"].endswith("/settings/feeds.json")
    assert lock["Resource"].endswith(".tflock")
    assert "plan-role.json" in DOCUMENT


@pytest.mark.parametrize("name", ["operations.md", "terraform-cloud.md"])
def test_the_one_table_of_exit_codes_is_linked(name) -> None:
    """There is no second one."""
    text = (PROJECT / "docs" / name).read_text()

    assert ("operations.md#exit-codes" in text) == (name != "operations.md")
    assert bool(re.search(r"^\| 64 \|", text, re.MULTILINE)) == (name == "operations.md")
