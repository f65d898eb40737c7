"""A headless Chromium that tests drive by its own protocol, over pipes."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""What the program may be called; Debian's package is the first."""

OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe"),
    *("--disable-background-networking", "--disable-component-update", "--no-pings"),
)


def chromium() -> str | None:
    """Return the program, or None if there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One tab, and what it told of.

    Parameters
    ----------
    to, told
        Pipes to and from Chromium: messages that end with a NUL.
    """

    def __init__(self, to: IO[bytes], told: IO[bytes]) -> None:
        self._to, self._told = to, told
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; events on the way are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, url: str) -> None:
        """Open a page and wait until all of it is there."""
        self.events.clear()
        self.ask("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._next()

    def look_like(self, width: int, *, scheme: str = "light", media: str = "screen") -> None:
        """Set the width of the window, the color scheme and the medium."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.ask("Emulation.setEmulatedMedia", media=media, features=[feature])

    def value_of(self, expression: str) -> Any:
        """Evaluate an expression on the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self) -> bytes:
        """Return all of the page as PNG."""
        found = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    def printed(self) -> bytes:
        """Return the page as PDF."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True)["data"])

    def complaints(self) -> list[str]:
        """Return what is on the console, and errors of scripts."""
        methods = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        return [json.dumps(event) for event in self.events if event["method"] in methods]

    def requests(self) -> list[str]:
        """Return the addresses of everything that was asked for."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def _next(self) -> dict[str, Any]:
        """Read the next message; keep it if it is an event."""
        letters = bytearray()
        while (letter := self._told.read(1)) != b"\0":
            assert letter, "Chromium has ended"
            letters += letter
        message: dict[str, Any] = json.loads(letters)
        if "method" in message:
            self.events.append(message)
        return message


@contextmanager
def running(program: str, folder: Path) -> Iterator[Browser]:
    """Start Chromium with a profile of its own, and end it in the end."""
    from_us, to_it = os.pipe()
    from_it, to_us = os.pipe()
    # Chromium reads commands from 3 and answers on 4.
    command = f'exec "$0" "$@" 3<&{from_us} 4>&{to_us}'
    arguments = (program, *OPTIONS, f"--user-data-dir={folder}", "about:blank")
    process = subprocess.Popen(
        ["bash", "-c", command, *arguments],
        pass_fds=(from_us, to_us),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(from_us)
    os.close(to_us)
    with os.fdopen(to_it, "wb") as to, os.fdopen(from_it, "rb") as told:
        try:
            yield Browser(to, told)
        finally:
            process.terminate()
            process.wait(timeout=30)
