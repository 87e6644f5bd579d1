"""A headless Chromium, driven over its debugging protocol."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


class Page:
    """One open page: evaluates expressions and takes screenshots."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._id = 0

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._id += 1
        await self._socket.send_json({"id": self._id, "method": method, "params": params})
        while True:
            answer = json.loads((await self._socket.receive(timeout=20)).data)
            if answer.get("id") == self._id:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

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

    async def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)

    async def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode((await self.call("Page.captureScreenshot"))["data"]))


def browse(url: str, profile: Path, visit: Callable[[Page], Awaitable[None]]) -> None:
    """Opens `url` in a fresh headless Chromium and lets `visit` look at it."""
    assert CHROMIUM is not None
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0"]
    command = [CHROMIUM, *flags, f"--user-data-dir={profile}", "--window-size=1400,800", url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as chromium:
        try:
            asyncio.run(_visit(profile, url, visit))
        finally:
            chromium.terminate()


async def _visit(profile: Path, url: str, visit: Callable[[Page], Awaitable[None]]) -> None:
    port = await _debugging_port(profile)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json") as answer:
            targets = json.loads(await answer.text())
        address = next(t["webSocketDebuggerUrl"] for t in targets if t["url"] == url)
        async with session.ws_connect(address, max_msg_size=0) as socket:
            await visit(Page(socket))


async def _debugging_port(profile: Path) -> int:
    file = profile / "DevToolsActivePort"
    for _ in range(400):
        if file.exists() and file.read_text():
            return int(file.read_text().split()[0])
        await asyncio.sleep(0.05)
    raise AssertionError("Chromium did not start")
