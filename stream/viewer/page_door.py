"""The page's door: only so many connections pass at a time; who asks for nothing, or reads no answer, is shown out."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl

from aiohttp import web

_MOST = 128
_SILENT_S = 10.0
_HANDSHAKE_S = 5.0
_UNREAD_S = 15.0
_AGAIN_S = 0.1
_log = logging.getLogger(__name__)


class Door:
    """Accepts connections itself: asyncio's own servers can neither count nor turn away those that still shake hands.

    Args:
        server: what serves those that pass.
        tls: of an encrypted page.
    """

    def __init__(self, server: web.Server, tls: ssl.SSLContext | None) -> None:
        self._server, self._tls = server, tls
        self._arriving: set[asyncio.Task[None]] = set()
        self._have_asked: set[asyncio.Protocol] = set()
        self._complaints: set[str] = set()

    async def admit(self, listener: socket.socket) -> None:
        """Lets in whoever comes, until this is cancelled; hangs up where there are too many. Closes the listener."""
        listener.setblocking(False)
        with listener:
            while True:
                try:
                    connection, _ = await asyncio.get_running_loop().sock_accept(listener)
                except OSError as error:
                    self._complain(str(error))
                    await asyncio.sleep(_AGAIN_S)
                else:
                    self._receive(connection)
                    await asyncio.sleep(0)  # a crowd must not keep the others from being served

    def hear(self, request: web.Request) -> None:
        """Hears that a connection has asked for something."""
        self._have_asked.add(request.protocol)

    def _receive(self, connection: socket.socket) -> None:
        self._have_asked.intersection_update(self._server.connections)
        if len(self._server.connections) + len(self._arriving) >= _MOST:
            connection.close()
            return
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # where a system has none, who never reads keeps his place
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * _UNREAD_S))
        task = asyncio.create_task(self._let_in(connection))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def _let_in(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        patience_s = None if self._tls is None else _HANDSHAKE_S
        try:
            _, visitor = await loop.connect_accepted_socket(
                self._server,
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=patience_s,
                ssl_shutdown_timeout=patience_s,
            )
        except OSError as error:
            _log.debug("a connection to the page was not made: %s", error)
            return
        loop.call_later(_SILENT_S, self._show_out, visitor)

    def _show_out(self, visitor: web.RequestHandler) -> None:
        """Hangs up on one that has not asked for anything yet, and is still there."""
        if visitor not in self._have_asked and visitor.transport is not None:
            visitor.transport.close()

    def _complain(self, why: str) -> None:
        """Says once a reason that nobody can be let in: it may last, and come back many times a second."""
        if why not in self._complaints:
            self._complaints.add(why)
            _log.warning("the page cannot take connections for now: %s", why)
