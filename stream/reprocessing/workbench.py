"""Does units of work in one process; plans and networks stay warm from one file to the next."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

import msgspec

from sonolucent.beamform import Acquisition, BModeImager
from sonolucent.beamform.bmode import ReferenceLevel
from sonolucent.nn import COMPOUNDS, Session
from sonolucent.nn.inference.image_grain import GrainSeen
from sonolucent.nn.speckle_grain import SpeckleGrain
from sonolucent.stream.errors import BadInput, ConfigError
from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.exports.image_format import Appearance, format_of
from sonolucent.stream.messages import Image, Trail
from sonolucent.stream.offline.clips import beamformed, clip_of_frames, n_images, new_imager, recorded, trails_of
from sonolucent.stream.offline.enhancement import (
    Enhancement,
    Enhancing,
    by_compound,
    by_session,
    new_session,
    unenhanced,
)
from sonolucent.stream.output_file import why_refused
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.inspection import inspect_frame
from sonolucent.stream.recording.open import open_recording
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.reprocessing.work import Carried, Outcome, Unit, Wish

_WARM = 4
"""Geometries whose plans are kept; a plan takes up to some hundred megabytes."""
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
Key = TypeVar("Key")
Made = TypeVar("Made")


class RecordingWorkshop(msgspec.Struct, frozen=True):
    """Makes workbenches, wherever an engine wants them.

    Args:
        wish: what is to be made of every recording.
    """

    wish: Wish

    @property
    def needs_gpu(self) -> bool:
        """Whether something of the wish is done on a GPU."""
        return "cuda" in (self.wish.beamform_device[:4], self.wish.enhance[:4])

    def bench(self, threads: int) -> Workbench:
        """A new workbench."""
        return Workbench(self.wish, threads)


class Workbench:
    """Makes of units of work the drafts that they ask for.

    Args:
        wish: what is to be made of every recording.
        threads: that share the work on one image.
    """

    def __init__(self, wish: Wish, threads: int) -> None:
        self._wish, self._threads = wish, threads
        self._appearance = Appearance(wish.side_by_side, wish.axes)
        self._imagers: list[tuple[Acquisition, BModeImager]] = []
        self._sessions: list[tuple[tuple[tuple[int, int], float], Session]] = []

    def do(self, unit: Unit) -> Outcome:
        """Writes the unit's draft, safe from the machine's end; nothing is left of one that could not be made."""
        draft = Path(unit.draft)
        draft.unlink(missing_ok=True)
        try:
            carried, notes = self._write(unit, draft)
            return Outcome(number=unit.number, kind="made", size_bytes=_synced(draft), carried=carried, notes=notes)
        except (BadInput, MemoryError, OSError) as error:
            draft.unlink(missing_ok=True)
            full = isinstance(error, OSError) and error.errno in _FULL_DISK
            return Outcome(number=unit.number, kind="refused" if full else "bad", why=_why(error))

    def try_frame(self, file: str) -> tuple[float, int]:
        """Images the first frame of a recording of channel data; the seconds it took, warm, and its number of pixels.

        Raises:
            BadInput: it cannot be read, or has no channel data.
        """
        recording = open_recording(file, sound_speed_m_s=self._wish.imaging.sound_speed_m_s)
        if len(recording) == 0:
            raise ConfigError(f"{file}: holds no channel data")
        unit = Unit(number=0, file=file, first=0, end=1, draft="", whole=False, n_frames=len(recording))
        for _ in range(2):
            begun_s = time.monotonic()
            images, _carried = self._images(recording, unit)
            image = next(images)
        return time.monotonic() - begun_s, image.layers.size

    def _write(self, unit: Unit, draft: Path) -> tuple[Carried, tuple[str, ...]]:
        recording = open_recording(unit.file, sound_speed_m_s=self._wish.imaging.sound_speed_m_s)
        if len(recording) == 0 and isinstance(recording, Recording):
            self._save(draft, self._recorded(recording, unit), unit)
            return Carried(), recording.notes
        notes = recording.notes if unit.first else (*recording.notes, *_oddities(recording))
        images, carried = self._images(recording, unit)
        before = _joined(unit.parts, trails_of(recording))
        wanted = range(unit.n_frames) if unit.whole else range(unit.first, unit.end)
        enhanced = self._wish.enhance != "none"
        clip = clip_of_frames(recording, wanted, self._wish.imaging, chain(before, images), enhanced=enhanced)
        self._save(draft, clip, unit)
        return carried(), notes

    def _save(self, draft: Path, clip: Clip, unit: Unit) -> None:
        appearance = self._appearance if unit.whole else Appearance()
        format_of(draft, appearance).write(draft, replace(clip, origin=unit.origin), appearance)

    def _images(self, recording: AnyRecording, unit: Unit) -> tuple[Iterator[Image], Callable[[], Carried]]:
        """The images of the unit's own frames, and, when these are made, what they hand on."""
        if unit.first == unit.end:
            return iter(()), Carried
        imager = _warm(self._imagers, recording.acquisition, lambda: self._new_imager(recording))
        imager.reference = ReferenceLevel(unit.carried.level)
        enhance, seen = self._enhancement(imager, unit.carried)

        def carried() -> Carried:
            known, looks = seen()
            return Carried(imager.reference.level, known.both if known else None, looks)

        return beamformed(recording, range(unit.first, unit.end), imager, enhance), carried

    def _new_imager(self, recording: AnyRecording) -> BModeImager:
        wish = self._wish
        return new_imager(recording, wish.imaging, threads=self._threads, device=wish.beamform_device)

    def _enhancement(self, imager: BModeImager, carried: Carried) -> tuple[Enhancement, Callable[[], GrainSeen]]:
        if self._wish.enhance == "none":
            return unenhanced, GrainSeen
        if self._wish.enhance in COMPOUNDS:
            return by_compound(self._enhancing, imager), GrainSeen
        seen = GrainSeen(carried.grain and SpeckleGrain(*carried.grain), carried.looks)
        session = self._session(imager.grid.shape, imager.dynamic_range_db, seen)
        return by_session(session), lambda: session.grain_seen

    def _recorded(self, recording: Recording, unit: Unit) -> Clip:
        """The images that a recording holds, enhanced anew."""
        if n_images(recording) == 0:
            raise ConfigError(f"{unit.file}: holds no frames")
        clip = recorded(recording, range(unit.n_frames), self._wish.imaging, Enhancing("none"))
        if self._wish.enhance == "none":
            return clip
        if self._wish.enhance in COMPOUNDS:
            raise ConfigError(f"{unit.file}: {self._wish.enhance} is made of channel data, and there are images alone")
        session = self._session(clip.stream.grid.shape, clip.first.dynamic_range_db, GrainSeen())
        images = map(by_session(session), clip)
        first = next(images)
        return replace(clip, first=first, rest=images, enhanced=True, models=(first.model,))

    @property
    def _enhancing(self) -> Enhancing:
        return Enhancing(self._wish.enhance, self._wish.strength, self._wish.grain)

    def _session(self, shape: tuple[int, int], range_db: float, seen: GrainSeen) -> Session:
        session = _warm(
            self._sessions,
            (shape, range_db),
            lambda: new_session(self._enhancing, shape, range_db, threads=self._threads),
        )
        session.begin(shape, range_db, seen)
        return session


def _warm(kept: list[tuple[Key, Made]], key: Key, make: Callable[[], Made]) -> Made:
    """What was made for that key, or is made now; of all that are kept, those that were used last stay."""
    found = next((pair for pair in kept if pair[0] == key), None)
    if found is None:
        found = key, make()
    else:
        kept.remove(found)
    kept.append(found)
    del kept[:-_WARM]
    return found[1]


def _why(error: BadInput | MemoryError | OSError) -> str:
    return why_refused(error) if isinstance(error, OSError) else str(error) or "it needs more memory than there is"


def _joined(parts: Sequence[str], trails: Sequence[Trail]) -> Iterator[Image]:
    """The images of all parts; when they were acquired, the recording knows, which may be: not at all."""
    remaining = iter(trails)
    for path in parts:
        part = Recording(Path(path))
        for index in range(part.n_images):
            yield replace(part.image(index), trail=next(remaining))
        part.close()


def _oddities(recording: AnyRecording) -> tuple[str, ...]:
    return inspect_frame(recording[0], recording.acquisition).warnings


def _synced(draft: Path) -> int:
    """Makes a file safe from the machine's end; how large it is."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size
