"""The page's door: only so many connections pass at a time, and whoever asks for nothing is shown out."""

from __future__ import annotations

import asyncio

from aiohttp import web

_MOST = 128
_SILENT_S = 10.0


class Door:
    """Makes the protocol of each connection, as `loop.create_server` asks for it.

    Args:
        server: what serves those that pass.
    """

    def __init__(self, server: web.Server) -> None:
        self._server = server
        self._have_asked: set[asyncio.Protocol] = set()

    def __call__(self) -> asyncio.Protocol:
        """Serves whoever comes, or hangs up where there are too many."""
        self._have_asked.intersection_update(self._server.connections)
        if len(self._server.connections) >= _MOST:
            return _HangUp()
        visitor = self._server()
        asyncio.get_running_loop().call_later(_SILENT_S, self._show_out, visitor)
        return visitor

    def hear(self, request: web.Request) -> None:
        """Hears that a connection has asked for something."""
        self._have_asked.add(request.protocol)

    def _show_out(self, visitor: web.RequestHandler) -> None:
        """Hangs up on one that has not asked for anything yet, and is still there."""
        if visitor not in self._have_asked and visitor.transport is not None:
            visitor.transport.close()


class _HangUp(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
