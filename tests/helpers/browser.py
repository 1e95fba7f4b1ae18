"""A browser: the only place where tests start a real headless Chromium and speak to it.

It is spoken to over a pipe in the DevTools protocol, so nothing has to be installed besides it.
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING: Final = (
    "no Chromium here: the HTML report was not opened in a browser; install one (Debian: apt-get"
    " install chromium), or set KMSPEC_CHROMIUM to its path"
)
OPTIONS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
KEYS: Final = {" ": 32, "Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36}
_TYPED: Final = {"Enter": "\r", " ": " "}
ARROWS: Final = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}


def chromium() -> str | None:
    """The path of a Chromium, if there is one."""
    named = os.environ.get("KMSPEC_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def require() -> str:
    """The path of a Chromium; the test is skipped, and says why, where there is none."""
    return chromium() or pytest.skip(MISSING)


class Browser:
    """One page of a running browser."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = os.fdopen(reading, "rb")
        self._writing = os.fdopen(writing, "wb")
        self._number = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def close(self) -> None:
        """Let go of the pipe."""
        self._writing.close()
        self._reading.close()

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send one command and return what came of it."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._writing.write(json.dumps(message).encode() + b"\0")
        self._writing.flush()
        while (answer := self._received()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        found: dict[str, Any] = answer["result"]
        return found

    def _received(self) -> dict[str, Any]:
        text = bytearray()
        while (one := self._reading.read(1)) != b"\0":
            assert one, "the browser is gone"
            text += one
        found: dict[str, Any] = json.loads(text)
        return found

    def show(self, width: int, height: int, *, scheme: str = "light", script: bool = True) -> None:
        """Be of a size, with a colour scheme, and with or without scripts in pages."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.send("Emulation.setEmulatedMedia", features=[feature])
        self.send("Emulation.setScriptExecutionDisabled", value=not script)

    def open(self, page: Path, *, ready: str = "true") -> None:
        """Open a file, and wait until an expression is true in it."""
        self.events.clear()
        self.send("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._received())
        self.until(ready)

    def until(self, expression: str) -> None:
        """Wait, at most half a minute of the page's time, until an expression is true."""
        waiting = f"""new Promise((done) => {{
          const began = performance.now();
          const look = () => (({expression}) || performance.now() - began > 3e4)
            ? done(Boolean({expression})) : setTimeout(look, 10);
          look();
        }})"""
        assert self.value(waiting), f"not so after half a minute: {expression}"

    def value(self, expression: str) -> Any:  # noqa: ANN401 - what JSON can say
        """What an expression is in the page."""
        found = self.send(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys one after the other, as a person does."""
        for key in keys:
            code = {**KEYS, **ARROWS}[key]
            text = {"text": _TYPED[key]} if key in _TYPED else {}
            for kind in ("keyDown", "keyUp"):
                self.send(
                    "Input.dispatchKeyEvent",
                    type=kind,
                    key=key,
                    code=key,
                    windowsVirtualKeyCode=code,
                    **(text if kind == "keyDown" else {}),
                )

    def picture(self, file: Path, *, whole: bool = False) -> None:
        """Take a screenshot, of what is seen or of the whole page."""
        taken = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(taken["data"]))


@contextlib.contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """A browser with nothing in it; the folder is for what it keeps."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    words = " ".join(OPTIONS)
    command = f'exec "$0" {words} --user-data-dir="$1" 3<&{theirs_in} 4>&{theirs_out}'
    with subprocess.Popen(
        ["/bin/bash", "-c", command, require(), str(folder)],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs_in)
        os.close(theirs_out)
        browser = Browser(ours_in, ours_out)
        try:
            yield browser
        finally:
            browser.close()
            process.terminate()
            process.wait(60)
