"""From frames to a model: gathers frames, waits for the word, trains, and says how far it is.

It takes messages from standard input, and writes a `LiveTraining` a line to standard output. When its input ends,
because the run has ended or died however it did, the process ends, whatever it is doing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import shutil
import sys
import threading
from pathlib import Path

import msgspec

from sonolucent.stream.accounting.live_training import BeginTraining, LiveTraining
from sonolucent.stream.errors import BadInput, StageFailed
from sonolucent.stream.messages import Channels, Message, Stream
from sonolucent.stream.sinks.training_process import DRAFTS, TrainingOrder
from sonolucent.stream.training_aside.fine_tuning import fine_tuned
from sonolucent.stream.training_aside.gathering import Gatherer
from sonolucent.stream.transport.pipe import take
from sonolucent.stream.transport.wire import decode

_INPUT = 0


class _Input:
    """What the run sends, read on a thread of its own: the end must be heard in the middle of a training."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._messages: queue.SimpleQueue[Message | BeginTraining] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> Message | BeginTraining:
        """The next message; waits for it."""
        return self._messages.get()

    def _read(self) -> None:
        while (parts := take(_INPUT)) is not None:
            self._messages.put(_decoded(*parts))
        shutil.rmtree(self._folder / DRAFTS, ignore_errors=True)
        os._exit(0)


def _decoded(header: bytearray, payload: bytearray) -> Message | BeginTraining:
    if header.startswith(b"{"):
        return msgspec.json.decode(header, type=BeginTraining)
    return decode([memoryview(header), memoryview(payload)])


class _Answers:
    """Tells the run how far it is."""

    def __init__(self, so_far: LiveTraining) -> None:
        self.last = so_far
        # What libraries print goes to standard error.
        self._output = os.dup(sys.stdout.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(self, so_far: LiveTraining) -> None:
        self.last = so_far
        with contextlib.suppress(BrokenPipeError):  # the run is gone, and its input ends in a moment
            os.write(self._output, msgspec.json.encode(so_far) + b"\n")


def follow(order_line: str) -> None:
    """Does what the order, a `TrainingOrder` in JSON, asks for, and says how it goes."""
    order = msgspec.json.decode(order_line, type=TrainingOrder)
    answers = _Answers(LiveTraining(folder=order.folder, wanted=order.settings.frames))
    try:
        _carry_out(order, _Input(Path(order.folder)), answers)
    except (BadInput, StageFailed, OSError, ValueError, RuntimeError) as error:
        logging.getLogger(__name__).debug("failed", exc_info=True)
        answers.say(msgspec.structs.replace(answers.last, state="failed", said=f"the training failed: {error}"))


def _carry_out(order: TrainingOrder, given: _Input, answers: _Answers) -> None:
    """Gathers frames of the stream that is described first, and trains when it is told to."""
    gatherer: Gatherer | None = None
    while True:
        match given.next():
            case Stream() as stream:
                gatherer = gatherer or Gatherer(Path(order.folder), stream, order.settings)
            case Channels() as frame if gatherer is not None:
                answers.say(gatherer.look(frame))
            case BeginTraining() as begin:
                answers.say(fine_tuned(answers.last, stream.imaging, Path(begin.model), order.settings, answers.say))
                return
