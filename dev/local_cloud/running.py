"""The local cloud that `make local-up` leaves running, and how `make local-down` finds it."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

from local_cloud.server import LocalCloud, is_alive, stop_group
from local_cloud.stack import deploy, synthesise
from terraform_runner.paths import BUILD

if TYPE_CHECKING:
    from rich.console import Console

    from local_cloud.stack import Deployment

FOLDER = BUILD / "local"
RECORD = FOLDER / "cloud.json"
OUTPUTS = FOLDER / "outputs.json"
ENV = FOLDER / "env"


def up(console: Console) -> Deployment:
    """Start it, or take the one that runs, and apply the stack as it is now.

    Raises:
        LocalCloudError: It could not be started or applied; then nothing is left running.
    """
    running = _running()
    if running is not None:
        console.print("the local cloud runs already: applying what changed")
        return _apply(LocalCloud.attach(str(running["endpoint"])), console)
    down()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with LocalCloud() as cloud:
        deployment = _apply(cloud, console)
        group, folder = cloud.detach()
        record = {"group": group, "folder": str(folder), "endpoint": cloud.endpoint}
        RECORD.write_text(json.dumps(record))
    return deployment


def down() -> bool:
    """Stop and discard it.

    Returns:
        Whether one was running.
    """
    running = _running()
    if running is not None:
        stop_group(int(str(running["group"])))
        shutil.rmtree(str(running["folder"]), ignore_errors=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    return running is not None


def _apply(cloud: LocalCloud, console: Console) -> Deployment:
    with console.status("synthesising"):
        folder = synthesise(FOLDER / "cdktf.out")
    deployment = deploy(folder, cloud, console=console)
    OUTPUTS.write_text(json.dumps(deployment.raw_outputs, indent=2) + "\n")
    lines = [f"export {name}={shlex.quote(value)}" for name, value in cloud.variables().items()]
    lines.append("unset AWS_PROFILE")
    # Whatever reads this may be behind a proxy, which does not know this machine's loopback.
    # Of the two spellings programs follow either, and most the small one where both are set.
    lines.append('export no_proxy="127.0.0.1,localhost,${no_proxy:-${NO_PROXY:-}}"')
    lines.append('export NO_PROXY="$no_proxy"')
    ENV.write_text("\n".join(lines) + "\n")
    return deployment


def _running() -> dict[str, object] | None:
    """The record of the one that runs; None if there is none or its process is another one."""
    try:
        record: dict[str, object] = json.loads(RECORD.read_text())
        group = int(str(record["group"]))
    except (OSError, ValueError, KeyError):
        return None
    command = subprocess.run(
        ["ps", "-o", "command=", "-p", str(group)], capture_output=True, text=True, check=False
    ).stdout
    return record if is_alive(group) and "local_cloud.launcher" in command else None
