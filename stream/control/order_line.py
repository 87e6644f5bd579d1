"""The hub's line to the stages: gives orders, collects what became of them, and notices who was restarted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

import msgspec
import zmq

from sonolucent.stream.control.orders import Here, NumberedOrder, Obeyed, Order
from sonolucent.stream.control.requests import MAX_WORDS_BYTES
from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.errors import ControlError
from sonolucent.stream.transport.sockets import Context, remove_file

_POLL_MS = 50
_PATIENCE_S = 60.0
_log = logging.getLogger(__name__)


class OrderLine:
    """Used by one thread, until it is closed.

    Args:
        endpoint: where stages connect.
        ended: set when nobody needs to be waited for any more.
        meanwhile: what else the thread looks after while it waits for answers.

    Attributes:
        restarted: stages whose place another process has taken, and when; who tells it what it missed takes it out.
    """

    def __init__(self, endpoint: str, context: Context, ended: threading.Event, meanwhile: Callable[[], None]) -> None:
        self._endpoint, self._ended, self._meanwhile, self._number = endpoint, ended, meanwhile, 0
        self._processes: dict[str, int] = {}
        self._told_of_strangers = False
        self.restarted: dict[str, float] = {}
        self._socket = context.socket(zmq.ROUTER)
        for option in (zmq.ROUTER_MANDATORY, zmq.ROUTER_HANDOVER):
            self._socket.setsockopt(option, 1)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_WORDS_BYTES)
        self._socket.bind(endpoint)

    def close(self) -> None:
        """Hangs up."""
        self._socket.close()
        remove_file(self._endpoint)

    def listen(self) -> None:
        """Hears who has come since, and what came too late."""
        while self._socket.poll(0):
            self._hear()

    def give(self, stages: Sequence[str], order: Order, patience_s: float = _PATIENCE_S) -> list[Obeyed]:
        """Has the stages do it, all at the same time; what became of it.

        Raises:
            ControlError: one cannot, is not there, was restarted meanwhile, or does not answer.
        """
        self._number += 1
        self.listen()
        for stage in stages:
            self._send(stage, msgspec.json.encode(NumberedOrder(self._number, order)), min(patience_s / 5, 1.0))
        answers = self._collect(stages, patience_s)
        for stage in stages:
            if answers[stage].error:
                raise ControlError(f"{stage}: {answers[stage].error}")
        return [answers[stage] for stage in stages]

    def _send(self, stage: str, order: bytes, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while True:
            try:
                self._socket.send_multipart([stage.encode(), order])
                return
            except zmq.ZMQError as error:
                if error.errno != zmq.EHOSTUNREACH or time.monotonic() > deadline:
                    raise ControlError(f"{stage} is not there yet, or no more; ask again in a moment") from error
            self._ended.wait(0.02)

    def _collect(self, stages: Sequence[str], patience_s: float) -> dict[str, Obeyed]:
        answers: dict[str, Obeyed] = {}
        deadline = time.monotonic() + patience_s
        while missing := set(stages) - set(answers):
            if self._ended.is_set() or time.monotonic() > deadline:
                raise ControlError(f"{', '.join(sorted(missing))} gave no answer; is the run ending?")
            self._meanwhile()
            if not self._socket.poll(_POLL_MS):
                continue
            stage, said = self._hear()
            if said is None and stage in missing:
                raise ControlError(f"{stage} was restarted meanwhile; ask again in a moment")
            if said is not None and said.number == self._number:
                answers[stage] = said
        return answers

    def _hear(self) -> tuple[str, Obeyed | None]:
        """What a stage answers; None where another process has taken its place, which knows of no order."""
        identity, *parts = self._socket.recv_multipart()
        try:
            stage, said = identity.decode(), msgspec.json.decode(b"".join(parts), type=Obeyed | Here)
        except UNDECODABLE as error:
            self._tell_of_stranger(error)
            return "", _FIRST_WORD
        if isinstance(said, Obeyed):
            return stage, said
        before = self._processes.get(stage)
        self._processes[stage] = said.process
        if before in (None, said.process):
            return stage, _FIRST_WORD
        self.restarted[stage] = time.monotonic()
        return stage, None

    def _tell_of_stranger(self, error: Exception) -> None:
        if not self._told_of_strangers:
            self._told_of_strangers = True
            _log.warning("control: somebody who is no stage of this run spoke, and is not listened to: %s", error)


_FIRST_WORD = Obeyed(0)
"""Of a stage that is there for the first time: an answer to no order."""
