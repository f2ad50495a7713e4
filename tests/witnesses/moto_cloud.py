"""moto as a cloud that Terraform applies a stack to."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from local_cloud.server import DEFAULT_ACCOUNT_ID, LocalCloud
from project_setup.steps import WITNESSES

SERVER = Path(__file__).with_name("moto_process.py")


class MotoCloud(LocalCloud):
    """moto's server on a free loopback port; it ends with the process that started it."""

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._moto = subprocess.Popen(
            [str(WITNESSES / "bin" / "python"), "-I", str(SERVER)],
            env={"PATH": os.environ["PATH"], "MOTO_ACCOUNT_ID": DEFAULT_ACCOUNT_ID},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.endpoint = f"http://127.0.0.1:{self._moto.stdout.readline().strip()}"

    def stop(self) -> None:
        """Stop it."""
        while self._clients:
            self._clients.popitem()[1].close()
        self._moto.kill()
        self._moto.communicate()
