"""The sandbox takes from a function what Lambda takes from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from witnesses.runtime_api import Function, runtime_folder

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
import contextlib, os, tempfile, pathlib

def handler(event, context):
    kind = event["kind"]
    if kind == "write":
        pathlib.Path(event["path"] or "made").write_text("x")
    if kind == "folder":
        os.mkdir("made")
    if kind == "temporary":
        with contextlib.ExitStack() as opened:
            for mib in event["mib"]:
                file = opened.enter_context(tempfile.TemporaryFile())
                file.seek((mib << 20) - 1)  # a hole takes no room on this machine
                file.write(b"x")
                file.flush()
    if kind == "named":
        with tempfile.NamedTemporaryFile() as kept, tempfile.NamedTemporaryFile() as file:
            kept.truncate(event["mib"] << 20)
            pathlib.Path(file.name).write_bytes(b"x" * (2 << 20))
    if kind == "import":
        __import__(event["module"])
    if kind == "memory":
        bytearray(event["mib"] << 20)
    return [context.get_remaining_time_in_millis() > 0, context.aws_request_id != ""]
"""


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory):
    """Give a function that does what its event says, in 128 MB."""
    folder = tmp_path_factory.mktemp("lambda")
    (folder / "task").mkdir()
    (folder / "task" / "code_of.py").write_text(CODE)
    runtime = runtime_folder(folder / "runtime")
    with Function(folder / "task", runtime, "code_of.handler", 128, {}) as running:
        yield running


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"kind": "write", "path": ""}, "Read-only file system"),
        ({"kind": "write", "path": "/var/tmp/made"}, "Read-only file system"),
        ({"kind": "folder"}, "Read-only file system"),
        ({"kind": "import", "module": "moto"}, "No module named 'moto'"),
        ({"kind": "import", "module": "yaml"}, "No module named 'yaml'"),
        ({"kind": "memory", "mib": 128}, ""),
        ({"kind": "temporary", "mib": [513]}, "File too large"),
        ({"kind": "temporary", "mib": [300, 213]}, "File too large"),
        ({"kind": "named", "mib": 511}, "File too large"),
    ],
)
def test_fails_as_on_lambda(function: Function, event: dict[str, object], error: str) -> None:
    """Files, packages and memory that are there on this machine and not on Lambda."""
    answer = function.invoke(event)
    assert (answer.kind, error in answer.body["errorMessage"]) == ("error", True), answer


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "temporary", "mib": [512]},
        {"kind": "temporary", "mib": [300, 212]},
        {"kind": "named", "mib": 510},
        {"kind": "memory", "mib": 64},
        {"kind": "import", "module": "boto3"},
        {"kind": "context"},
    ],
)
def test_the_rest_is_allowed(function: Function, event: dict[str, object]) -> None:
    """Temporary files, the SDK, and the context of an invocation."""
    assert function.invoke(event) == ("response", [True, True])


def test_fails_as_lambda_does_when_a_handler_is_not_there(tmp_path: Path) -> None:
    """While it starts."""
    runtime = runtime_folder(tmp_path / "runtime")
    (tmp_path / "task").mkdir()
    with Function(tmp_path / "task", runtime, "absent.handler", 128, {}) as function:
        answer = function.invoke({})
    assert answer.kind == "init/error"
    assert answer.body["errorType"] == "Runtime.ImportModuleError"
