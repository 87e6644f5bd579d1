"""The page's web server, in a thread of its own.

Each browser is given the newest frame when it has asked for one: a slow one skips frames and holds nobody up.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec
from aiohttp import web

from sonolucent.stream.config import Config
from sonolucent.stream.control.requests import ControlAnswer, ControlRequest
from sonolucent.stream.errors import ControlError, ViewerError
from sonolucent.stream.messages import Stream
from sonolucent.stream.viewer.page_access import Access
from sonolucent.stream.viewer.page_door import Door
from sonolucent.stream.viewer.page_files import list_models, page_routes
from sonolucent.stream.viewer.page_link import PageLink, bits_of
from sonolucent.stream.viewer.page_messages import encode_hello, encode_waiting
from sonolucent.stream.viewer.page_pace import Pace
from sonolucent.stream.viewer.page_requests import Ask, PageRequest, answered
from sonolucent.stream.viewer.run_state import next_state_s, state_of
from sonolucent.stream.viewer.screen import Screen

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_THIS_MACHINE = ("127.0.0.1", "::1")
_IDLE_S = 15.0
"""How long a connection is kept after an answer."""


class PageServer:
    """Serves the page and, over a WebSocket at `frames`, states and frames; from the beginning, stream or not.

    Args:
        screen: where frames come from.
        ask: the run's control channel, if there is one.
        heard: is called with every answer of it, on a thread of the server.

    Raises:
        ViewerError: the port is in use, or the certificate cannot be read.
    """

    def __init__(
        self,
        config: Config,
        screen: Screen,
        ask: Ask | None = None,
        heard: Callable[[ControlAnswer], None] = lambda answer: None,
    ) -> None:
        self.config, self.screen = config, screen
        self.stream: Stream | None = None
        self._ask, self._heard = ask, heard
        self._access = Access(config.viewer)
        self._answer: ControlAnswer | None = None
        self._description = ""
        self._links: tuple[PageLink, ...] = ()
        self._socket = _listen(config.viewer.host, config.port)
        self.address = self._own_address()
        self._loop = asyncio.new_event_loop()
        self._end: str | None = None
        self._ended = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="viewer page", daemon=True)
        self._thread.start()

    def describe(self, stream: Stream, description: str) -> None:
        """Frames from now on are those of this stream, which the page is told of in this text."""
        self.stream, self._description = stream, description
        self._loop.call_soon_threadsafe(self._describe_to_all, description)

    def refresh(self) -> None:
        """The screen has another frame; costs nothing where nobody waits for one."""
        if any(link.wants_frame for link in self._links):
            self._loop.call_soon_threadsafe(self._look)

    def close(self, report: dict[str, Any] | None) -> None:
        """Tells every browser that the stream is over, and stops."""
        self._end = msgspec.json.encode({"kind": "end", "report": report}).decode()
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def _own_address(self) -> str:
        settings = self.config.viewer
        host, port = self._socket.getsockname()[:2]
        return settings.url(host, port, settings.token or settings.read_token)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        app = web.Application(middlewares=[self._let_in])
        app.router.add_get("/frames", self._serve_browser)
        app.add_routes(page_routes(self._access, self.config, self.screen, lambda: self.stream))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, keepalive_timeout=_IDLE_S)
        await runner.setup()
        assert runner.server is not None  # it has been set up
        self._door = Door(runner.server, self._access.tls)
        admitting = asyncio.create_task(self._door.admit(self._socket))
        telling = asyncio.create_task(self._tell_states())
        await self._ended.wait()
        telling.cancel()
        admitting.cancel()
        for link in self._links:
            link.tell(self._state("ended"))
            link.tell(self._end or "")
            link.close()
        await runner.cleanup()

    @web.middleware
    async def _let_in(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        self._door.hear(request)
        try:
            self._access.require_known_host(request)
            return await handler(request)
        except web.HTTPException as refusal:
            refusal.force_close()  # it must not keep a place at the door
            raise

    async def _serve_browser(self, request: web.Request) -> web.WebSocketResponse:
        self._access.require_own_page(request)
        may_control = self._access.may_control(request) and self.config.viewer.controls
        link = PageLink(
            self.screen,
            bits=bits_of(request),
            pace=Pace() if request.remote in _THIS_MACHINE else None,
            may_control=may_control,
            carry_out=lambda asked: self._begin(self._carry_out(link, asked)),
        )
        link.tell(encode_hello(self.config, may_control=may_control))
        if self._description:
            link.describe(self._description)
        else:
            link.tell(encode_waiting(self.config))
        link.tell(self._state())
        self._links = (*self._links, link)
        self._begin(self._inquire())
        try:
            return await link.serve(request)
        finally:
            self._links = tuple(other for other in self._links if other is not link)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _carry_out(self, link: PageLink, asked: PageRequest) -> None:
        ask = None if self._ask is None else self._ask_and_keep
        models = {self.config.model, *(model["path"] for model in list_models(self.config.model))}
        answer = await asyncio.to_thread(answered, asked, ask, may_control=link.may_control, models=models)
        link.tell(msgspec.json.encode(answer).decode())
        self._tell_all(self._state())

    async def _tell_states(self) -> None:
        inquiring: asyncio.Task[None] | None = None
        while True:
            await asyncio.sleep(next_state_s(self.screen.silent_s))
            if self._links:
                self._tell_all(self._state())
                if inquiring is None or inquiring.done():
                    inquiring = asyncio.create_task(self._inquire())

    async def _inquire(self) -> None:
        """Asks the run what is going on; while it is busy with a request, what it said last stands."""
        if self._ask is not None:
            await asyncio.to_thread(self._ask_if_there)

    def _ask_if_there(self) -> None:
        try:
            self._ask_and_keep(ControlRequest())
        except ControlError:
            self._answer = None

    def _ask_and_keep(self, request: ControlRequest) -> ControlAnswer:
        if self._ask is None:
            raise ControlError("there is no control channel")
        self._answer = self._ask(request)
        self._heard(self._answer)
        return self._answer

    def _state(self, state: str | None = None) -> str:
        return state_of(self.screen, self._answer, described=bool(self._description), state=state)

    def _tell_all(self, text: str) -> None:
        for link in self._links:
            link.tell(text)

    def _describe_to_all(self, description: str) -> None:
        for link in self._links:
            link.describe(description)

    def _look(self) -> None:
        for link in self._links:
            link.look()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL, *_NO_SUCH_NAME):
            raise
        raise ViewerError(
            f"port {port} on {host} cannot be used ({error.strerror}); give another with --port, or 0 for any"
        ) from error


_NO_SUCH_NAME = (socket.EAI_NONAME, socket.EAI_AGAIN)
