"""The process that trains beside a run, as the run sees it; `training_aside/training_child.py` is what runs there.

Frames go to its standard input, and what has come of them comes from its standard output. It has the lowest priority
and one thread, so that it takes what stages leave of the processor. When its input is closed, because the run has ended
or died however it did, it ends.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from sonolucent.stream.accounting.live_training import LiveTraining
from sonolucent.stream.training_settings import TrainingSettings
from sonolucent.stream.transport.pipe import put
from sonolucent.stream.transport.wire import Buffer

TRAINING, HELD_OUT, DRAFTS = "training.h5", "held-out.h5", ".unfinished"
"""In the folder: the frames to train on and those to judge by, and where a model is until it is whole."""
_CHILD = "sonolucent.stream.training_aside.training_child"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
_GRACE_S = 5.0


class TrainingOrder(msgspec.Struct, frozen=True):
    """What the process is to do; `folder` is for its recordings and its model."""

    folder: str
    settings: TrainingSettings


class TrainingProcess:
    """The parent's handle.

    Args:
        order: what it is to do.
        heard: called with what it says, on a thread of this handle.
        died: called on the same thread where it has ended without having been told to: how, in a few words.
    """

    def __init__(
        self, order: TrainingOrder, heard: Callable[[LiveTraining], None], died: Callable[[str], None]
    ) -> None:
        self._folder, self._heard, self._died = Path(order.folder), heard, died
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", _CHILD, msgspec.json.encode(order).decode()]
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env={**os.environ, **_ONE_THREAD})
        self._ended = False
        self._outgoing: queue.SimpleQueue[Sequence[Buffer] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=target, name=f"training {name}", daemon=True)
            for name, target in (("input", self._write), ("output", self._read))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """By which the system knows it."""
        return self._process.pid

    def send(self, parts: Sequence[Buffer]) -> None:
        """Passes a message on, soon; its buffers must not change."""
        self._outgoing.put(parts)

    def dismiss(self) -> None:
        """Tells it to end, whatever it is doing; nothing half done is left."""
        self._ended = True
        self._outgoing.put(None)

    def end(self) -> None:
        """Ends it, and waits for that; not to be called on the threads of this handle."""
        self.dismiss()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        if self._process.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
            while (parts := self._outgoing.get()) is not None:
                put(pipe.fileno(), parts)

    def _read(self) -> None:
        if self._process.stdout is None:
            return
        with self._process.stdout as output:
            for line in output:
                self._heard(msgspec.json.decode(line, type=LiveTraining))
        status = self._process.wait()
        shutil.rmtree(self._folder / DRAFTS, ignore_errors=True)
        if not self._ended:
            self._died(signal.Signals(-status).name if status < 0 else f"status {status}")
