"""Starts and stops the local cloud; whatever it started ends with it."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import boto3
from botocore.config import Config

from local_cloud import STAY
from local_cloud.errors import NotReadyError
from terraform_runner.paths import BUILD

if TYPE_CHECKING:
    from collections.abc import Mapping

AwsClient: TypeAlias = Any
"""A client of boto3, which makes a class for each service at run time."""

REGION = "us-east-1"
DEFAULT_ACCOUNT_ID = "000000000000"
SECRET = "test"  # MiniStack takes any  # noqa: S105  MiniStack takes any

START_LIMIT_SECONDS = 30
STOP_LIMIT_SECONDS = 5


def is_alive(group: int) -> bool:
    """Tell whether any process of a process group still runs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, 0)
        return True
    return False


def stop_group(group: int, leader: subprocess.Popen[bytes] | None = None) -> None:
    """End a process group: asked first, then made to.

    Args:
        group: Its id.
        leader: Its leader where that is a child of this process, which has to be reaped.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
        deadline = time.monotonic() + STOP_LIMIT_SECONDS
        while time.monotonic() < deadline:
            if leader is not None:
                leader.poll()
            if not is_alive(group):
                return
            time.sleep(0.02)


class LocalCloud:
    """MiniStack on a free loopback port, in a process group and a folder of its own.

    Args:
        auth: True if IAM policies are enforced for every call of a function.
        functions_endpoint: URL that only the functions' calls go to, for a proxy in between.
            Default: the cloud itself.
        account_id: The account that clients and Terraform work in.

    Example:
        with LocalCloud(auth=True) as cloud:
            cloud.client("s3").list_buckets()
    """

    def __init__(
        self,
        *,
        auth: bool = True,
        functions_endpoint: str | None = None,
        account_id: str = DEFAULT_ACCOUNT_ID,
    ) -> None:
        self.auth = auth
        self.functions_endpoint = functions_endpoint
        self.account_id = account_id
        self.endpoint = ""
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}

    @classmethod
    def attach(cls, endpoint: str) -> Self:
        """One that already runs, and that goes on when this process ends."""
        cloud = cls()
        cloud.endpoint = endpoint
        return cloud

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            NotReadyError: It ended or did not answer within 30 seconds.
        """
        scratch = BUILD / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="cloud-", dir=scratch))
        with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
            port = listener.getsockname()[1]
            self.endpoint = f"http://127.0.0.1:{port}"
            log = (self._folder / "log").open("wb")
            self._process = process = subprocess.Popen(
                [sys.executable, "-m", "local_cloud.launcher", str(listener.fileno())],
                env=self._environment(port),
                cwd=self._folder,
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            log.close()
        atexit.register(self.stop)
        try:
            self._wait(process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it with every process it started, and remove its folder; twice is harmless."""
        atexit.unregister(self.stop)
        while self._clients:
            self._clients.popitem()[1].close()
        if self._process is not None:
            stop_group(self._process.pid, self._process)
            if self._process.stdin:
                self._process.stdin.close()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def detach(self) -> tuple[int, Path]:
        """Leave it running after this process.

        Returns:
            Its process group for `stop_group`, and its folder, to be removed then.

        Raises:
            NotReadyError: It does not run.
        """
        if self._folder is None or self._process is None or self._process.stdin is None:
            raise NotReadyError("the local cloud does not run")
        self._process.stdin.write(STAY)
        self._process.stdin.close()
        atexit.unregister(self.stop)
        group, folder = self._process.pid, self._folder
        # It is nobody's child from here on; without a return code Popen would complain.
        self._process.returncode = 0
        self._process = self._folder = None
        return group, folder

    def client(self, service: str) -> AwsClient:
        """A boto3 client of the cloud; the process's own AWS settings play no part.

        Made once: those who wait ask several times a second, and making one takes longer.
        """
        if service not in self._clients:
            make: Any = boto3.Session(region_name=REGION).client
            self._clients[service] = make(
                service,
                endpoint_url=self.endpoint,
                aws_access_key_id=self.account_id,
                aws_secret_access_key=SECRET,
                config=Config(retries={"mode": "standard", "max_attempts": 5}, proxies={}),
            )
        return self._clients[service]

    def create_table(self, name: str, keys: tuple[str, ...]) -> None:
        """Create a DynamoDB table.

        Args:
            name: Of the table.
            keys: Names of its partition key and, if it has one, its sort key, both strings.
        """
        self.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
        )

    def variables(self) -> Mapping[str, str]:
        """Environment variables that point SDKs and tools at it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.account_id,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    @property
    def log(self) -> str:
        """Its output; empty once it is stopped."""
        path = self._folder / "log" if self._folder else None
        return path.read_text(errors="replace") if path and path.exists() else ""

    def _environment(self, port: int) -> dict[str, str]:
        # Everything in here is visible to the functions, so nothing of the caller's is passed on.
        variables = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
            "AUTH": "true" if self.auth else "false",
            # There is no container in this cloud, and none is looked for.
            "DOCKER_HOST": f"unix://{self._folder}/no-docker",
        }
        if self.functions_endpoint:
            variables["AWS_ENDPOINT_URL"] = self.functions_endpoint
        return variables

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise NotReadyError(f"the local cloud ended while starting: {self.log[-2000:]}")
            with contextlib.suppress(urllib.error.URLError, OSError):
                # Loopback: no proxy that the environment names knows it.
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(f"{self.endpoint}/_ministack/health", timeout=2):
                    return
            time.sleep(0.05)
        raise NotReadyError(f"the local cloud did not answer within {START_LIMIT_SECONDS} s")
