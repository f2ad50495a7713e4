"""Locks the provider anew, for `make providers-lock`: `provider_lock.py STACK_FOLDER`.

From the registry for all platforms below, or from a plugin mirror for the one that it has.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from constructs_lib.stack_folder import LOCK, LOCK_FILE
from terraform_runner.installation import find_provider_mirror, find_terraform, os_arch
from terraform_runner.terraform import command_line_variables

PLATFORMS = ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64")
"""HCP Terraform's workers are linux_amd64; the others are where people work."""


def main(stack_folder: Path) -> None:
    """Write constructs_lib/terraform.lock.hcl."""
    mirror = find_provider_mirror()
    platforms = PLATFORMS if mirror is None else (os_arch(),)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(stack_folder / "cdk.tf.json", folder)
        subprocess.run(
            [
                str(find_terraform()),
                f"-chdir={folder}",
                "providers",
                "lock",
                *([] if mirror is None else [f"-fs-mirror={mirror}"]),
                *(f"-platform={each}" for each in platforms),
            ],
            env={"PATH": "/usr/bin:/bin", "HOME": folder, **command_line_variables()},
            check=True,
        )
        shutil.copyfile(Path(folder) / LOCK_FILE, LOCK)
    print(f"{LOCK.name}: {', '.join(platforms)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
