"""What the page asks for, as JSON, and what it becomes at the run's control channel."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal

import msgspec

from sonolucent.nn.inference.choice import names_no_folder
from sonolucent.stream.control.boundary import attempt
from sonolucent.stream.control.requests import ControlAnswer, ControlRequest, RecordRequest, ReplayRequest
from sonolucent.stream.ledger import Count

Ask = Callable[[ControlRequest], ControlAnswer]
"""Asks the run's control channel; raises ControlError where it refuses."""

_NOT_ALLOWED = "this page may look and change nothing; the address with the controlling token may"
_NO_CHANNEL = "this viewer was started alone, by `sonolucent stage`, and has no control channel"


class PageRequest(msgspec.Struct, frozen=True):
    """One message of the page; `id` comes back with the answer.

    Args:
        imaging, model, strength: of a `control` request.
        paused, speed, seek, step: of a `replay` request.
        on, note, channels: of a `record` request. Where the file lies is for the run to say, not for a page.
    """

    kind: Literal["next", "control", "replay", "record"]
    id: Count | None = None
    imaging: dict[str, Any] = {}
    model: str | None = None
    strength: float | None = None
    paused: bool | None = None
    speed: float | None = None
    seek: int | None = None
    step: int | None = None
    on: bool = False
    note: str = ""
    channels: bool = False

    def for_control(self) -> ControlRequest:
        """The same for the control channel."""
        if self.kind == "replay":
            return ControlRequest(replay=ReplayRequest(self.paused, self.speed, self.seek, self.step))
        if self.kind == "record":
            return ControlRequest(record=RecordRequest(self.on, note=self.note, channels=self.channels))
        return ControlRequest(self.imaging, self.model, strength=self.strength)


def answered(request: PageRequest, ask: Ask | None, *, may_control: bool, models: Collection[str]) -> dict[str, Any]:
    """The answer to a request, which may take seconds; a refusal is an answer with its reason in `error`.

    Args:
        may_control: whether who asks may change the run.
        models: the folders that the page may choose; loading a model can run what is in its folder.
    """
    plain = {"kind": "answer", "id": request.id}
    if not may_control:
        return plain | {"error": _NOT_ALLOWED}
    # Whether the folder is there is no matter: it may be made while the request is on its way.
    if request.model is not None and request.model not in models and not names_no_folder(request.model):
        return plain | {
            "error": f"{request.model} is not among the models of this page; `sonolucent control` takes any"
        }
    if ask is None:
        return plain | {"error": _NO_CHANNEL}
    nothing: dict[str, Any] = {}
    told, error = attempt(lambda: _told(ask(request.for_control())), nothing)
    return {"error": error} | told | plain


def _told(answer: ControlAnswer) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(answer)
    return told
