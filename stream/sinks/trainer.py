"""The sink that has a model trained on the live stream: it looks at a frame now and then, and waits for no one.

The work is done by a process aside. Here frames are handed over, and the model is changed when a better one has come.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import msgspec
import numpy as np

from sonolucent.nn.inference.choice import choose
from sonolucent.nn.model_folder import ModelError
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.accounting.live_training import ENDS, BeginTraining, LiveTraining, State
from sonolucent.stream.config import Config
from sonolucent.stream.control.orders import Order, Tell, Told
from sonolucent.stream.control.requests import ControlRequest
from sonolucent.stream.errors import ConfigError, ControlError
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, Frame, Stream
from sonolucent.stream.printable import say
from sonolucent.stream.sinks.sink import EarlySinkOpener, Run, Sink, SinkEnd
from sonolucent.stream.sinks.training_process import HELD_OUT, TRAINING, TrainingOrder, TrainingProcess
from sonolucent.stream.transport.edge import Edge
from sonolucent.stream.transport.wire import encode

_ADAPTIVE = "adaptive"


def model_to_train(word: str) -> Path:
    """The folder of the model that a run begins with, or has gone over to.

    Raises:
        ConfigError: there is no network to fine-tune.
    """
    try:
        folder = None if word == _ADAPTIVE else choose(word).folder
    except ModelError as error:
        raise ConfigError(f"model {word!r}: {error}") from error
    if folder is None:
        raise ConfigError(f"model {word!r} is no network that could be fine-tuned; give auto, cpu, cuda:N or a folder")
    return folder


class Trainer(Sink):
    """Looks at a frame every so often until enough of them show different tissue, and has a model fine-tuned on them.

    Args:
        config: `train` is the folder.
        run: asked which model is in use, and for its change.
        past: what the process that was here before had come to; it took its frames with it.
    """

    def __init__(self, config: Config, run: Run, past: LiveTraining | None) -> None:
        if config.train is None:
            raise ConfigError("the trainer needs a folder; give train = FOLDER")
        self._settings, self._run = config.training, run
        self._word = ""
        self._next_s, self._is_busy, self._was_still, self._is_closed = 0.0, False, False, False
        self._lock = threading.Lock()
        self._process: TrainingProcess | None = None
        self._so_far = LiveTraining(folder=config.train, wanted=config.training.frames)
        if past is None:
            self._begin(f"gathers {config.training.frames} frames of different tissue into {config.train}")
        elif past.state in ENDS:
            self._so_far = past
        else:
            self._begin("begins anew: its stage was restarted")

    @property
    def training(self) -> LiveTraining:  # type: ignore[override]
        """What it has come to."""
        with self._lock:
            return self._so_far

    @property
    def pid(self) -> int:
        """Of the process that trains; 0 where there is none."""
        return 0 if self._process is None else self._process.pid

    def describe(self) -> str:
        return f"looks at a frame every {self._settings.every_s:g} s, and trains aside"

    def begin(self, stream: Stream) -> None:
        if self._process is not None:
            self._process.send(encode(stream))

    def wants(self, edge: Edge) -> bool:
        is_open = self.training.state == "gathering" and not self._is_busy
        return is_open and time.monotonic() >= self._next_s

    def write(self, frame: Frame) -> None:
        if self._process is None or not isinstance(frame, Channels) or self._is_busy:
            return
        self._next_s, self._is_busy = time.monotonic() + self._settings.every_s, True
        # A copy: the pipe is read slowly, and the frame's buffer is wanted back.
        self._process.send(encode(Channels(frame.frame_id, np.array(frame.data), frame.first_tx, frame.trail)))

    def obey(self, order: Order) -> bool | Told:
        return Told(training=self.training) if isinstance(order, Tell) else False

    def close(self, edges: dict[str, EdgeCounts]) -> SinkEnd:
        self.abandon()
        if self.training.state not in ENDS:
            self._conclude("ended", f"the run ended before the model was trained{self._how_to_go_on()}")
        return super().close(edges)

    def abandon(self) -> None:
        self._is_closed = True
        self._run.close()
        if self._process is not None:
            self._process.end()

    def _begin(self, said: str) -> None:
        order = TrainingOrder(self._so_far.folder, self._settings)
        self._so_far = msgspec.structs.replace(self._so_far, said=said)
        self._process = TrainingProcess(order, self._hear, self._hear_of_its_death)
        _tell(said)

    def _hear(self, said: LiveTraining) -> None:
        """What the process says, on a thread of its handle."""
        with self._lock:
            self._so_far, self._is_busy = said, False
        if said.still and not self._was_still:
            self._was_still = True
            _tell(said.said)
        if said.state == "gathered":
            self._begin_training(said)
        elif said.state == "trained":
            self._judge(said)
        elif said.state == "failed":
            self._conclude("failed", f"{said.said}{self._how_to_go_on()}")

    def _begin_training(self, gathered: LiveTraining) -> None:
        try:
            self._word = self._ask(ControlRequest())
            model = model_to_train(self._word)
        except (ControlError, ConfigError) as error:
            self._conclude("failed", f"{error}{self._how_to_go_on()}")
            return
        _tell(f"{gathered.said}; fine-tunes {model.name} on them, {self._settings.steps} steps")
        if self._process is not None:
            self._process.send((msgspec.json.encode(BeginTraining(str(model))), b""))

    def _judge(self, trained: LiveTraining) -> None:
        """Changes the model of the run where that is for the better."""
        if not trained.better:
            self._conclude("not swapped", f"{trained.said}; that is no more than chance, so the model stays")
            return
        try:
            if self._ask(ControlRequest()) != self._word:
                self._conclude("not swapped", f"{trained.said}; the model was changed meanwhile, and stays")
                return
            self._ask(ControlRequest(model=trained.model))
        except ControlError as error:
            self._conclude("not swapped", f"{trained.said}; but the model stays: {error}")
            return
        self._conclude("swapped", f"{trained.said}; {trained.model} has taken over")

    def _ask(self, request: ControlRequest) -> str:
        """The model that is in use then, in the words of who chose it.

        Raises:
            ControlError: the run refuses, is ending, or cannot be asked.
        """
        if self._run.ask is None:
            raise ControlError("this run has no control channel")
        return self._run.ask(request).model

    def _hear_of_its_death(self, how: str) -> None:
        if self.training.state not in ENDS:
            self._conclude("failed", f"the process that trains has died ({how}); the run goes on{self._how_to_go_on()}")

    def _conclude(self, state: State, said: str) -> None:
        """Says what came of it; while the run is ending, only that it has ended."""
        if self._is_closed and state != "ended":
            return
        with self._lock:
            self._so_far = msgspec.structs.replace(self._so_far, state=state, said=said)
        if self._process is not None:
            self._process.dismiss()
        _tell(said)

    def _how_to_go_on(self) -> str:
        """With frames that are all there."""
        so_far = self.training
        if so_far.kept < so_far.wanted:
            return f"; {so_far.kept} of {so_far.wanted} frames are in {so_far.folder}"
        folder = Path(so_far.folder)
        held_out, out = folder / HELD_OUT, folder / "model"
        command = f"sonolucent train {folder / TRAINING} --held-out {held_out} --from MODEL --out {out}"
        return f"; its frames are kept: `{command}`"


def _tell(said: str) -> None:
    say(f"train: {said}", file=sys.stderr)


class TrainerOpener(EarlySinkOpener):
    """Opens a trainer, which asks the run for the model in use."""

    def before_stream(self, config: Config, past: JournalEntry, run: Run) -> Sink:
        return Trainer(config, run, past.report.training)


open_sink = TrainerOpener()
