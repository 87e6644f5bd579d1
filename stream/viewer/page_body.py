"""What a page sends to be kept: as much as its cine loop holds, and no slower than a browser sends it."""

from __future__ import annotations

import asyncio

from aiohttp import web

_MOST_BYTES = 272 << 20
"""What the page's cine loop holds (`MOST_BYTES` of cine.js), and the length of each frame."""
_SILENT_S, _MOST_S = 5.0, 60.0


async def read_body(request: web.Request) -> bytearray:
    """The body of a request.

    Raises:
        HTTPRequestEntityTooLarge: it is larger than any cine loop.
        HTTPRequestTimeout: it comes too slowly.
        HTTPBadRequest: the connection broke.
    """
    body = bytearray()
    _require_fitting(request.content_length or 0)
    try:
        async with asyncio.timeout(_MOST_S):
            while chunk := await asyncio.wait_for(request.content.readany(), _SILENT_S):
                _require_fitting(len(body) + len(chunk))
                body += chunk
    except TimeoutError as slow:
        raise web.HTTPRequestTimeout(text="the frames come too slowly; try again, or keep fewer") from slow
    except ConnectionError as gone:
        raise web.HTTPBadRequest(text="the connection broke") from gone
    return body


def _require_fitting(size_bytes: int) -> None:
    if size_bytes > _MOST_BYTES:
        raise web.HTTPRequestEntityTooLarge(_MOST_BYTES, size_bytes)
