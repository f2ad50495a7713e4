"""Requires a provider's resources on the Node side when they are used.

The jsii kernel is a Node process that takes ``NODE_OPTIONS`` over from this one. A hook beside
this file, preloaded with ``--require``, does there what :mod:`fastsynth.lazy_package` does here.

Source: https://nodejs.org/api/cli.html#node_optionsoptions
"""

from __future__ import annotations

import os
from pathlib import Path

from fastsynth.notice import say_once

HOOK = Path(__file__).with_name("lazy_index.cjs")
NODE_OPTIONS = "NODE_OPTIONS"


def install() -> None:
    """Add the hook to ``NODE_OPTIONS``, behind what the caller has put there."""
    if not HOOK.is_file():
        say_once(f"the provider's Node side loads whole, there is no file {HOOK}")
        return
    options = os.environ.get(NODE_OPTIONS, "")
    require = f"--require={quoted(str(HOOK))}"
    if require not in options:
        os.environ[NODE_OPTIONS] = f"{options} {require}".strip()


def quoted(value: str) -> str:
    r"""Quote a value for ``NODE_OPTIONS``, where blanks separate and ``\`` escapes in quotes.

    Args:
        value: One option's value, such as a path.
    """
    if not any(character in value for character in ' "\\'):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
