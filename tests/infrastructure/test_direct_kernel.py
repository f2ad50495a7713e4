"""The kernel without a process in between: same answers, same output, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START = """
import fastsynth
fastsynth.install()

import json, shutil, sys
from pathlib import Path
import jsii
from constructs import Construct

process = jsii.kernel.provider._process._process
"""
SHOW = 'print(json.dumps({"command": process.args, "children": children(process.pid)}))\n'
CHILDREN = """
def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
"""
SPEAK = """
process.stdout.write("out\\nhalf a line");
console.error("err: \\u00e4");
process.on("exit", () => console.log(", last words"));
"""


def environment(**variables: str) -> dict[str, str]:
    """Give this process's variables and some more."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "NODE_OPTIONS": "", **variables}


def run(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script in Python and give how it ended."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_kernel_is_one_process():
    """Python's child runs the kernel's program itself."""
    done = run(START + CHILDREN + SHOW)
    seen = json.loads(done.stdout)
    assert seen["command"][-1].endswith("/lib/program.js")
    assert seen["children"] == []
    assert done.stderr == ""


def test_what_the_kernel_prints_reaches_the_same_streams(tmp_path):
    """Output, errors and last words are those of the plain way."""
    # Given a kernel that prints at its start and its end, in every Node process that is one
    speak = tmp_path / "speak.cjs"
    speak.write_text(f"if (/program\\.js$/.test(process.argv[1])) {{{SPEAK}}}")
    options = {
        "NODE_OPTIONS": f"--require={speak}",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
    }
    # When it runs either way
    direct, plain = (run(START, FASTSYNTH=switch, **options) for switch in "10")
    # Then both have printed the same
    assert direct.returncode == plain.returncode == 0
    assert direct.stdout == plain.stdout == "out\nhalf a line, last words\n"
    assert direct.stderr == plain.stderr == "err: ä\n"


def test_a_runtime_of_another_shape_starts_as_ever(tmp_path):
    """A process in between that does more than pass on is left to it, and that is said once."""
    # Given jsii's own runtime, whose process in between takes one option more to the kernel
    copied = START + (
        "runtime = Path(process.args[-1]).parent.parent\n"
        "shutil.copytree(runtime, sys.argv[1], dirs_exist_ok=True)\n"
    )
    subprocess.run(
        [sys.executable, "-c", copied, str(tmp_path)], env=environment(), check=True, timeout=120
    )
    script = tmp_path / "bin" / "jsii-runtime.js"
    text = script.read_text()
    option = '"--preserve-symlinks",'
    assert option in text
    script.write_text(text.replace(option, f'{option}"--no-warnings",'))
    # When the kernel starts by way of it
    done = run(START + CHILDREN + SHOW, JSII_RUNTIME=str(script))
    # Then there are two processes, and the reason is given
    seen = json.loads(done.stdout)
    assert seen["command"][-1] == str(script)
    assert len(seen["children"]) == 1
    assert done.stderr.count("fastsynth: every request goes through two Node processes") == 1


def test_fails_if_there_is_no_node():
    """A Node that cannot be started is the error of the start itself."""
    done = run(START, JSII_NODE="no-such-node")
    assert done.returncode == 1
    assert "No such file or directory: 'no-such-node'" in done.stderr


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_the_kernel_ends_with_its_owner(sent):
    """A process that is killed leaves no kernel behind."""
    script = START + "print(process.pid, flush=True)\nsys.stdin.read()\n"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        kernel = int(owner.stdout.readline())
        owner.send_signal(sent)
    deadline = time.monotonic() + 30
    while (Path("/proc") / str(kernel)).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    state = Path(f"/proc/{kernel}/stat")
    # One that nobody has waited for yet is as good as gone.
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
