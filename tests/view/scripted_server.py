"""A server that speaks the page's protocol and does what a test says: frames of known pixels, states, answers."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from aiohttp import WSMsgType, web

PAGE = Path(__file__).parents[2] / "stream" / "viewer" / "page"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
POLICY = "default-src 'self'; connect-src 'self'; img-src 'self' data: blob:"

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class ScriptedServer:
    """Serves the page on 127.0.0.1 in a thread. What is told is told again to whoever connects later.

    Attributes:
        received: every message of the page.
        clips: bodies of POST clip.
        paths: of all HTTP requests.
        answer: makes the answer to a request, without its kind and id.
    """

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.clips: list[bytes] = []
        self.paths: list[str] = []
        self.answer: Answer = lambda request: {"error": ""}
        self.hello = {
            "kind": "hello",
            "protocol": 2,
            "may_control": True,
            "source": "tcp://127.0.0.1:5555",
            "mode": "live",
            "version": "0.1.0",
        }
        self._told: dict[str, str] = {}
        self._newest: bytes | None = None
        self._sockets: dict[web.WebSocketResponse, bool] = {}
        self._loop = asyncio.new_event_loop()
        self.port = 0
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Listens, at the port of before where there was one."""
        self._do(self._start())

    def stop(self) -> None:
        """Closes all sockets and listens no more, as a server that died."""
        self._do(self._stop())

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def tell(self, message: dict[str, Any]) -> None:
        """A text message to all pages, now and when they connect."""
        self._told[message["kind"]] = json.dumps(message)
        self._do(self._send(json.dumps(message)))

    def forget(self) -> None:
        """Whoever connects later is told nothing but hello."""
        self._told, self._newest = {}, None

    def state(self, state: str = "live", silent_s: float = 0.0, **more: Any) -> None:
        self.tell({"kind": "state", "state": state, "silent_s": silent_s, "replay": None, "recording": None, **more})

    def show(self, message: bytes) -> None:
        """A frame to all pages, once they have asked for it; also the first of those that connect later."""
        deadline = time.monotonic() + 10
        while not all(self._sockets.values()):
            assert time.monotonic() < deadline, "a page does not ask for frames"
            time.sleep(0.005)
        self.offer(message)

    def offer(self, message: bytes) -> None:
        """A frame to those pages alone that have asked for one."""
        self._newest = message
        self._do(self._show())

    def asked(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.received if message["kind"] == kind]

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _start(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_get("/frames", self._frames)
        app.router.add_get("/trace", self._trace)
        app.router.add_get("/models", self._models)
        app.router.add_post("/clip", self._clip)
        app.router.add_get("/{path:.*}", self._asset)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        for socket in list(self._sockets):
            await socket.close()
        await self._runner.cleanup()

    async def _send(self, text: str) -> None:
        # A page may be closed at any moment.
        for socket in list(self._sockets):
            with suppress(ConnectionError):
                await socket.send_str(text)

    async def _show(self) -> None:
        message = self._newest
        for socket, wants in list(self._sockets.items()):
            if wants and message is not None:
                self._sockets[socket] = False
                with suppress(ConnectionError):
                    await socket.send_bytes(message)

    async def _frames(self, request: web.Request) -> web.WebSocketResponse:
        self.paths.append(request.path_qs)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets[socket] = False
        fresh = self._newest is not None
        await socket.send_str(json.dumps(self.hello))
        for text in list(self._told.values()):
            await socket.send_str(text)
        async for message in socket:
            if message.type != WSMsgType.TEXT:
                continue
            said = json.loads(message.data)
            self.received.append(said)
            if said["kind"] == "next":
                self._sockets[socket] = True
                if fresh:
                    await self._show()
                fresh = False
            else:
                await socket.send_str(json.dumps({"kind": "answer", "id": said["id"], **self.answer(said)}))
        del self._sockets[socket]
        return socket

    async def _asset(self, request: web.Request) -> web.Response:
        self.paths.append(request.path_qs)
        name = request.path.lstrip("/").removeprefix("page/") or "index.html"
        if not (PAGE / name).is_file():
            raise web.HTTPNotFound
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        return web.Response(text=(PAGE / name).read_text(), content_type=TYPES[Path(name).suffix], headers=headers)

    async def _trace(self, request: web.Request) -> web.Response:
        self.paths.append(request.path_qs)
        return web.json_response({"traceEvents": []})

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response(
            [{"name": "light-quadrant", "path": "light-quadrant"}, {"name": "full-quadrant", "path": "full-quadrant"}]
        )

    async def _clip(self, request: web.Request) -> web.Response:
        self.paths.append(request.path_qs)
        self.clips.append(await request.read())
        return web.Response(body=b"film", headers={"Content-Disposition": 'attachment; filename="clip.mp4"'})
