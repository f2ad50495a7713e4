"""The local cloud's own process: patches MiniStack, then serves it on a socket it was given.

Started by `server.py` as `python -m local_cloud.launcher <file descriptor>`; the socket is bound
to loopback before this process exists, so no other address or port is ever open.
"""

# MiniStack is untyped.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import asyncio
import signal
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local_cloud import patches


def main(descriptor: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    patches.apply_all()
    from ministack import app  # noqa: PLC0415  # after the patches

    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    asyncio.run(_serve(app.app, config))


async def _serve(application: object, config: Config) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await serve(application, config, shutdown_trigger=stopped.wait)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(sys.argv[1])
