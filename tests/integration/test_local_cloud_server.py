"""The local cloud ends with whoever started it, and never leaves loopback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local_cloud import patches
from local_cloud.errors import LocalCloudError, NotReadyError
from local_cloud.observe import wait_for
from local_cloud.server import LocalCloud, is_alive, stop_group
from terraform_runner.paths import ROOT

HOLDER = """
import signal, sys, time
# A shell that starts the tests in the background has interrupts ignored in all of them.
signal.signal(signal.SIGINT, signal.default_int_handler)
from local_cloud.server import LocalCloud
cloud = LocalCloud()
cloud.start()
print(cloud._process.pid, cloud._folder, flush=True)
if sys.argv[1] == "detach":
    cloud.detach()
else:
    time.sleep(60)
"""


def hold(how: str) -> tuple[subprocess.Popen[str], int, Path]:
    """A process that started a local cloud: itself, the cloud's group and folder."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, how],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "dev")},
    )
    assert holder.stdout is not None
    group, folder = holder.stdout.readline().split()
    return holder, int(group), Path(folder)


def gone(group: int) -> bool | None:
    """True once no process of the group is left."""
    return None if is_alive(group) else True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_cloud_ends_with_the_process_that_started_it(number: signal.Signals) -> None:
    """However its starter ends, the cloud and its folder go too."""
    holder, group, folder = hold("wait")
    with holder:
        assert is_alive(group)

        holder.send_signal(number)
        holder.wait(timeout=10)

    assert wait_for(lambda: gone(group), "the end of the cloud", seconds=10)
    assert not folder.exists()


def test_detached_cloud_stays_until_it_is_stopped() -> None:
    """A cloud that is left behind runs on, and its group ends it."""
    holder, group, folder = hold("detach")
    with holder:
        holder.wait(timeout=10)
    try:
        assert is_alive(group)
    finally:
        stop_group(group)
    assert not is_alive(group)
    assert not folder.exists()


def test_cloud_listens_on_loopback_alone(cloud: LocalCloud) -> None:
    """Every listening socket of the cloud is bound to 127.0.0.1."""
    assert cloud._process is not None
    sockets = set()
    for descriptor in Path(f"/proc/{cloud._process.pid}/fd").iterdir():
        found = re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink()))
        if found:
            sockets.add(found[1])
    listening = {
        columns[1].split(":")[0]
        for table in ("tcp", "tcp6")
        for columns in map(str.split, Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if columns[3] == "0A" and columns[9] in sockets
    }

    assert listening == {"0100007F"}


def test_stopping_twice_is_harmless() -> None:
    """A second stop, and the one at exit, find nothing to do."""
    running = LocalCloud()
    running.start()
    running.stop()
    running.stop()

    with pytest.raises(NotReadyError):
        running.detach()


def test_fails_with_another_release_of_ministack() -> None:
    """The patches hold for one release; another one is refused by name."""
    with pytest.raises(LocalCloudError, match=r"1\.5\.33, but 1\.5\.34 is installed"):
        patches.check_release("1.5.34")
