"""Gathers frames that show different tissue, out of many that show the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sonolucent.beamform import BModeImager
from sonolucent.nn.training.fitness import Fitness
from sonolucent.nn.training.variety import ALIKE, VariedFrames
from sonolucent.stream.accounting.live_training import LiveTraining
from sonolucent.stream.messages import Channels, Stream
from sonolucent.stream.recording.writer import RecordingWriter
from sonolucent.stream.sinks.training_process import HELD_OUT, TRAINING
from sonolucent.stream.training_settings import TrainingSettings

SAME = "alike"
_HELD_OUT_ALIKE = 0.15
"""A frame that judges shows less of what is trained on than those show of one another."""
_STILL = 10
"""Frames in a row that show what is kept already: the probe is held still."""


class Gatherer:
    """Looks at the frames of a stream, and keeps some in recordings: first those to train on, then those to judge by.

    Args:
        folder: of the recordings.
        stream: of the frames; they are compared as its images, whatever settings images are made with later.
        settings: how many frames.
    """

    def __init__(self, folder: Path, stream: Stream, settings: TrainingSettings) -> None:
        self._folder, self._stream, self._settings = folder, stream, settings
        self._imager = BModeImager(stream.acquisition, stream.grid, settings=stream.imaging, threads=1)
        self._fitness, self._varied = Fitness(), VariedFrames(stream.grid)
        self._left_out = Counter[str]()
        self._looked_at = self._n_alike = 0
        self._writer: RecordingWriter | None = None

    @property
    def complete(self) -> bool:
        """Whether all frames that are wanted are there."""
        return len(self._varied) >= self._settings.frames

    def look(self, frame: Channels) -> LiveTraining:
        """Takes in a frame; what there is by now."""
        self._looked_at += 1
        why, likeness, n_before = self._fitness.unfit(frame.data), 0.0, len(self._varied)
        if not why:
            self._imager(frame.data)
            alike = ALIKE if n_before < self._n_to_train_on else _HELD_OUT_ALIKE
            likeness = self._varied.compare(self._imager.analytic, alike)
            why = SAME if len(self._varied) == n_before else ""
        self._n_alike = self._n_alike + 1 if why == SAME else 0
        if why:
            self._left_out[why] += 1
        else:
            self._keep(frame)
        return self._so_far(likeness)

    def close(self) -> None:
        """Closes the recording that is being written."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    @property
    def _n_to_train_on(self) -> int:
        return self._settings.frames - self._settings.n_held_out

    def _keep(self, frame: Channels) -> None:
        n = len(self._varied)
        if n in (1, self._n_to_train_on + 1):
            self.close()
            path = self._folder / (TRAINING if n == 1 else HELD_OUT)
            path.unlink(missing_ok=True)  # of a process of this run that was killed
            self._writer = RecordingWriter(path, self._stream, channels=True, images=False)
        if self._writer is not None:
            self._writer.write(frame)
            self._writer.flush({})
        if self.complete:
            self.close()

    def _so_far(self, likeness: float) -> LiveTraining:
        kept, wanted = len(self._varied), self._settings.frames
        said = f"gathers frames, {kept} of {wanted}"
        if self.complete:
            said = f"has {wanted} frames of different tissue, of {self._looked_at} looked at"
        elif self._n_alike >= _STILL:
            said = (
                f"the probe has not moved: {self._n_alike} frames in a row show tissue that is there already (likeness "
                f"{likeness:.2f}, {kept} of {wanted} frames kept); move it to other places"
            )
        return LiveTraining(
            state="gathered" if self.complete else "gathering",
            said=said,
            folder=str(self._folder),
            looked_at=self._looked_at,
            kept=kept,
            wanted=wanted,
            still=not self.complete and self._n_alike >= _STILL,
            left_out=dict(self._left_out),
        )
