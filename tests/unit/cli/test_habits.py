"""What people expect of any command: versions, examples, pipes, full disks, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import typer

from inventory_cli import main
from inventory_cli.examples import EXAMPLES
from terraform_runner.paths import ROOT, VENV_BIN

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

INVENTORY = str(VENV_BIN / "inventory")
SECONDS = 60


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell."""
    return subprocess.run(
        ["/bin/bash", "-c", command],
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_help_has_examples_that_parse(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each by the command's own parser, with the files that it names."""
    monkeypatch.chdir(tmp_path)
    assert EXAMPLES[name]
    group: Any = typer.main.get_command(main.command_line())
    command = group.commands[name]
    for example in EXAMPLES[name]:
        words = shlex.split(example)
        for word in words:
            if word.endswith(".csv") and "/" not in word:
                (tmp_path / word).touch()
        command.make_context(name, words)
        assert f"inventory {name} {example}".rstrip() in command.epilog


def test_the_version_is_told(run: Any) -> None:
    """It is the newest release of the changelog."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    release = re.search(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert release is not None
    ran = run("--version")
    assert (ran.exit_code, ran.out) == (0, f"inventory {release[1]}\n")


def test_completion_can_be_shown() -> None:
    """For the shell that asks."""
    ran = shell(
        f"_INVENTORY_COMPLETE=complete_bash COMP_WORDS='inventory his' COMP_CWORD=1 {INVENTORY}"
    )
    assert ran.stdout.split() == ["history"]


def test_colours_can_be_left_out_anywhere(tmp_path: Path) -> None:
    """Also where a terminal is forced."""
    (tmp_path / "odd.csv").write_text("colour\nred\n")
    command = f"cd {tmp_path}; export FORCE_COLOR=1; {INVENTORY}"
    assert "31m" in shell(f"{command} check odd.csv").stdout
    for place in ("--no-color check odd.csv", "check odd.csv --no-color"):
        assert "31m" not in shell(f"{command} {place}").stdout


@pytest.mark.parametrize("option", ["", "--json"])
def test_a_pipe_may_be_closed(tmp_path: Path, option: str) -> None:
    """`| head` ends it without a word."""
    path = tmp_path / "wide.csv"
    path.write_text("sku,quantity\n" + "".join(f"S{n},x\n" for n in range(5_000)))
    ran = shell(
        f"{INVENTORY} check {path} --errors 5000 {option} | head -n 1; exit ${{PIPESTATUS[0]}}"
    )
    assert ran.stderr == ""
    assert ran.returncode == 1


@pytest.mark.parametrize("option", ["", "--json", "--help"])
def test_a_full_disk_is_told(tmp_path: Path, option: str) -> None:
    """In one line, and never with exit code 0."""
    path = tmp_path / "good.csv"
    path.write_text("sku,quantity\nA,1\n")
    ran = shell(f"{INVENTORY} check {path} {option} > /dev/full")
    assert "the answer could not be written: No space left on device" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.returncode == 4


@pytest.mark.parametrize("after_seconds", [0.05, 0.15, 0.3, 0.6, 1.2])
def test_ctrl_c_ends_it_without_a_traceback(after_seconds: float) -> None:
    """At any moment once Python itself is up, imports included."""
    # Python's own start is waited for: what is interrupted before belongs to nobody.
    script = (
        # A shell that starts the tests in the background has them ignore SIGINT.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "import sys; sys.stderr.write('up\\n'); sys.stderr.flush(); "
        "sys.argv = ['inventory', 'stock', '-']; from inventory_cli.main import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with process:
        assert process.stderr is not None
        assert process.stderr.readline() == "up\n"
        try:
            process.wait(after_seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
    assert "Traceback" not in err
    assert process.returncode == 130


def test_ctrl_c_may_come_in_a_callback_of_pythons_own() -> None:
    """Python tells of it and goes on, as if nobody had wanted the command to end."""
    script = (
        "import weakref; from inventory_cli import main\n"
        "class Lock: pass\n"
        "def callback(_): raise KeyboardInterrupt\n"
        "def runs(): lock = Lock(); kept = weakref.ref(lock, callback); del lock; print('on')\n"
        "main._run = runs; main.main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


@pytest.mark.parametrize(("cause", "code"), [(KeyboardInterrupt(), 130), (ValueError(), None)])
def test_ctrl_c_may_come_while_a_class_is_made(
    monkeypatch: pytest.MonkeyPatch, cause: BaseException, code: int | None
) -> None:
    """Python 3.11 makes a RuntimeError of it, as of any other failure at that place."""

    class Field:
        def __set_name__(self, *_: object) -> None:
            raise cause

    def runs() -> None:
        type("Made", (), {"field": Field()})

    monkeypatch.setattr(main, "_run", runs)

    with pytest.raises((SystemExit, RuntimeError, ValueError)) as ended:
        main.main()
    assert getattr(ended.value, "code", None) == code


def test_standard_input_may_be_closed() -> None:
    """As schedulers leave it; nothing was read, so nothing is wrong but the command line."""
    ran = shell(f"{INVENTORY} check - <&-")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert "standard input is closed" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("profile -", "standard input is closed"),
        ("upload - --name a.csv", "standard input is closed"),
        ("stock -", "standard input is closed"),
        ("stock --from -", "standard input is closed"),
        ("redrive --discard", "say --yes where nobody can answer"),
        ("remove A-1", "say --yes where nobody can answer"),
    ],
)
def test_every_command_says_how_to_go_on_without_standard_input(
    run: Any, monkeypatch: pytest.MonkeyPatch, command: str, told: str
) -> None:
    """Python has none where it is closed."""
    monkeypatch.setattr("sys.stdin", None)
    ran = run(*command.split())
    assert (ran.exit_code, ran.out) == (64, "")
    assert told in ran.err


def run_with(
    *arguments: str | bytes, closed: tuple[int, ...] = (), **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own, with descriptors closed."""

    def close() -> None:
        for descriptor in closed:
            os.close(descriptor)

    return subprocess.run(
        [sys.executable, "-m", "inventory_cli.main", *arguments],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(sys.path), **variables},
        preexec_fn=close,
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.mark.parametrize("arguments", [["check", b"n\xff.csv"], ["undo", "a.csv", b"why \xff"]])
def test_arguments_that_are_no_text_are_refused(arguments: list[str | bytes]) -> None:
    """As messages they would be refused by every reader, for ever."""
    ran = run_with(*arguments)
    assert (ran.returncode, ran.stdout) == (64, b"")
    assert b"\\udcff" in ran.stderr
    assert b"is not text in UTF-8" in ran.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_output_may_have_another_encoding(tmp_path: Path, encoding: str) -> None:
    """What it lacks is escaped, and JSON stays JSON."""
    (tmp_path / "a.csv").write_text("sku,quantity\nGrün-数-😀,1\n", encoding="utf-8")
    path = str(tmp_path / "a.csv")
    shown = run_with("check", path, PYTHONIOENCODING=encoding)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert "Grün-数-😀".encode(encoding, "backslashreplace") in shown.stdout
    [report] = json.loads(run_with("check", path, "--json", PYTHONIOENCODING=encoding).stdout)
    assert report["examples"][0]["sku"] == "Grün-数-😀"


@pytest.mark.parametrize("closed", [(1,), (1, 2)])
def test_output_may_be_closed(tmp_path: Path, closed: tuple[int, ...]) -> None:
    """Whoever closes it wants the exit code alone."""
    path = tmp_path / "odd.csv"
    path.write_text("colour\nred\n", encoding="utf-8")
    ran = run_with("check", str(path), "--json", closed=closed)
    assert (ran.returncode, ran.stderr) == (2, b"")


def test_nothing_is_imported_before_ctrl_c_is_answered() -> None:
    """Whatever an import takes, Ctrl-C in it would end in a traceback."""
    script = (
        "import os, sys; before = set(sys.modules); import inventory_cli.main; "
        "print(*sorted(set(sys.modules) - before))"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={"PYTHONPATH": str(ROOT / "cli")},
        capture_output=True,
        text=True,
        check=True,
    )
    # The future is an import of Python's own, of a few lines.
    assert ran.stdout.split() == ["__future__", "inventory_cli", "inventory_cli.main"]


@pytest.mark.parametrize("command", ["check -", "profile -"])
def test_a_dash_is_standard_input(command: str) -> None:
    """Which is read from its beginning more than once, as a file is."""
    ran = shell(f"printf 'sku,quantity\\nA,1\\n' | {INVENTORY} {command}")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "canonical" in ran.stdout


@pytest.mark.parametrize("command", ["check", "profile", "upload"])
def test_a_file_that_is_not_there_is_a_wrong_command_line(run: Any, command: str) -> None:
    """It was not refused: nobody has read it."""
    ran = run(command, "typo.csv")
    assert (ran.exit_code, ran.out) == (64, "")
    assert "there is no file typo.csv" in ran.err
