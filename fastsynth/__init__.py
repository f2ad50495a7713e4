"""Synthesises Python CDKTF projects in a tenth of the time, with the same bytes as output.

Call :func:`install` before anything imports ``cdktf`` or a provider's bindings::

    import fastsynth

    fastsynth.install()

    from cdktf import App  # noqa: E402  after install()

Five things make a synth slow, and each gets a patch of its own:

* the bindings' ``__init__`` imports every resource of the provider (:mod:`.lazy_package`);
* the Node side of the bindings requires every resource too (:mod:`.lazy_index`);
* the jsii kernel may end before it has indexed the bindings' types, and then parses all of them
  in every run (:mod:`.type_index`);
* every request passes through a Node process that does nothing with it (:mod:`.direct_kernel`);
* every call resolves the annotations of its arguments again (:mod:`.type_hints`).

A package or file that does not have the expected shape is loaded as it always was, and standard
error says so once. ``FASTSYNTH=0`` turns everything off.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys

from fastsynth import lazy_index, lazy_package, type_hints, type_index
from fastsynth.notice import say_once

__all__ = ["install"]

SWITCH = "FASTSYNTH"
"""Environment variable that turns the patches off when it is ``0``."""

COLLECT_AFTER = 200_000
"""Objects between two garbage collections; generated code makes many and all of them stay."""


def install() -> bool:
    """Put the patches in place for this process and the Node processes it starts.

    Calling it twice does nothing more. Packages that are imported already stay as they are.

    Returns:
        Whether the patches are in place (``False`` with ``FASTSYNTH=0``).
    """
    if os.environ.get(SWITCH) == "0":
        return False
    if not lazy_package.install():
        return True
    if any(name.endswith("._jsii") for name in sys.modules):
        say_once("install() comes too late for bindings that are imported already")
    lazy_index.install()
    type_index.install()
    type_hints.install()
    first, *older = gc.get_threshold()
    if first:  # Zero is a caller's way to turn collections off.
        gc.set_threshold(max(first, COLLECT_AFTER), *older)
    # Registered before jsii's own handler, so it runs after the kernel has stopped: what is left
    # then need not be traversed once more by the collector.
    atexit.register(gc.freeze)
    return True
