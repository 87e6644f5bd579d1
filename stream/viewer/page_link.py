"""One browser at the page's WebSocket: it is sent texts as they come, and a frame whenever it has asked for one."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import msgspec
from aiohttp import WSMessage, WSMsgType, web

from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.viewer.page_messages import Bits
from sonolucent.stream.viewer.page_pace import Pace
from sonolucent.stream.viewer.page_requests import PageRequest
from sonolucent.stream.viewer.screen import Screen, Shown

_MOST_CREDIT = 4
_MOST_TEXTS = 256
"""That wait for a browser to read: minutes of states, beside the answers to what it asks at once."""
_MOST_ASKED = 16
_TEXT_BYTES = 1 << 16


class PageLink:
    """Begins with credit for one frame; its own pace is nobody else's.

    Args:
        screen: where frames come from.
        bits: of a pixel.
        pace: holds frames back; none for a page on another machine.
        may_control: whether requests are carried out.
        carry_out: does what a request asks for; the answer is sent.
    """

    def __init__(
        self,
        screen: Screen,
        *,
        bits: Bits,
        pace: Pace | None,
        may_control: bool,
        carry_out: Callable[[PageRequest], asyncio.Task[None]],
    ) -> None:
        self.may_control = may_control
        self._screen, self._bits, self._pace, self._carry_out = screen, bits, pace, carry_out
        self._credit, self._sent, self._told = 1, 0, ""
        self._texts: deque[str] = deque()
        self._asked: set[asyncio.Task[None]] = set()
        self._transport: asyncio.BaseTransport | None = None
        self._wake = asyncio.Event()
        self._closing = False
        self._socket = web.WebSocketResponse(heartbeat=10.0, compress=False, max_msg_size=_TEXT_BYTES)

    @property
    def wants_frame(self) -> bool:
        """Whether it has asked for one that has not come yet."""
        return self._credit > 0

    def tell(self, text: str) -> None:
        """Sends a text; hangs up on one that does not read what it was sent before."""
        if len(self._texts) < _MOST_TEXTS:
            self._texts.append(text)
            self._wake.set()
        elif isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()

    def describe(self, stream: str) -> None:
        """Sends the description of a stream, unless it is known."""
        if stream != self._told:
            self._told = stream
            self.tell(stream)

    def look(self) -> None:
        """There may be another frame."""
        self._wake.set()

    def close(self) -> None:
        """Sends what is to be said, and closes."""
        self._closing = True
        self._wake.set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Until either side closes."""
        await self._socket.prepare(request)
        self._transport = request.transport
        hearing = asyncio.create_task(self._hear())
        try:
            # A browser may be closed at any moment, also while a frame is on its way to it.
            with suppress(ConnectionResetError):
                await self._say()
        finally:
            await self._socket.close()
            hearing.cancel()
            with suppress(asyncio.CancelledError):
                await hearing
        return self._socket

    async def _say(self) -> None:
        while not self._socket.closed:
            while self._texts:
                await self._socket.send_str(self._texts.popleft())
            if self._closing:
                return
            shown = self._screen.newest
            if shown is not None and self._credit and shown.number > self._sent and self._is_time(shown):
                self._credit, self._sent = self._credit - 1, shown.number
                if shown.stream != self._told:
                    self._told = shown.stream
                    await self._socket.send_str(shown.stream)
                await self._socket.send_bytes(self._screen.encode(shown, self._bits))
                continue
            await self._wake.wait()
            self._wake.clear()

    def _is_time(self, shown: Shown) -> bool:
        if self._pace is None:
            return True
        now_s = time.monotonic()
        if not self._pace.is_time(shown.image, now_s):
            return False  # the next frame, or the next state, looks again
        self._pace.sent(now_s)
        return True

    async def _hear(self) -> None:
        try:
            async for message in self._socket:
                self._take(message)
        finally:
            self.close()

    def _take(self, message: WSMessage) -> None:
        if message.type != WSMsgType.TEXT:
            return
        try:
            asked = msgspec.json.decode(message.data, type=PageRequest)
        except UNDECODABLE as error:
            self._refuse(None, str(error))
            return
        if asked.kind == "next":
            self._credit = min(self._credit + 1, _MOST_CREDIT)
            self._wake.set()
        elif len(self._asked) >= _MOST_ASKED:
            self._refuse(asked.id, f"more than {_MOST_ASKED} requests at once; ask again when there is an answer")
        else:
            task = self._carry_out(asked)
            self._asked.add(task)
            task.add_done_callback(self._asked.discard)

    def _refuse(self, number: int | None, why: str) -> None:
        self.tell(msgspec.json.encode({"kind": "answer", "id": number, "error": why}).decode())


def bits_of(request: web.Request) -> Bits:
    """What the page asks for in its address: 16, or 8 for slow links.

    Raises:
        HTTPBadRequest: neither.
    """
    bits = request.query.get("bits", "16")
    if bits not in ("8", "16"):
        raise web.HTTPBadRequest(text="bits must be 8 or 16")
    return cast(Bits, int(bits))
