"""What is to be done of an archive: files that are done, files that cannot be read, and the ranges of all others."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import msgspec

from sonolucent.nn import COMPOUNDS
from sonolucent.nn.baselines import FILTERS
from sonolucent.stream.errors import OutputError, RecordingError
from sonolucent.stream.offline.clips import n_images
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.open import open_recording
from sonolucent.stream.reprocessing.inputs import InputFile, fingerprint
from sonolucent.stream.reprocessing.manifest import Identity, OutputManifest
from sonolucent.stream.reprocessing.work import Wish

UNFINISHED = ".unfinished"
"""The folder of drafts and parts, in that of the outputs."""
PARTS = f"{UNFINISHED}/parts"


@dataclass(frozen=True)
class FileWork:
    """A file that is to be done.

    Args:
        file: it, and its output.
        identity: what the output will be made of.
        n_frames: that it holds.
        size_bytes: of the file.
        ranges: its frames, in ranges.
    """

    file: InputFile
    identity: Identity
    n_frames: int
    size_bytes: int
    ranges: tuple[range, ...]

    def part(self, of: range) -> str:
        """Where the images of a range are kept until all are there, below the folder of the outputs."""
        return f"{PARTS}/{self.origin[:32]}-{of.start}-{of.stop}.h5"

    @property
    def origin(self) -> str:
        """Names how the output is made and of what."""
        return hashlib.sha256(msgspec.json.encode(self.identity)).hexdigest()


@dataclass
class WorkPlan:
    """What is to be done of an archive.

    Args:
        todo: files to be done.
        done: frames of each file whose output is there.
        bad: files that cannot be read, and why.
    """

    todo: list[FileWork] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)


def make_plan(
    inputs: Sequence[InputFile],
    out: Path,
    manifest: OutputManifest,
    wish: Wish,
    *,
    range_frames: int,
    overwrite: bool,
    looked_at: Callable[[int], None],
) -> WorkPlan:
    """Looks at every file.

    Args:
        range_frames: how many frames a range has.
        looked_at: told how many files have been.

    Raises:
        OutputError: an output is there that was not made here, and must not be overwritten.
    """
    plan = WorkPlan()
    foreign = [file.out for file in inputs if os.path.lexists(out / file.out) and file.out not in manifest]
    if foreign and not overwrite:
        raise OutputError(
            f"{out / foreign[0]}: cannot be written: the file exists{_and_others(len(foreign) - 1)}, and is not of an "
            "earlier run; choose another folder, or --overwrite"
        )
    for i, file in enumerate(inputs):
        _add(plan, file, manifest, wish, range_frames)
        looked_at(i + 1)
    return plan


def follow_each_other(wish: Wish) -> bool:
    """Whether the images of a range depend on those before it: by the running level, or the grain that was measured."""
    is_network = wish.enhance != "none" and wish.enhance not in (*FILTERS, *COMPOUNDS)
    return wish.imaging.reference_level is None or (is_network and wish.grain == "auto")


def _add(plan: WorkPlan, file: InputFile, manifest: OutputManifest, wish: Wish, range_frames: int) -> None:
    try:
        file.name.encode()
        identity = Identity(fingerprint(file), msgspec.structs.replace(wish, enhance=""), version("sonolucent"))
        entry = manifest.done(file.out, identity)
        if entry is not None:
            plan.done[file.name] = entry.frames
            return
        recording = open_recording(file.path, sound_speed_m_s=wish.imaging.sound_speed_m_s)
        ranges = tuple(_ranges(recording, range_frames))
    except UnicodeEncodeError:
        plan.bad[file.name] = "its name is not UTF-8; rename it"
    except RecordingError as error:
        plan.bad[file.name] = str(error)
    except OSError as error:
        plan.bad[file.name] = f"cannot be read: {os.strerror(error.errno or 0)}"
    else:
        n_frames = sum(map(len, ranges))
        plan.todo.append(FileWork(file, identity, n_frames, identity.input.size_bytes, ranges))


def _ranges(recording: AnyRecording, most: int) -> Iterator[range]:
    """
    Raises:
        RecordingError: it holds nothing.
    """
    n = len(recording)
    if n == 0:
        # What a recording of images holds is of one piece.
        n = most = n_images(recording)
    if n == 0:
        raise RecordingError(f"{recording.path}: holds no frames")
    for first in range(0, n, most):
        yield range(first, min(first + most, n))


def _and_others(n: int) -> str:
    return f" (and {n} other{'s' if n > 1 else ''})" if n else ""
