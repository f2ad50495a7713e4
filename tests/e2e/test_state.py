"""State survives a move to S3, and a worker with the uploaded folder alone plans the same."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from hcp_upload import pack, unpack
from terraform_runner.installation import find_terraform
from terraform_runner.terraform import command_line_variables

if TYPE_CHECKING:
    from pathlib import Path

    from local_cloud.stack import Deployment
    from stack_copy import StackCopy

BUCKET = "inventory-states"
KEY = "inventory-dev/terraform.tfstate"


def terraform(
    folder: Path, deployment: Deployment, *arguments: str, path: str = "/nowhere"
) -> subprocess.CompletedProcess[str]:
    """Run Terraform with nothing else in reach."""
    return subprocess.run(
        [str(find_terraform()), *arguments],
        cwd=folder,
        env={
            "PATH": path,
            "HOME": os.environ["HOME"],
            **command_line_variables(),
            **deployment.cloud.variables(),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def changes(folder: Path, deployment: Deployment, plan: Path) -> list[dict[str, Any]]:
    """Plan in a folder; what changes."""
    planned = terraform(folder, deployment, "plan", "-input=false", f"-out={plan}")
    assert planned.returncode == 0, planned.stderr
    shown = terraform(folder, deployment, "show", "-json", str(plan))
    return json.loads(shown.stdout)["resource_changes"]


def test_a_worker_plans_the_same_from_the_uploaded_folder_alone(
    deployment: Deployment, stack_copy: StackCopy, tmp_path: Path
) -> None:
    """Packed and unpacked elsewhere, without Python and the project: the same first deployment."""
    for state in tmp_path.glob("terraform.*.tfstate"):
        state.unlink()
    pack(stack_copy.stack, tmp_path / "upload.tar.gz")
    worker = unpack(tmp_path / "upload.tar.gz", tmp_path / "some" / "worker" / "runs" / "here")
    initialised = terraform(worker, deployment, "init", "-input=false", "-lockfile=readonly")
    assert initialised.returncode == 0, initialised.stderr

    there = changes(worker, deployment, tmp_path / "there.tfplan")
    here = changes(stack_copy.stack, deployment, tmp_path / "here.tfplan")

    assert len([each for each in there if each["change"]["actions"] == ["create"]]) > 80
    assert there == here


def test_state_moves_from_a_file_to_s3_and_is_locked_there(
    deployment: Deployment, stack_copy: StackCopy
) -> None:
    """After the move the same resources are known, nothing is to be changed, and a lock holds."""
    s3 = deployment.cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    before = terraform(stack_copy.stack, deployment, "state", "list").stdout
    assert len(before.splitlines()) > 80

    (backend,) = stack_copy.change_backend(BACKEND="s3", STATE_BUCKET=BUCKET).values()
    assert (backend["bucket"], backend["key"], backend["use_lockfile"]) == (BUCKET, KEY, True)
    moved = terraform(
        stack_copy.stack,
        deployment,
        "init",
        "-input=false",
        "-migrate-state",
        "-force-copy",
        # Where the local cloud is; on AWS none of these is needed.
        f'-backend-config=endpoints={{s3="{deployment.cloud.endpoint}"}}',
        "-backend-config=use_path_style=true",
        "-backend-config=skip_credentials_validation=true",
        "-backend-config=skip_requesting_account_id=true",
        "-backend-config=skip_metadata_api_check=true",
    )

    assert moved.returncode == 0, moved.stderr
    assert terraform(stack_copy.stack, deployment, "state", "list").stdout == before
    planned = terraform(stack_copy.stack, deployment, "plan", "-detailed-exitcode", "-input=false")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["ContentLength"] > 10_000

    lock = {"ID": "somebody", "Operation": "OperationTypeApply", "Who": "else", "Path": KEY}
    s3.put_object(Bucket=BUCKET, Key=f"{KEY}.tflock", Body=json.dumps(lock).encode())
    refused = terraform(stack_copy.stack, deployment, "plan", "-input=false", "-lock-timeout=0s")
    assert refused.returncode == 1
    assert "Error acquiring the state lock" in refused.stderr
