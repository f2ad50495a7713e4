"""The local cloud's own process: patches MiniStack, then serves it on a socket it was given.

Started by `server.py` as `python -m local_cloud.launcher <file descriptor>`; the socket is bound
to loopback before this process exists, so no other address or port is ever open. Standard input is
a pipe from the process that started it: when that one dies, however it dies, the pipe closes and
the local cloud ends too, unless it was told to stay.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import threading
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local_cloud import STAY, patches


def main(descriptor: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    patches.apply_all()
    from ministack import app  # after the patches  # noqa: PLC0415  after the patches

    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    try:
        asyncio.run(_serve(app.app, config))
    finally:
        _end_group()


async def _serve(application: object, config: Config) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    watch = threading.Thread(target=_watch_parent, args=(loop, stopped), daemon=True)
    watch.start()
    await serve(application, config, shutdown_trigger=stopped.wait)  # type: ignore[arg-type]  # an ASGI app


def _watch_parent(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    if os.read(sys.stdin.fileno(), len(STAY)) != STAY:
        loop.call_soon_threadsafe(stopped.set)


def _end_group() -> None:
    """End the functions' processes, which are in this process's group, and remove its folder."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(os.getpgrp(), signal.SIGTERM)
    shutil.rmtree(Path.cwd(), ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
