"""Talks to the jsii kernel without the Node process that stands in between.

jsii starts a Node process which starts the kernel, passes every message on from its own standard
input to the kernel's file descriptor 3 and back, and what the kernel prints to standard error.
It costs a second start of Node, its memory, and two more switches for every request. Here the
kernel is started at once, with a socket to this process as its descriptor 3.

A jsii whose process in between does anything else is started as ever.

Source: https://github.com/aws/jsii, packages/@jsii/runtime/bin/jsii-runtime.ts and
packages/@jsii/python-runtime/src/jsii/_kernel/providers/process.py.
"""

from __future__ import annotations

import io
import os
import re
import socket
import subprocess
import sys
import threading
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any

from fastsynth.notice import say_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

MODULE = "jsii._kernel.providers.process"
"""The module that starts the kernel."""

DIGESTS = Path(__file__).with_name("known_digests.cjs")
OPTIONS = ("--no-opt", f"--require={DIGESTS}", "--preserve-symlinks")
"""Node's options for the kernel.

V8 optimises code while it runs, on a thread of its own, which a synthesis is too short to gain
from; one of thousands of resources takes as long either way. The last option is jsii's.
"""

CHANNEL = 3
"""The kernel's file descriptor for messages both ways."""

STARTS_THE_PROGRAM = re.compile(
    r"\(process\.execPath,"
    r'\[\.\.\.process\.execArgv,"--preserve-symlinks",\(0,[\w$]+\.resolve\)'
    r'\(__dirname,"\.\.","lib","program\.js"\)\],'
    r'\{stdio:\["ignore","pipe","pipe","pipe"\]\}\),([\w$]+)=[\w$]+\.stdio\[3\]'
)
PASSES_ON = "process.stdin.pipe({channel}),{channel}.pipe(process.stdout)"

LAST_WORDS_SECONDS = 5.0
"""How long to wait for what an ended kernel has printed, as jsii does."""


class KernelLoader(SourceFileLoader):
    """Loads jsii's module that starts the kernel, and has it start the kernel's program."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then stand in for the ``Popen`` that it calls.

        Args:
            module: The module, not yet run.
        """
        super().exec_module(module)
        plain = getattr(getattr(module, "subprocess", None), "Popen", None)
        if plain is not subprocess.Popen or os.name != "posix" or not DIGESTS.is_file():
            say_once("every request goes through two Node processes on this system")
            return

        def start(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
            *node, runtime = command
            program = program_behind(Path(runtime))
            if program is None:
                say_once(f"every request goes through two Node processes, as {runtime} has it")
                return plain(command, **options)
            return Kernel([*node, *OPTIONS, str(program)], options["env"])

        module.__dict__["subprocess"] = SimpleNamespace(**{**vars(subprocess), "Popen": start})


def program_behind(runtime: Path) -> Path | None:
    """Give the kernel's program that a runtime script starts.

    Args:
        runtime: Path of jsii's ``bin/jsii-runtime.js``.

    Returns:
        The program's path; ``None`` if the script does anything but start it and pass on.
    """
    program = runtime.parent.parent / "lib" / "program.js"
    if not (runtime.is_file() and program.is_file()):
        return None
    text = runtime.read_text(encoding="utf-8", errors="replace")
    starts = STARTS_THE_PROGRAM.search(text)
    passes_on = starts is not None and PASSES_ON.format(channel=starts[1]) in text
    return program if passes_on else None


class Kernel(subprocess.Popen[bytes]):
    """The kernel's own process, which looks to jsii like the one that passes messages on.

    Its ``stdin`` and ``stdout`` are the channel; what it prints goes to this process's streams.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it.

        Args:
            command: Node, its options and the kernel's program.
            environment: All its variables.
        """
        # Both are open until it runs: descriptor 3 belongs to one of them or to somebody else,
        # and not to the pipe on which Popen hears of a start that fails.
        ours, theirs = socket.socketpair()
        with ours, theirs:
            super().__init__(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[CHANNEL],
                preexec_fn=lambda: os.dup2(theirs.fileno(), CHANNEL),
            )
            self._printers = [
                threading.Thread(target=print_lines, args=(source, stream), daemon=True)
                for source, stream in ((self.stdout, "stdout"), (self.stderr, "stderr"))
            ]
            self.stdin, self.stdout = ours.makefile("wb"), ours.makefile("rb")
        # jsii reads here what the process in between reports of the kernel.
        self.stderr = io.BytesIO()
        for printer in self._printers:
            printer.start()

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended and its last words are printed.

        Args:
            timeout: Seconds to wait for its end at most; default: without limit.

        Raises:
            subprocess.TimeoutExpired: It has not ended by then.
        """
        code = super().wait(timeout)
        for printer in self._printers:
            printer.join(LAST_WORDS_SECONDS)
        return code


def print_lines(source: IO[bytes], stream: str) -> None:
    """Print every line of a pipe until it is closed.

    Args:
        source: The pipe.
        stream: Name in `sys`; looked up for each line, since a test may capture it.
    """
    with source:
        for line in source:
            target = getattr(sys, stream)
            target.write(line.decode("utf-8", "replace"))
            target.flush()
