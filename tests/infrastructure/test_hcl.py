"""The way out to plain Terraform: `cdktf synth --hcl` writes HCL that Terraform takes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from terraform_runner.__main__ import cdktf_environment
from terraform_runner.installation import (
    cli_configuration,
    find_provider_mirror,
    find_terraform,
)

PROJECT = Path(__file__).parents[2]
CLI = PROJECT / "node_modules" / ".bin" / "cdktf"


def test_the_hcl_is_the_same_stack_and_valid(whole_stack, tmp_path) -> None:
    """Every resource and data source has its address, and Terraform finds nothing wrong."""
    assert CLI.exists(), "run `make setup-node`"
    app = f"{sys.executable} {PROJECT / 'main.py'}"
    subprocess.run(
        [str(CLI), "synth", "--hcl", "--app", app, "--output", str(tmp_path / "out")],
        cwd=PROJECT,
        env={
            **cdktf_environment(),
            "ENVIRONMENT_SUFFIX": "dev",
            "BACKEND": "s3",
            "STATE_BUCKET": "states",
            "CUSTOMER_MANAGED_KEYS": "true",
        },
        capture_output=True,
        check=True,
    )
    folder = tmp_path / "out" / "stacks" / "inventory-dev"
    text = (folder / "cdk.tf").read_text()

    document = whole_stack(customer_managed_keys=True)
    for kind, word in (("resource", "resource"), ("data", "data")):
        written = set(re.findall(rf'^{word} "(\w+)" "(\w+)"', text, re.MULTILINE))
        assert written == {
            (type_, id_) for type_, instances in document[kind].items() for id_ in instances
        }
    assert set(re.findall(r'^output "(\w+)"', text, re.MULTILINE)) == document["output"].keys()
    assert re.search(r"use_lockfile\s*=\s*true", text)

    (tmp_path / "terraform.rc").write_text(cli_configuration(find_provider_mirror()))
    results = [
        subprocess.run(
            [str(find_terraform()), *arguments],
            cwd=folder,
            env={
                "PATH": "/nowhere",
                "HOME": str(tmp_path),
                "TF_CLI_CONFIG_FILE": str(tmp_path / "terraform.rc"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        for arguments in (["init", "-backend=false", "-input=false"], ["validate", "-json"])
    ]
    assert results[0].returncode == 0, results[0].stderr
    assert json.loads(results[1].stdout)["valid"] is True, results[1].stdout
