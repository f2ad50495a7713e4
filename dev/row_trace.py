"""The way of one row: functions entered while the processor handles a file that has one row.

All of it is as on AWS (handler, reader, built-in profiles, adapters); AWS alone is in memory.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
from contextlib import redirect_stdout
from functools import partial
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from bench.canned import ENVIRONMENT, Context
from faults.fakes import World
from inventory.domain.reading import ProfileSet, continue_feed, open_feed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

PACKAGE = Path(__file__).resolve().parents[1] / "functions" / "inventory"
FILE = "sku,location,quantity\nA-1,berlin,7\n"


def functions_by_module() -> dict[str, list[str]]:
    """Trace one event, from the handler's call to its answer.

    Only a process that has processed nothing before gives all of them: some remember what they
    found out.

    Returns:
        Names of functions by module (a path below `functions/inventory`), each in the order of
        the first call. Comprehensions and lambdas belong to the function that they stand in.

    Raises:
        RuntimeError: The row is not in the table afterwards.
    """
    profiles = ProfileSet()
    world = World()
    service = world.ingest(
        open_feed=partial(open_feed, profiles=profiles),
        open_part=continue_feed,
        feed_of=profiles.feed_of,
    )
    event = _event(world)
    with patch.dict(os.environ, ENVIRONMENT), redirect_stdout(StringIO()):
        processor = import_module("inventory.handlers.processor")
        with patch.object(processor, "ingest", lambda: service):
            codes = _codes_entered(partial(processor.handler, event, Context()))
    if ("A-1", "berlin") not in world.items():
        raise RuntimeError("The traced row did not reach the table.")
    found: dict[str, list[str]] = {}
    for code in codes:
        path = Path(code.co_filename)
        is_function = code.co_flags & inspect.CO_OPTIMIZED and not code.co_name.startswith("<")
        if is_function and path.is_relative_to(PACKAGE):
            module = str(path.relative_to(PACKAGE).with_suffix(""))
            found.setdefault(module, []).append(code.co_qualname)
    return found


def _event(world: World) -> dict[str, object]:
    version = world.objects.put("stock.csv", FILE)
    described = {
        "key": version.key,
        "version-id": version.version_id,
        "etag": version.etag,
        "size": version.size_bytes,
        "sequencer": "0062E99A88DC407460",
    }
    return {
        "id": "00000000-0000-4000-8000-000000000001",
        "time": world.clock().isoformat(),
        "detail": {"bucket": {"name": version.bucket}, "object": described},
    }


def _codes_entered(call: Callable[[], object]) -> list[CodeType]:
    entered: dict[CodeType, None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            entered.setdefault(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return list(entered)
