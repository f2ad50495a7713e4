"""A proxy between the functions and the local cloud that does to their calls what networks do.

Only the functions' own calls pass through it; clients of the tests and the provider do not.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

HOP_HEADERS = frozenset({"connection", "keep-alive", "transfer-encoding", "expect", "te"})
DELAY_SECONDS = 0.4


class Server(ThreadingHTTPServer):
    """Says nothing of callers that went away: faults make them, and so do killed processes."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of everything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Fault(Enum):
    """What happens to a call."""

    DROP = "the request is lost"
    LOSE_ANSWER = "the request is served, its answer is lost"
    DELAY = "the request waits"
    DUPLICATE = "the request is served twice"
    THROTTLE = "the service asks for less"
    FAIL = "the service answers 500"
    TRUNCATE = "half of the answer's body arrives"
    KILL = "the process that called is killed"


@dataclass(kw_only=True)
class Rule:
    """Which calls of an operation meet which fault.

    Attributes:
        operation: Such as "BatchGetItem" or "GetObject".
        fault: What happens.
        after: Calls of the operation that pass first.
        times: Calls that meet the fault.
        hits: Calls that met it.
    """

    operation: str
    fault: Fault
    after: int = 0
    times: int = 2
    hits: int = 0


REFUSALS = {
    Fault.THROTTLE: (400, "ThrottlingException", 503, "SlowDown"),
    Fault.FAIL: (500, "InternalServerError", 500, "InternalError"),
}
"""Status and code, of S3 the last two."""


@dataclass
class FaultProxy:
    """Listens on loopback; forwards everything to `upstream` unless a rule says otherwise.

    Attributes:
        upstream: URL of the local cloud.
        rules: The rules in force; tests set and clear them.
        seen: Calls by operation since the rules were set.
    """

    handler: ClassVar[type[ProxyHandler]]
    upstream: str = ""
    rules: list[Rule] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        proxy = self

        class Handler(self.handler):  # type: ignore[name-defined,misc]  # known when it runs
            owner = proxy

        self._server = Server(("127.0.0.1", 0), Handler)
        self._lock = threading.Lock()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        """URL that the functions call."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def set(self, *rules: Rule) -> None:
        """Put rules in force, in place of those that are."""
        with self._lock:
            self.rules = list(rules)
            self.seen = {}

    def fault_of(self, operation: str) -> Fault | None:
        """The fault that this call meets."""
        with self._lock:
            number = self.seen[operation] = self.seen.get(operation, 0) + 1
            for rule in self.rules:
                first = rule.after + 1
                if rule.operation == operation and first <= number < first + rule.times:
                    rule.hits += 1
                    return rule.fault
        return None


class ProxyHandler(BaseHTTPRequestHandler):
    """One connection to the proxy."""

    protocol_version = "HTTP/1.1"
    owner: FaultProxy

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name  # noqa: A002  the base's name
        """Print nothing."""

    def _handle(self) -> None:
        body = b"".join(self._body())
        operation = operation_of(self.command, self.path, self.headers.get("X-Amz-Target"))
        fault = self.owner.fault_of(operation)
        if fault is Fault.KILL:
            kill_peer(self.client_address[1])
        if fault in {Fault.KILL, Fault.DROP}:
            return self._hang_up()
        if fault in REFUSALS:
            return self._refuse(*REFUSALS[fault])
        if fault is Fault.DELAY:
            time.sleep(DELAY_SECONDS)
        if fault is Fault.DUPLICATE:
            self.forward(body)
        answer = self.forward(body)
        if fault is Fault.LOSE_ANSWER:
            return self._hang_up()
        return self._answer(*answer, truncated=fault is Fault.TRUNCATE)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815  the base's names  # noqa: N815  the base's names

    def _answer(
        self, status: int, headers: list[tuple[str, str]], answer: bytes, *, truncated: bool
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP_HEADERS | {"content-length"}:
                self.send_header(name, value)
        length = next((v for n, v in headers if n.lower() == "content-length"), str(len(answer)))
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2] if truncated else answer)
        if truncated:
            self._hang_up()

    def _body(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            yield self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Have the cloud serve the request: status, headers and body."""
        connection = http.client.HTTPConnection(urlsplit(self.owner.upstream).netloc, timeout=60)
        try:
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in HOP_HEADERS | {"content-length"}:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def _refuse(self, status: int, code: str, s3_status: int, s3_code: str) -> None:
        if self.headers.get("X-Amz-Target"):
            content, kind = json.dumps({"__type": code}).encode(), "application/x-amz-json-1.0"
        else:
            status, kind = s3_status, "application/xml"
            content = f"<Error><Code>{s3_code}</Code><Message>faulty</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _hang_up(self) -> None:
        """End the connection as a peer that vanished does: with a reset."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()


FaultProxy.handler = ProxyHandler


def operation_of(method: str, path: str, target: str | None) -> str:
    """Name of the API operation of a request.

    Args:
        method: HTTP method.
        path: HTTP path.
        target: Header X-Amz-Target of the JSON protocols.
    """
    if target:
        return target.rpartition(".")[2]
    names = {"HEAD": "HeadObject", "GET": "GetObject", "PUT": "PutObject", "POST": "Post"}
    return names.get(method, method) if re.match(r"/[^/?]+/.", path) else method


def kill_peer(port: int) -> None:
    """Kill the process on this machine whose socket has this local port.

    Raises:
        ProcessLookupError: There is none.
    """
    wanted = f":{port:04X}"
    inodes = {
        f"socket:[{columns[9]}]"
        for columns in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
        if columns[1].endswith(wanted)
    }
    for folder in Path("/proc").glob("[0-9]*/fd"):
        pid = int(folder.parent.name)
        if pid == os.getpid():
            continue
        try:
            if any(str(link.readlink()) in inodes for link in folder.iterdir()):
                os.kill(pid, signal.SIGKILL)
                return
        except (FileNotFoundError, PermissionError):
            continue
    raise ProcessLookupError(f"no process has port {port}")
