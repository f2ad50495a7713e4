"""Runs a function as Lambda does: `python -I -S sandbox.py RUNTIME HANDLER MEMORY_MIB`.

Started in the folder of the unpacked zip. Nothing can be imported but that, RUNTIME and the
standard library; nothing can be written but what is below TMPDIR, where a file may have 512 MB (of
several each may, but ours write one at a time); there is as much memory as Lambda gives, on Linux.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html and
https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
"""

import errno
import os
import resource
import runpy
import sys
from pathlib import Path

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
RUNTIME, HANDLER, MEMORY_MIB = sys.argv[1:]
TEMPORARY_MIB = 512
TEMPORARY = os.environ["TMPDIR"] + "/"


def refuse_writes(event: str, arguments: tuple[object, ...]) -> None:
    """Answer as a read-only file system does."""
    if event == "open":
        changes = isinstance(arguments[2], int) and bool(arguments[2] & WRITING)
    else:
        changes = event in CHANGES
    path = arguments[0] if changes else None
    if isinstance(path, (str, bytes)):
        place = str(Path(os.fsdecode(path)).absolute())
        if place != os.devnull and not f"{place}/".startswith(TEMPORARY):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), place)


sys.path[:] = [str(Path.cwd()), *sys.path[1:], RUNTIME]
resource.setrlimit(resource.RLIMIT_DATA, (int(MEMORY_MIB) << 20,) * 2)
resource.setrlimit(resource.RLIMIT_FSIZE, (TEMPORARY_MIB << 20,) * 2)
sys.addaudithook(refuse_writes)
sys.argv = ["awslambdaric", HANDLER]
runpy.run_module("awslambdaric", run_name="__main__")
