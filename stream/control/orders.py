"""What the hub orders of a stage, and the stage's end of it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

import msgspec
import zmq

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.accounting.live_training import LiveTraining
from sonolucent.stream.control.boundary import attempt
from sonolucent.stream.control.requests import RecordingState, RecordRequest, ReplayRequest, ReplayState
from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.transport.sockets import Context

_POLL_MS = 50
_RECONNECT_MS = 20
_log = logging.getLogger(__name__)


class Prepare(msgspec.Struct, frozen=True, tag=True):
    """Make ready, beside the frames, for images with these settings."""

    imaging: ImagingSettings
    revision: int


class TakeOver(msgspec.Struct, frozen=True, tag=True):
    """Go over to what was prepared, between two frames. Stages behind the first one follow it, frame by frame."""


class Arrive(msgspec.Struct, frozen=True, tag=True):
    """Answer when frames with the settings of this revision have come, or after a moment in which none has."""

    revision: int


class SwapModel(msgspec.Struct, frozen=True, tag=True):
    """Load another model beside the frames, and go over to it."""

    model: str


class Soften(msgspec.Struct, frozen=True, tag=True):
    """Show so much of the enhancement from the next frame on: 0 the plain image, 1 the enhanced one."""

    strength: float


class Play(msgspec.Struct, frozen=True, tag=True):
    """Of a source: replay in another way."""

    request: ReplayRequest


class Record(msgspec.Struct, frozen=True, tag=True):
    """Of the recorder: begin, or stop."""

    request: RecordRequest


class Tell(msgspec.Struct, frozen=True, tag=True):
    """Say what is going on."""


Order = Prepare | TakeOver | Arrive | SwapModel | Soften | Play | Record | Tell


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a stage says is going on, as `ControlAnswer` has it."""

    replay: ReplayState | None = None
    recording: RecordingState | None = None
    file: str = ""
    warnings: tuple[str, ...] = ()
    training: LiveTraining | None = None


class Here(msgspec.Struct, frozen=True, tag=True):
    """The first word of a stage: it hears orders from now on, and none that were given before.

    Args:
        process: its own, another one after each restart.
    """

    process: int


class Obeyed(msgspec.Struct, frozen=True, tag=True):
    """What became of the order of that number.

    Args:
        did: whether there was something to do.
        error: why it could not be done.
        told: what is going on now.
    """

    number: int
    did: bool = True
    error: str = ""
    told: Told = Told()


class NumberedOrder(msgspec.Struct, frozen=True):
    number: int
    order: Order


class ControlledStage:
    """Hears orders for a stage on a thread of its own, for as long as it is entered.

    Args:
        name: the stage's, by which the hub knows it.
        endpoint: of the hub.
        obey: does what is ordered, on that thread, and tells what is going on; False where the stage has nothing to do
            with it.
    """

    def __init__(self, name: str, endpoint: str, context: Context, obey: Callable[[Order], bool | Told]) -> None:
        self._obey = obey
        self._ended = threading.Event()
        self._socket = context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.IDENTITY, name.encode())
        self._socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(endpoint)
        self._thread = threading.Thread(target=self._listen, name=f"{name} control", daemon=True)

    def __enter__(self) -> ControlledStage:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _listen(self) -> None:
        with self._socket:
            self._socket.send(msgspec.json.encode(Here(os.getpid())))
            while not self._ended.is_set():
                if self._socket.poll(_POLL_MS) and (answer := self._answer(self._socket.recv())):
                    self._socket.send(answer)

    def _answer(self, order: bytes) -> bytes:
        """Nothing where it is no order: who gave it is of another version, or is no hub."""
        try:
            numbered = msgspec.json.decode(order, type=NumberedOrder)
        except UNDECODABLE as refusal:
            _log.warning("control: no order of this version: %s; have all stages of a run the same one", refusal)
            return b""
        answer, error = attempt(lambda: msgspec.json.encode(self._obeyed(numbered)), b"")
        return answer or msgspec.json.encode(Obeyed(numbered.number, error=error))

    def _obeyed(self, numbered: NumberedOrder) -> Obeyed:
        told = self._obey(numbered.order)
        return Obeyed(numbered.number, told=told) if isinstance(told, Told) else Obeyed(numbered.number, told)
