"""A browser without a screen: speaks to the viewer's page as its script does."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import numpy as np
from numpy.typing import NDArray


class Visitor:
    """One connection; texts are kept by their kind, the newest last."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.texts: list[dict[str, Any]] = []
        self.closed = False
        self._id = 0

    def last(self, kind: str) -> dict[str, Any]:
        return next(text for text in reversed(self.texts) if text["kind"] == kind)

    async def receive(self, timeout_s: float = 20.0) -> bytes | dict[str, Any] | None:
        """A frame, a text, or None at the end."""
        message = await self.socket.receive(timeout=timeout_s)
        if message.type == aiohttp.WSMsgType.BINARY:
            frame: bytes = message.data
            return frame
        if message.type == aiohttp.WSMsgType.TEXT:
            text: dict[str, Any] = json.loads(message.data)
            self.texts.append(text)
            return text
        self.closed = True
        return None

    async def text(self, kind: str, timeout_s: float = 20.0, **values: Any) -> dict[str, Any]:
        """The next text of that kind with those values; frames that come meanwhile are asked for again."""
        deadline = time.monotonic() + timeout_s
        while True:
            assert time.monotonic() < deadline, f"no {kind} {values} came; the last texts: {self.texts[-3:]}"
            came = await self.receive(timeout_s)
            assert came is not None, f"closed before {kind} {values} came"
            if isinstance(came, bytes):
                await self.next()
            elif came["kind"] == kind and values.items() <= came.items():
                return came

    async def until_last(self, kind: str, timeout_s: float = 60.0, **values: Any) -> None:
        """Goes on until the newest text of that kind has those values; an answer may come before what follows of it."""
        deadline = time.monotonic() + timeout_s
        while not values.items() <= self.last(kind).items():
            assert time.monotonic() < deadline, f"{kind} has not become {values}: {self.last(kind)}"
            if isinstance(await self.receive(timeout_s), bytes):
                await self.next()

    async def frame(self, timeout_s: float = 20.0) -> tuple[dict[str, Any], NDArray[Any], bytes]:
        """The next frame: header, pixels (layers, n_z, n_x), message; asks for one more."""
        message = await self.message(timeout_s)
        await self.next()
        stream = self.last("stream")
        header, pixels = unpacked(message, stream["n_z"], stream["n_x"])
        return header, pixels, message

    async def message(self, timeout_s: float = 20.0) -> bytes:
        """The next frame as it came; asks for none."""
        deadline = time.monotonic() + timeout_s
        while not isinstance(came := await self.receive(timeout_s), bytes):
            assert came is not None, "closed before a frame came"
            assert time.monotonic() < deadline, f"no frame came; the last texts: {self.texts[-3:]}"
        return came

    async def next(self) -> None:
        await self.socket.send_json({"kind": "next"})

    async def ask(self, kind: str, **values: Any) -> dict[str, Any]:
        """The answer to a request."""
        self._id += 1
        await self.socket.send_json({"kind": kind, "id": self._id, **values})
        return await self.text("answer", 60.0, id=self._id)


def unpacked(message: bytes, n_z: int, n_x: int) -> tuple[dict[str, Any], NDArray[Any]]:
    (length,) = struct.unpack_from("<I", message)
    assert length % 4 == 0
    header = json.loads(message[4 : 4 + length])
    pixels = np.frombuffer(message, f"<u{header['bits'] // 8}", offset=4 + length)
    return header, pixels.reshape(header["layers"], n_z, n_x)


def visit(address: str, look: Callable[[Visitor], Awaitable[None]], query: str = "", **options: Any) -> None:
    """Connects to the page at `address`, query and all, and lets `look` see what comes."""

    async def connect() -> None:
        async with aiohttp.ClientSession() as session:
            page, _, token = address.partition("?")
            url = f"{page}frames?{'&'.join(part for part in (token, query) if part)}"
            async with session.ws_connect(url, max_msg_size=0, **options) as socket:
                await look(Visitor(socket))
        await asyncio.sleep(0.2 if "ssl" in options else 0.0)  # aiohttp does not wait for the end of a TLS connection

    asyncio.run(connect())
