"""The page's web server, on 127.0.0.1, in a thread of its own.

Each browser is given the newest frame when it has taken the last one: a slow one skips frames and holds nobody up.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from contextlib import suppress
from importlib.resources import files

from aiohttp import WSMsgType, web

from sonolucent.stream.errors import ViewerError

_ASSETS = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
_POLICY = "default-src 'self'; connect-src 'self'"


class Server:
    """Serves the page and, over a WebSocket at /frames, the frames.

    Raises:
        ViewerError: the port is in use.
    """

    def __init__(self, port: int, stream: str) -> None:
        self._stream = stream
        self._newest: bytes | None = None
        self._number = 0
        self._socket = _listen(port)
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        self._loop = asyncio.new_event_loop()
        self._arrived = asyncio.Condition()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="viewer", daemon=True)
        self._thread.start()

    def show(self, frame: bytes) -> None:
        """Makes `frame` the newest."""
        asyncio.run_coroutine_threadsafe(self._publish(frame), self._loop)

    def close(self) -> None:
        """Tells every browser that the stream is over, and stops."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_get("/frames", self._send_frames)
        for path in _ASSETS:
            app.router.add_get(path, _asset)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        await self._ended.wait()
        await self._publish(None)
        await runner.cleanup()

    async def _publish(self, frame: bytes | None) -> None:
        async with self._arrived:
            self._newest, self._number = frame, self._number + 1
            self._arrived.notify_all()

    async def _send_frames(self, request: web.Request) -> web.WebSocketResponse:
        _refuse_other_sites(request)
        browser = web.WebSocketResponse(heartbeat=10.0, compress=False)
        await browser.prepare(request)
        # A browser may be closed at any moment, also while a frame is on its way to it.
        with suppress(ConnectionResetError):
            await self._send_until_closed(browser)
        await browser.close()
        return browser

    async def _send_until_closed(self, browser: web.WebSocketResponse) -> None:
        await browser.send_str(self._stream)
        sent = 0
        while not browser.closed:
            async with self._arrived:
                await self._arrived.wait_for(lambda seen=sent: self._number > seen)  # type: ignore[misc]
                frame, sent = self._newest, self._number
            if frame is None:
                await browser.send_str('{"kind": "end"}')
                break
            await browser.send_bytes(frame)
            # The browser asks for the next one once this is on the screen.
            answer = await browser.receive()
            if answer.type != WSMsgType.TEXT:
                break


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise ViewerError(
            f"port {port} on 127.0.0.1 cannot be used ({error.strerror}); give another with --port, or 0 for any"
        ) from error


def _refuse_other_sites(request: web.Request) -> None:
    """A page of another site must not read the images: browsers send its origin, ours is the address served."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.host}":
        raise web.HTTPForbidden(text="frames are for the viewer's own page")


async def _asset(request: web.Request) -> web.Response:
    name, content_type = _ASSETS[request.path]
    text = files("sonolucent.stream.viewer").joinpath(name).read_text()
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return web.Response(text=text, content_type=content_type, headers=headers)
