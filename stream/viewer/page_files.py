"""What the page's server answers besides frames: the page's own files, the trace, the models there are, and clips."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from importlib.resources import files
from pathlib import Path, PurePath
from typing import Any, TypeVar

from aiohttp import web

from sonolucent.stream.config import Config
from sonolucent.stream.errors import BadInput
from sonolucent.stream.messages import Stream
from sonolucent.stream.viewer.page_access import Access
from sonolucent.stream.viewer.page_body import read_body
from sonolucent.stream.viewer.page_clips import PageClip, encode_clip
from sonolucent.stream.viewer.page_frames import read_frames
from sonolucent.stream.viewer.screen import Screen

_Result = TypeVar("_Result")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_FILES = {file.name: file for file in files("sonolucent.stream.viewer").joinpath("page").iterdir()}


def page_routes(
    access: Access, config: Config, screen: Screen, stream: Callable[[], Stream | None]
) -> list[web.RouteDef]:
    """The routes of all but the frames. The page's own files are no secret, and its modules ask for no token."""
    one_clip = asyncio.Lock()
    turns = {may_control: asyncio.Lock() for may_control in (True, False)}
    """Of those who send: who may look alone must not keep a clip of theirs from those who control."""

    async def page(request: web.Request) -> web.Response:
        access.may_control(request)
        return _file("index.html", access.policy)

    async def asset(request: web.Request) -> web.Response:
        return _file(request.match_info["name"], access.policy)

    async def trace(request: web.Request) -> web.Response:
        access.may_control(request)
        text = await asyncio.to_thread(lambda: json.dumps(screen.trace()))
        return web.Response(text=text, content_type="application/json", headers=_saved_as("trace.json"))

    async def models(request: web.Request) -> web.Response:
        access.may_control(request)
        return web.json_response(list_models(config.model), headers={"Cache-Control": "no-store"})

    async def clip(request: web.Request) -> web.Response:
        access.require_own_page(request)
        may_control = access.may_control(request)
        described = stream()
        if described is None:
            raise web.HTTPConflict(text="no stream has been described yet; there is nothing to keep")
        async with turns[may_control]:
            body, kind = await read_body(request), request.query.get("format", "")
            async with one_clip:
                try:
                    of = PageClip(described, config.source)
                    content, name = await _aside(lambda: encode_clip(kind, read_frames(body, described.grid.shape), of))
                except BadInput as refusal:
                    raise web.HTTPBadRequest(text=str(refusal)) from refusal
        return web.Response(body=content, content_type="application/octet-stream", headers=_saved_as(name))

    return [
        web.get("/", page),
        web.get("/trace", trace),
        web.get("/models", models),
        web.post("/clip", clip),
        web.get("/{name}", asset),
        web.get("/page/{name}", asset),
    ]


async def _aside(work: Callable[[], _Result]) -> _Result:
    """What comes of it, on a thread of its own: a run's end waits for those of asyncio, however long they take."""
    done: Future[_Result] = Future()

    def carry_out() -> None:
        if not done.set_running_or_notify_cancel():
            return
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001 - whatever it is, who asked raises it
            done.set_exception(error)

    threading.Thread(target=carry_out, name="clip of the page", daemon=True).start()
    return await asyncio.wrap_future(done)


def list_models(chosen: str) -> list[dict[str, str]]:
    """The models that the page offers: none, those shipped, and the folders beside the one that was chosen."""
    from sonolucent.nn.shipped_models import SHIPPED_MODELS

    rooms = [SHIPPED_MODELS, *([Path(chosen).resolve().parent] if Path(chosen).is_dir() else [])]
    folders = dict.fromkeys(file.parent for room in rooms for file in sorted(room.glob("*/model.json")))
    return [{"name": "none", "path": "none"}, *({"name": folder.name, "path": str(folder)} for folder in folders)]


def _file(name: str, policy: str) -> web.Response:
    file, content_type = _FILES.get(name), _TYPES.get(PurePath(name).suffix)
    if file is None or content_type is None:
        raise web.HTTPNotFound(text=f"the viewer has no {name}")
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",  # the address may hold a token
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(text=file.read_text("utf-8"), content_type=content_type, headers=headers)


def _saved_as(name: str) -> dict[str, Any]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
