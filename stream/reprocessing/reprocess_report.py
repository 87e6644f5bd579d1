"""What a run over an archive tells at its end."""

from __future__ import annotations

import msgspec


class FrameCounts(msgspec.Struct, frozen=True, rename={"in_": "in"}):
    """The ledger of a run: every frame of the archive is out, failed, or skipped as it was there already.

    Args:
        in_: of all files that could be opened.
        out: made by this run.
        failed: of files that could not be done.
        skipped: of files that earlier runs have done.
    """

    in_: int
    out: int
    failed: int
    skipped: int

    @property
    def balanced(self) -> bool:
        """Whether it adds up."""
        return self.in_ == self.out + self.failed + self.skipped


class FileCounts(msgspec.Struct, frozen=True, rename={"in_": "in"}):
    """As `FrameCounts`, of files; those that could not be opened have failed."""

    in_: int
    out: int
    failed: int
    skipped: int


class ReprocessReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an archive.

    Args:
        out: the folder of the outputs.
        engine: what did it; workers and threads of each.
        model: the id of what enhanced the images.
        frames, files: the ledgers.
        balanced: whether that of the frames adds up.
        seconds: of making images, without the look at the files before.
        fps: frames a second, all workers together.
        bytes_written: of outputs.
        bad: files that could not be done, and why.
        notes: what is odd about files, or had to be converted.
    """

    out: str
    engine: str
    workers: int
    threads: int
    model: str
    frames: FrameCounts
    files: FileCounts
    balanced: bool
    seconds: float
    fps: float
    bytes_written: int
    bad: dict[str, str]
    notes: dict[str, tuple[str, ...]]


class ReprocessEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do.

    Args:
        out: the folder of the outputs.
        files, frames: to be done; those of the archive less the skipped and the bad ones.
        skipped_files, skipped_frames: that earlier runs have done.
        bytes_in: to be read.
        bytes_out: to be written; None where outputs are compressed, so that nobody knows.
        workers: that would share the work.
        seconds: that it would take, by two frames of the first file; None where there is nothing to do, or the first
            file cannot be imaged.
        bad: files that cannot be read, and why.
    """

    out: str
    files: int
    frames: int
    skipped_files: int
    skipped_frames: int
    bytes_in: int
    bytes_out: int | None
    workers: int
    seconds: float | None
    bad: dict[str, str]
