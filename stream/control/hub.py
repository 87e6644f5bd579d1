"""The hub of a run's control channel: takes requests from users, and has the stages carry them out.

A change of settings has two halves. Every transform first makes ready beside the frames, and may refuse; then the first
of them goes over between two frames, and the others follow it as its images reach them. Then comes the next change.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import msgspec
import zmq

from sonolucent.stream.config import Config
from sonolucent.stream.control.boundary import attempt
from sonolucent.stream.control.order_line import OrderLine
from sonolucent.stream.control.orders import (
    Arrive,
    Order,
    Play,
    Prepare,
    Record,
    Soften,
    SwapModel,
    TakeOver,
    Tell,
    Told,
)
from sonolucent.stream.control.requests import MAX_WORDS_BYTES, ControlAnswer, ControlRequest, merged
from sonolucent.stream.errors import ControlError
from sonolucent.stream.printable import say
from sonolucent.stream.transport import heartbeats
from sonolucent.stream.transport.flood_guard import GUARD_EVENTS, FloodGuard
from sonolucent.stream.transport.monitored_socket import monitored
from sonolucent.stream.transport.sockets import Context, remove_file

RECORDER, TRAINER = "recorder", "trainer"
EDGE, USERS = "control", "control users"
"""The names by which `endpoints` tells where stages find the hub, and parts of the run that ask it like any user."""
IN_PROCESS = {EDGE: "inproc://control", USERS: "inproc://control-users"}
_POLL_MS = 50
_MOMENT_S = 0.5
_PATIENCE_S = 60.0
_log = logging.getLogger(__name__)


@contextmanager
def controlled(config: Config, context: Context) -> Iterator[None]:
    """Within, the run takes requests: of its viewer, and on port `config.control` of 127.0.0.1 where there is one.

    Raises:
        ControlError: the port is in use.
    """
    if not config.is_controlled:
        yield
        return
    hub = ControlHub(config, context)
    if hub.port is not None:
        say(f"control: port {hub.port} (sonolucent control {hub.port})", file=sys.stderr)
    thread = threading.Thread(target=hub.serve, name="control", daemon=True)
    thread.start()
    try:
        yield
    finally:
        hub.ended.set()
        thread.join()


class ControlHub:
    """Serves until `ended` is set; `port` is where, if it has one.

    Raises:
        ControlError: the port is in use.
    """

    def __init__(self, config: Config, context: Context) -> None:
        self.ended = threading.Event()
        self._transforms = [word.partition(":")[0] for word in config.transforms]
        self._imaging, self._revision = config.imaging, 0
        self._sinks = [RECORDER, *([TRAINER] if config.train is not None else [])]
        self._model, self._strength = config.model, config.strength
        self._standing: dict[type[Order], Order] = {}
        """What a transform that is restarted has to be told again: settings come with the frames, these do not."""
        self._source, self._images_are_recorded = config.source, config.source.startswith("images:")
        self._endpoints = {name: config.endpoints.get(name, IN_PROCESS[name]) for name in IN_PROCESS}
        self._users = monitored(context, zmq.REP, GUARD_EVENTS)
        self._guard = FloodGuard(self._users, MAX_WORDS_BYTES)
        self._users.setsockopt(zmq.MAXMSGSIZE, MAX_WORDS_BYTES)
        self._users.setsockopt(zmq.HANDSHAKE_IVL, heartbeats.HANDSHAKE_MS)
        self._users.bind(self._endpoints[USERS])
        self._line = OrderLine(self._endpoints[EDGE], context, self.ended, meanwhile=self._guard.tend)
        self.port = None if config.control is None else self._bind(config.control)

    def serve(self) -> None:
        """Answers one request after another."""
        with self._users, closing(self._line):
            while not self.ended.is_set():
                self._guard.tend()
                self._line.listen()
                self._make_up_for_restarts()
                if self._users.poll(_POLL_MS) and (request := self._guard.receive()) is not None:
                    self._users.send(self._reply(b"".join(request)))
        remove_file(self._endpoints[USERS])

    def _make_up_for_restarts(self) -> None:
        """Tells transforms that were restarted what holds by now; those that are not ready yet, in a moment."""
        for stage, since_s in tuple(self._line.restarted.items()):
            try:
                for order in self._standing.values() if stage in self._transforms else ():
                    self._line.give([stage], order)
            except ControlError as error:
                if time.monotonic() - since_s < _PATIENCE_S:
                    continue
                _log.warning("after its restart: %s; it goes on with what the run began with", error)
            self._line.restarted.pop(stage)

    def _bind(self, port: int) -> int:
        try:
            self._users.bind(f"tcp://127.0.0.1:{port or '*'}")
        except zmq.ZMQError as error:
            self._users.close()
            self._line.close()
            raise ControlError(
                f"port {port} on 127.0.0.1 cannot be used ({os.strerror(error.errno or 0)}); "
                "give another with --control, or 0 for any"
            ) from error
        return int(self._users.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2])

    def _reply(self, request: bytes) -> bytes:
        answer, error = attempt(lambda: msgspec.json.encode(self._answer(request)), b"")
        return answer or msgspec.json.encode(ControlAnswer(self._revision, self._imaging, "", error))

    def _answer(self, request: bytes) -> ControlAnswer:
        told, error = attempt(lambda: self._carry_out(msgspec.json.decode(request, type=ControlRequest)), Told())
        going_on = {stage: self._ask(stage) for stage in ("source", *self._transforms, *self._sinks)}
        return ControlAnswer(
            revision=self._revision,
            imaging=self._imaging,
            model=self._model,
            strength=self._strength,
            error=error,
            replay=going_on["source"].replay,
            recording=going_on[RECORDER].recording,
            file=told.file,
            warnings=tuple(warning for said in going_on.values() for warning in said.warnings),
            training=going_on[TRAINER].training if TRAINER in going_on else None,
        )

    def _carry_out(self, request: ControlRequest) -> Told:
        """What the recorder said, where it was asked.

        Raises:
            ValueError: it cannot be done; nothing has changed then, unless it says so.
        """
        if request.imaging:
            self._image_anew(request.imaging)
        if request.model is not None:
            self._swap(request)
        if request.strength is not None:
            self._soften(request.strength)
        if request.replay is not None:
            self._order_one("source", Play(request.replay), f"the source is no replay: {self._source}")
        if request.record is None:
            return Told()
        return self._order_one(RECORDER, Record(request.record), "this run has no recorder that can be told to")

    def _image_anew(self, changes: dict[str, Any]) -> None:
        if self._images_are_recorded:
            raise ControlError("images that were recorded keep their settings; a replay of channel data has others")
        imaging = merged(self._imaging, changes)
        self._line.give(self._transforms, Prepare(imaging, self._revision + 1))
        self._line.give(self._transforms[:1], TakeOver())
        self._imaging, self._revision = imaging, self._revision + 1
        # The next change is prepared where nobody goes over to this one any more. A run that ends is no refusal.
        with suppress(ControlError):
            self._line.give(self._transforms, Arrive(self._revision))

    def _order_one(self, stage: str, order: Order, otherwise: str) -> Told:
        """Raises:
        ControlError: the stage refuses, is not there, or has nothing to do with such orders.
        """
        obeyed = self._line.give([stage], order)[0]
        if not obeyed.did:
            raise ControlError(otherwise)
        return obeyed.told

    def _ask(self, stage: str) -> Told:
        """What a stage says is going on; nothing where it says nothing in a moment."""
        with suppress(ControlError):
            return self._line.give([stage], Tell(), _MOMENT_S)[0].told
        return Told()

    def _swap(self, request: ControlRequest) -> None:
        try:
            if not any(obeyed.did for obeyed in self._line.give(self._transforms, SwapModel(request.model or ""))):
                raise ControlError("no stage of this run has a model to change")
        except ControlError as error:
            if request.imaging:
                raise ControlError(f"the imaging settings have changed, but not the model: {error}") from error
            raise
        self._model = request.model or ""
        self._standing[SwapModel] = SwapModel(self._model)

    def _soften(self, strength: float) -> None:
        if not any(obeyed.did for obeyed in self._line.give(self._transforms, Soften(strength))):
            raise ControlError("no stage of this run enhances images, so there is no strength to change")
        self._strength = strength
        self._standing[Soften] = Soften(strength)
