"""Runs a program with a patch of fastsynth left out: ``synth_without.py PATCH PROGRAM``.

What a patch is worth is what a run costs without it, all others in place.
"""

from __future__ import annotations

import gc
import runpy
import sys
from typing import TYPE_CHECKING, Any

import fastsynth
from fastsynth import direct_kernel, lazy_index, lazy_package, type_hints, type_index

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATCHES: Mapping[str, Sequence[tuple[Any, str, object]]] = {
    "the lazy Python package": [(lazy_package, "install", lambda: True)],
    "the lazy Node index": [(lazy_index, "install", lambda: None)],
    "the direct kernel": [(direct_kernel, "program_behind", lambda _: None)],
    "the kernel's --no-opt, digests remembered": [
        (direct_kernel, "OPTIONS", ("--preserve-symlinks",))
    ],
    "type hints read once, fewer collections, gc.freeze()": [
        (type_hints, "install", lambda: None),
        (fastsynth, "COLLECT_AFTER", 0),
        (gc, "freeze", lambda: None),
    ],
    "jsii's type index": [(type_index, "install", lambda: None)],
}
"""Substitutes of the patches, by their rows in the table. Those that are each worth less
than two runs differ by are left out together. Without a wait for jsii's type index none is ever
written into a cache that only lazy runs have used."""

SLOW_WITHOUT = frozenset({"the lazy Python package", "the lazy Node index", "jsii's type index"})
"""Patches without which a run takes several times as long."""


if __name__ == "__main__":
    patch, program = sys.argv[1:]
    for module, name, stand_in in PATCHES[patch]:
        if not hasattr(module, name):
            sys.exit(f"{patch}: {module.__name__} has no {name} to leave out")
        setattr(module, name, stand_in)
    runpy.run_path(program, run_name="__main__")
