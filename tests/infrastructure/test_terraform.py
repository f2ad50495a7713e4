"""Terraform and the real provider find nothing wrong with what is synthesised."""

from __future__ import annotations

import json
import subprocess

from terraform_runner.installation import (
    cli_configuration,
    find_provider_mirror,
    find_terraform,
)

EVERY_OPTION = {
    "alarm_email": "stock@example.com",
    "code_signing_profile_version_arn": (
        "arn:aws:signer:us-east-1:123456789012:/signing-profiles/inventory/abcdef1234"
    ),
    "customer_managed_keys": True,
    "max_reserved_concurrency": 5,
    "max_stock_drop_share": "0.5",
    "tags": {"cost center": "4711"},
}


def test_terraform_accepts_the_stack_with_every_option(whole_stack, tmp_path) -> None:
    """Arguments exist, types fit, references lead somewhere, in the provider's oldest version.

    That of prod is validated where it is unpacked: see test_terraform_cloud.py.
    """
    (tmp_path / "cdk.tf.json").write_text(json.dumps(whole_stack(**EVERY_OPTION)))
    (tmp_path / "terraform.rc").write_text(cli_configuration(find_provider_mirror()))
    terraform = str(find_terraform())
    variables = {"PATH": "/usr/bin:/bin", "TF_CLI_CONFIG_FILE": str(tmp_path / "terraform.rc")}

    for arguments in (["init", "-backend=false"], ["validate"]):
        result = subprocess.run(
            [terraform, *arguments, "-no-color"],
            cwd=tmp_path,
            env={**variables, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout == "Success! The configuration is valid.\n\n"
