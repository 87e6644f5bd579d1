"""The course of one file: which of its ranges are done, and which can be begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sonolucent.stream.reprocessing.manifest import Entry, OutputManifest
from sonolucent.stream.reprocessing.work import Carried
from sonolucent.stream.reprocessing.work_plan import FileWork

_NOTHING = Carried()


@dataclass(frozen=True)
class Step:
    """A unit of work on a file, before an engine is given it.

    Args:
        work: the file.
        frames: that are to be imaged; none where parts are to be joined.
        parts: what the output begins with, where it is to be written.
        whole: whether it is.
        carried: from the images before.
    """

    work: FileWork
    frames: range
    parts: tuple[str, ...] = ()
    whole: bool = False
    carried: Carried = _NOTHING

    @property
    def out(self) -> str:
        """What it makes, below the folder of the outputs."""
        return self.work.file.out if self.whole else self.work.part(self.frames)


class Course:
    """Which steps a file still takes.

    Args:
        work: the file.
        manifest: says which of its parts are there.
        in_order: whether a range can be begun when the one before it is done, and not earlier.
    """

    def __init__(self, work: FileWork, manifest: OutputManifest, *, in_order: bool) -> None:
        self.work, self._in_order = work, in_order
        found = ((of, manifest.done(work.part(of), work.identity)) for of in work.ranges)
        self._parts: dict[range, Entry] = {of: entry for of, entry in found if entry is not None}

    @property
    def n_frames_done(self) -> int:
        """Of the parts that are there."""
        return sum(map(len, self._parts))

    def first_steps(self) -> Iterator[Step]:
        """What can be begun now."""
        missing = [of for of in self.work.ranges if of not in self._parts]
        if self._in_order or not missing or len(self.work.ranges) == 1:
            yield from self.next_steps()
        else:
            yield from (Step(self.work, of) for of in missing)

    def next_steps(self) -> Iterator[Step]:
        """What can be begun now, and could not before the last part was there."""
        missing = [of for of in self.work.ranges if of not in self._parts]
        if not missing:
            end = self.work.n_frames
            yield Step(self.work, range(end, end), self._part_names(), whole=True)
        elif self._in_order or len(self.work.ranges) == 1:
            yield self._following(missing[0])

    def add_part(self, of: range, entry: Entry) -> None:
        """Notes that a part is there."""
        self._parts[of] = entry

    def _following(self, of: range) -> Step:
        """The range after those that are there; the last writes the output."""
        index = self.work.ranges.index(of)
        carried = self._parts[self.work.ranges[index - 1]].carried if index else _NOTHING
        last = index == len(self.work.ranges) - 1
        return Step(self.work, of, self._part_names() if last else (), whole=last, carried=carried)

    def _part_names(self) -> tuple[str, ...]:
        return tuple(self._parts[of].out for of in self.work.ranges if of in self._parts)
