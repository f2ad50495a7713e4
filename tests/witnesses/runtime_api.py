"""A function under AWS's own runtime client, and as much of Lambda's Runtime API as that asks for.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from uuid import uuid4

from project_setup.steps import WITNESSES

if TYPE_CHECKING:
    from collections.abc import Mapping

BROUGHT = (
    *("awslambdaric", "simplejson", "snapshot_restore_py.py"),
    *("boto3", "botocore", "s3transfer", "dateutil", "six.py", "urllib3", "jmespath"),
)
"""What Lambda's runtime brings along: its client, and the SDK with what that needs."""

SANDBOX = Path(__file__).with_name("sandbox.py")
START_SECONDS = 60


class Answer(NamedTuple):
    """What a function answered.

    Attributes:
        kind: "response", "error" or "init/error".
        body: Its JSON, parsed.
    """

    kind: str
    body: Any


def runtime_folder(target: Path) -> Path:
    """A folder with what Lambda's runtime brings along, and nothing else."""
    (packages,) = WITNESSES.glob("lib/python3.*/site-packages")
    target.mkdir()
    for path in [packages / name for name in BROUGHT] + list(packages.glob("runtime_client.*")):
        (target / path.name).symlink_to(path)
    return target


class Function:
    """One execution environment of a function.

    Args:
        task: Folder of its unpacked zip.
        runtime: Folder that `runtime_folder` made.
        handler: Module and function.
        memory_mib: Its memory.
        variables: Its environment variables.

    Attributes:
        log: What it wrote to its log; complete when it has ended.
    """

    def __init__(
        self, task: Path, runtime: Path, handler: str, memory_mib: int, variables: Mapping[str, str]
    ) -> None:
        self._task = task
        self._arguments = [str(runtime), handler, str(memory_mib)]
        self._variables = variables
        self._events: Queue[dict[str, Any]] = Queue()
        self._answers: Queue[Answer] = Queue()
        self.log = ""

    def __enter__(self) -> Self:
        function = self

        class Handler(_RuntimeApi):
            owner: Function = function

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._temporary = tempfile.TemporaryDirectory()
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [str(WITNESSES / "bin" / "python"), "-I", "-S", str(SANDBOX), *self._arguments],
            cwd=self._task,
            env={
                **self._variables,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_address[1]}",
                "AWS_LAMBDA_FUNCTION_NAME": "function",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": self._arguments[2],
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "LAMBDA_TASK_ROOT": str(self._task),
                "TMPDIR": self._temporary.name,
                "TZ": ":UTC",
            },
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()
        self._log.seek(0)
        self.log = self._log.read().decode()
        self._log.close()
        self._temporary.cleanup()

    def invoke(self, event: Any, *, seconds: int = START_SECONDS) -> Answer:
        """Have an event processed.

        Raises:
            RuntimeError: There is no answer; the function's log is in the message.
        """
        self._events.put({"id": str(uuid4()), "body": json.dumps(event), "seconds": seconds})
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            try:
                return self._answers.get(timeout=0.2)
            except Empty:
                if self._process.poll() is not None and self._answers.empty():
                    break
        self.__exit__()
        raise RuntimeError(f"no answer; exit code {self._process.returncode}: {self.log[-3000:]}")


class _RuntimeApi(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Function

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        """Print nothing."""

    def do_GET(self) -> None:
        """Give the next event, as soon as there is one."""
        event = self.owner._events.get()
        deadline = int((time.time() + event["seconds"]) * 1000)
        self._answer(
            200,
            event["body"].encode(),
            {
                "Lambda-Runtime-Aws-Request-Id": event["id"],
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:1:function:f",
                "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
                "Content-Type": "application/json",
            },
        )

    def do_POST(self) -> None:
        """Take an answer or an error."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        *_, before, last = self.path.split("/")
        kind = "init/error" if before == "init" else last
        self._answer(202, b'{"status":"OK"}', {})
        self.owner._answers.put(Answer(kind, json.loads(body)))

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
