"""Runs a function as Lambda does: `python -I -S sandbox.py RUNTIME HANDLER MEMORY_MIB`.

Started in the folder of the unpacked zip. Nothing can be imported but that, RUNTIME and the
standard library; nothing can be written but what is below TMPDIR, where a file may grow to what the
others, when it is opened, leave of 512 MB; there is as much memory as Lambda gives. The sum of
files and the memory count on Linux alone.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html and
https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
"""

import errno
import os
import resource
import runpy
import stat
import sys
from pathlib import Path

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
RUNTIME, HANDLER, MEMORY_MIB = sys.argv[1:]
TEMPORARY_BYTES = 512 << 20
TEMPORARY = os.environ["TMPDIR"] + "/"


def temporary_bytes() -> int:
    """The size of all temporary files, those without a name among them."""
    opened = [path for path in Path("/proc/self/fd").glob("*") if path.exists()]
    unnamed = [path for path in opened if str(path.readlink()).startswith(TEMPORARY)]
    found = [path.stat() for path in [*unnamed, *Path(TEMPORARY).rglob("*")]]
    return sum({each.st_ino: each.st_size for each in found if stat.S_ISREG(each.st_mode)}.values())


def refuse_writes(event: str, arguments: tuple[object, ...]) -> None:
    """Answer as a read-only file system does."""
    if event == "open":
        changes = isinstance(arguments[2], int) and bool(arguments[2] & WRITING)
    else:
        changes = event in CHANGES
    path = arguments[0] if changes else None
    if isinstance(path, (str, bytes)):
        place = str(Path(os.fsdecode(path)).absolute())
        if f"{place}/".startswith(TEMPORARY):
            left = max(0, TEMPORARY_BYTES - temporary_bytes())
            resource.setrlimit(resource.RLIMIT_FSIZE, (left, TEMPORARY_BYTES))
        elif place != os.devnull:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), place)


sys.path[:] = [str(Path.cwd()), *sys.path[1:], RUNTIME]
resource.setrlimit(resource.RLIMIT_DATA, (int(MEMORY_MIB) << 20,) * 2)
sys.addaudithook(refuse_writes)
sys.argv = ["awslambdaric", HANDLER]
runpy.run_module("awslambdaric", run_name="__main__")
