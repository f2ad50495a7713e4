"""A headless Chromium over a pipe: no driver, no port and nothing to install but the browser.

Chromium speaks its DevTools protocol on file descriptors 3 and 4, one JSON message per NUL.
Source: https://chromedevtools.github.io/devtools-protocol/ (--remote-debugging-pipe)
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import tempfile
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
MISSING = (
    "no Chromium or Chrome was found: install one (Debian and Ubuntu: apt-get install chromium), "
    "or set CHROMIUM_PATH to its executable"
)
SECONDS = 30.0


class BrowserError(Exception):
    """The browser is missing, does not answer or refuses."""


def find_browser() -> str:
    """Path of a Chromium or Chrome.

    Raises:
        BrowserError: There is none; the message says what to install.
    """
    given = os.environ.get("CHROMIUM_PATH")
    for candidate in (given,) if given else (*NAMES, MAC):
        found = shutil.which(candidate)
        if found:
            return found
    raise BrowserError(MISSING)


class Browser:
    """A running browser, to be used as a context manager, that ends with its last page."""

    def __init__(self) -> None:
        executable = find_browser()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        command = [
            executable,
            "--headless=new",
            "--remote-debugging-pipe",
            f"--user-data-dir={self._folder.name}",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--hide-scrollbars",
            # Chromium's own sandbox refuses to run as root, as containers do.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "about:blank",
        ]
        # Out of the way of 3 and 4, which are the browser's ends.
        far = [os.dup(fd) for fd in (to_browser, from_browser)]
        while min(far) <= 4:
            far = [os.dup(fd) for fd in far]
        self._pid = os.posix_spawn(
            executable,
            command,
            dict(os.environ),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, far[0], 3),
                (os.POSIX_SPAWN_DUP2, far[1], 4),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
        for fd in (*far, to_browser, from_browser):
            os.close(fd)
        self._unread = b""
        self._last_id = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(BrowserError, OSError):
            self.call("Browser.close")
        os.close(self._write)
        os.close(self._read)
        self._wait_for_end()
        self._folder.cleanup()

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and wait for its answer.

        Raises:
            BrowserError: The browser refuses or does not answer in time.
        """
        self._last_id += 1
        message: dict[str, Any] = {"id": self._last_id, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._last_id:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])
            self.events.append(answer)

    def wait_for(self, method: str, session: str) -> None:
        """Wait for an event of a page."""
        while not any(
            event.get("method") == method and event.get("sessionId") == session
            for event in self.events
        ):
            self.events.append(self._receive())

    def open(self, path: Path, *, width: int = 1200, height: int = 900, dark: bool = False) -> Page:
        """Open a file in a page of its own.

        Args:
            path: An HTML file.
            width: Width of the screen in CSS pixels; below 500 the page is a phone's.
            height: Height of the screen in CSS pixels.
            dark: True if the user prefers dark pages.
        """
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable", session)
        self.call(
            "Emulation.setDeviceMetricsOverride",
            session,
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", session, features=[scheme])
        page = Page(self, session, path.as_uri())
        self.call("Page.navigate", session, url=page.url)
        self.wait_for("Page.loadEventFired", session)
        return page

    def _receive(self) -> dict[str, Any]:
        end = time.monotonic() + SECONDS
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise BrowserError(f"the browser did not answer within {SECONDS:.0f} s")
            received = os.read(self._read, 1 << 20)
            if not received:
                raise BrowserError("the browser ended")
            self._unread += received
        message, self._unread = self._unread.split(b"\0", 1)
        return dict(json.loads(message))

    def _wait_for_end(self) -> None:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if os.waitpid(self._pid, os.WNOHANG)[0]:
                return
            select.select([], [], [], 0.05)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


class Page:
    """One page of the browser.

    Attributes:
        url: Address of the page.
    """

    def __init__(self, browser: Browser, session: str, url: str) -> None:
        self._browser = browser
        self._session = session
        self.url = url

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression.

        Raises:
            BrowserError: The expression throws.
        """
        answer = self._browser.call(
            "Runtime.evaluate",
            self._session,
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Click with the mouse in the middle of an element."""
        x, y = self.evaluate(
            f"""(() => {{
              const element = document.querySelector({json.dumps(selector)});
              element.scrollIntoView({{block: "center"}});
              const box = element.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._browser.call(
                "Input.dispatchMouseEvent",
                self._session,
                type=kind,
                x=x,
                y=y,
                button="left",
                clickCount=1,
            )

    def press_enter(self) -> None:
        """Press Enter where the focus is."""
        for kind in ("keyDown", "keyUp"):
            self._browser.call(
                "Input.dispatchKeyEvent",
                self._session,
                type=kind,
                key="Enter",
                code="Enter",
                text="\r",
                windowsVirtualKeyCode=13,
            )

    def screenshot(self, *, height: int | None = None) -> bytes:
        """A picture of the page as PNG.

        Args:
            height: Height of the picture from the top, in CSS pixels; by default the screen.
        """
        params: dict[str, Any] = {"format": "png"}
        if height is not None:
            width = self.evaluate("document.documentElement.clientWidth")
            clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
            params |= {"clip": clip, "captureBeyondViewport": True}
        answer = self._browser.call("Page.captureScreenshot", self._session, **params)
        return base64.b64decode(answer["data"])

    def accessibility_tree(self) -> list[dict[str, Any]]:
        """The nodes that a screen reader is given, by roles and names."""
        nodes: list[dict[str, Any]] = self._browser.call(
            "Accessibility.getFullAXTree", self._session
        )["nodes"]
        return nodes

    def problems(self) -> list[str]:
        """Errors of scripts and of the console, violated policies and dialogs that opened."""
        # Everything the page has caused so far is reported before this is answered.
        self.evaluate("new Promise(done => setTimeout(done, 0))")
        found = []
        for event in self._events():
            params = event["params"]
            if (
                event["method"] in {"Runtime.exceptionThrown", "Page.javascriptDialogOpening"}
                or (
                    event["method"] == "Runtime.consoleAPICalled"
                    and params["type"] in {"error", "assert", "warning"}
                )
                or (
                    event["method"] == "Log.entryAdded"
                    and params["entry"]["level"] in {"error", "warning"}
                )
            ):
                found.append(json.dumps(params))
        return found

    def requests(self) -> list[str]:
        """Addresses that the page asked for, itself among them."""
        return [
            event["params"]["request"]["url"]
            for event in self._events()
            if event["method"] == "Network.requestWillBeSent"
        ]

    def _events(self) -> list[dict[str, Any]]:
        return [event for event in self._browser.events if event.get("sessionId") == self._session]
