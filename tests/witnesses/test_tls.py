"""The functions' own transport over TLS, with certificates that another library has made."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.session import Session

from inventory.adapters.dynamodb_api import SignedTransport, TransientError
from project_setup.steps import WITNESSES

if TYPE_CHECKING:
    from collections.abc import Iterator

MAKER = Path(__file__).with_name("certificates.py")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a CA's certificate and those of servers."""
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run([str(WITNESSES / "bin" / "python"), "-I", str(MAKER), str(folder)], check=True)
    return folder


@contextmanager
def served(certificate: Path) -> Iterator[tuple[str, list[str]]]:
    """A server that shows a certificate: its URL, and how the requests that it got are signed."""
    signed: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Print nothing."""

        def do_POST(self) -> None:
            """Answer as DynamoDB does."""
            signed.append(self.headers["Authorization"])
            body = json.dumps({"Item": {}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Callers are meant to go away."""

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", signed
    finally:
        server.shutdown()
        server.server_close()


def transport(url: str) -> SignedTransport:
    """The transport as the functions make it."""
    session = Session()
    session.set_credentials("AKIDEXAMPLE", "secret")
    return SignedTransport(session, url)


def test_requests_go_to_a_server_whose_certificate_is_right(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed, by a CA that AWS_CA_BUNDLE names."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificates / "ca.pem"))
    with served(certificates / "good.pem") as (url, signed):
        assert transport(url)("GetItem", {}) == {"Item": {}}
    assert [each.split()[0] for each in signed] == ["AWS4-HMAC-SHA256"]


@pytest.mark.parametrize(
    ("certificate", "trusted", "reason"),
    [
        ("elsewhere.pem", True, "IP address mismatch"),
        ("expired.pem", True, "certificate has expired"),
        ("good.pem", False, "unable to get local issuer certificate"),
    ],
)
def test_fails_before_a_request_is_sent_where_the_certificate_is_wrong(
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    certificate: str,
    trusted: bool,
    reason: str,
) -> None:
    """For another host, no longer valid, or of a CA that nobody knows."""
    if trusted:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificates / "ca.pem"))
    with served(certificates / certificate) as (url, signed):
        with pytest.raises(TransientError, match=reason):
            transport(url)("GetItem", {})
        assert signed == []
