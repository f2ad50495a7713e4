"""Who runs the command, as what it has done is signed."""

from __future__ import annotations

import getpass
import os


def user_name() -> str:
    """Name of the user; in a container without an entry for it, its number."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # the one up to Python 3.12, the other since
        return f"uid {os.getuid()}"
    # A variable may hold what is no text, and no message can take that.
    return name.encode(errors="backslashreplace").decode()
