"""A headless Chromium, driven over its debugging protocol."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
# As on a machine without a graphics card; WebGL is there all the same, drawn by the processor.
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--hide-scrollbars",
    "--disable-gpu",
    "--remote-debugging-port=0",
    "--window-size=1280,800",
)
KEYS = {"space": (" ", "Space", 32), "enter": ("Enter", "Enter", 13), "escape": ("Escape", "Escape", 27)}


class Page:
    """One open page: evaluates expressions, presses keys, moves the pointer, takes screenshots."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._id = 0
        self.events: list[dict[str, Any]] = []
        """What the browser told by itself: of the domains that were enabled."""

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._id += 1
        await self._socket.send_json({"id": self._id, "method": method, "params": params})
        while True:
            answer = json.loads((await self._socket.receive(timeout=20)).data)
            if answer.get("id") == self._id:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    async def evaluate(self, expression: str) -> Any:
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def until(self, expression: str, timeout_s: float = 30.0) -> None:
        """Waits until `expression` is true."""
        deadline = time.monotonic() + timeout_s
        while not await self.evaluate(expression):
            assert time.monotonic() < deadline, f"never came true: {expression}"
            await asyncio.sleep(0.05)

    async def resize(self, width: int, height: int, scale: float = 1) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)

    async def press(self, key: str, modifiers: int = 0) -> None:
        """A key, as a person presses it: 1 is Alt, 2 Ctrl, 4 the command key, 8 Shift."""
        name, code, number = KEYS.get(key.lower(), (key, key, ord(key.upper()) if len(key) == 1 else 0))
        said = {"key": name, "code": code, "modifiers": modifiers, "windowsVirtualKeyCode": number}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **said, **({"text": name} if len(name) == 1 else {}))
        await self.call("Input.dispatchKeyEvent", type="keyUp", **said)

    async def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """`kind` is Pressed, Released, Moved or Wheel."""
        button = {"button": "left", "clickCount": 1} if kind in ("Pressed", "Released") else {}
        if kind == "Moved" and more.pop("held", False):
            button = {"button": "left", "buttons": 1}
        await self.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **{**button, **more})

    async def click(self, x: float, y: float, clicks: int = 1) -> None:
        await self.mouse("Moved", x, y)
        for n in range(1, clicks + 1):
            await self.mouse("Pressed", x, y, clickCount=n)
            await self.mouse("Released", x, y, clickCount=n)

    async def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        await self.mouse("Moved", *start)
        await self.mouse("Pressed", *start)
        await self.mouse("Moved", *end, held=True)
        await self.mouse("Released", *end)

    async def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode((await self.call("Page.captureScreenshot"))["data"]))


class Chromium:
    """A browser that is running; `visit` opens a tab of its own."""

    def __init__(self, port: int) -> None:
        self._port = port

    def visit(self, url: str, visit: Callable[[Page], Awaitable[None]]) -> None:
        """Opens `url` and lets `visit` look at it."""
        asyncio.run(self.look(url, visit))

    async def look(self, url: str, visit: Callable[[Page], Awaitable[None]]) -> None:
        """The same from within another visit."""
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{self._port}") as session,
            session.put("/json/new?about:blank") as answer,
        ):
            target = json.loads(await answer.text())
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                await page.call("Page.enable")
                await page.call("Page.navigate", url=url)
                try:
                    await visit(page)
                finally:
                    await page.call("Page.close")


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """A fresh headless Chromium for as long as the block lasts."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield Chromium(_debugging_port(profile))
        finally:
            process.terminate()


def keep(path: Path) -> Path:
    """Where a screenshot goes: SONOLUCENT_SCREENSHOTS, to look at, or the test's own folder."""
    return Path(os.environ.get("SONOLUCENT_SCREENSHOTS", path.parent)) / path.name


def _debugging_port(profile: Path) -> int:
    file = profile / "DevToolsActivePort"
    for _ in range(400):
        if file.exists() and file.read_text():
            return int(file.read_text().split()[0])
        time.sleep(0.05)
    raise AssertionError("Chromium did not start")
