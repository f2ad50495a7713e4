"""Runs a program with one lever of fastsynth left out: ``bench/synth_without.py LEVER PROGRAM``.

What a lever is worth is what a run costs without it, all others in place.
"""

from __future__ import annotations

import gc
import runpy
import sys
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import fastsynth
from fastsynth import direct_kernel, lazy_index, lazy_package, type_hints, type_index

if TYPE_CHECKING:
    from collections.abc import Mapping


def _options_but(left_out: str) -> tuple[str, ...]:
    return tuple(each for each in direct_kernel.OPTIONS if not each.startswith(left_out))


LEVERS: Mapping[str, tuple[Any, str, object]] = {
    "the lazy Python package": (lazy_package, "install", lambda: True),
    "the lazy Node index": (lazy_index, "install", lambda: None),
    "the direct kernel": (direct_kernel, "program_behind", lambda _: None),
    "--no-opt for the kernel": (direct_kernel, "OPTIONS", _options_but("--no-opt")),
    "digests remembered": (direct_kernel, "OPTIONS", _options_but("--require")),
    "type hints read once": (type_hints, "install", lambda: None),
    "gc.freeze() at the end": (gc, "freeze", lambda: None),
    "fewer garbage collections": (fastsynth, "COLLECT_AFTER", 0),
    "jsii's type index": (type_index, "install", lambda: None),
}
"""What stands in the place of each lever, by its row in the table. Without a wait for jsii's type
index none is ever written into a cache that only lazy runs have used."""

SLOW_WITHOUT = frozenset({"the lazy Python package", "the lazy Node index", "jsii's type index"})
"""Levers without which a run takes several times as long."""


if __name__ == "__main__":
    lever, program = sys.argv[1:]
    patch.object(*LEVERS[lever]).start()
    runpy.run_path(program, run_name="__main__")
