"""Sends the units of a plan through an engine, and publishes what comes back."""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from sonolucent.stream.engines.work_engine import Lost, WorkEngine
from sonolucent.stream.errors import OutputFailed
from sonolucent.stream.reprocessing.file_course import Course, Step
from sonolucent.stream.reprocessing.manifest import Entry, OutputManifest
from sonolucent.stream.reprocessing.work import Outcome, Unit
from sonolucent.stream.reprocessing.work_plan import UNFINISHED, WorkPlan

Progress = Callable[[str, int, int], None]
"""Told what is counted, how much of it is done, and how much there is."""


@dataclass
class Tally:
    """What has come of a plan so far.

    Args:
        frames_out, files_out, bytes_out: that were made.
        bad: files that could not be, and why.
        notes: what is odd about files.
        seconds: that it took.
    """

    frames_out: int = 0
    files_out: int = 0
    bytes_out: int = 0
    bad: dict[str, str] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: float = 0.0


class RunThrough:
    """One run. Workers write drafts; this process alone moves them to their places.

    Args:
        plan: what is to be done.
        out: the folder of the outputs.
        manifest: that of the folder.
        in_order: whether the ranges of a file follow each other.
        progress: told of every range that is done.
    """

    def __init__(
        self, plan: WorkPlan, out: Path, manifest: OutputManifest, *, in_order: bool, progress: Progress
    ) -> None:
        self.tally = Tally()
        self._out, self._manifest, self._progress = out, manifest, progress
        self._courses = {work.file.name: Course(work, manifest, in_order=in_order) for work in plan.todo}
        self._n_frames = sum(work.n_frames for work in plan.todo)
        self._frames_done = sum(course.n_frames_done for course in self._courses.values())
        self._waiting = deque(step for course in self._courses.values() for step in course.first_steps())
        self._at_work: dict[int, Step] = {}
        self._lost: set[str] = set()
        self._n_units = 0
        self._drafts = f"{UNFINISHED}/drafts-{uuid4().hex[:12]}"

    def through(self, engine: WorkEngine[Unit, Outcome]) -> Tally:
        """Does everything.

        Raises:
            OutputFailed: the disk takes no more; the same command goes on.
        """
        _clear(
            self._out, {step for course in self._courses.values() for step in map(course.work.part, course.work.ranges)}
        )
        (self._out / self._drafts).mkdir(parents=True)
        begun_s = time.monotonic()
        self._tell()
        while self._waiting or self._at_work:
            while self._waiting and engine.room > 0:
                self._submit(engine, self._waiting.popleft())
            if self._at_work:
                self._take(engine.next_outcome())
        self.tally.seconds = time.monotonic() - begun_s
        shutil.rmtree(self._out / UNFINISHED)
        return self.tally

    def _submit(self, engine: WorkEngine[Unit, Outcome], step: Step) -> None:
        if step.work.file.name in self.tally.bad:
            return
        self._n_units += 1
        self._at_work[self._n_units] = step
        suffix = Path(step.out).suffix
        engine.submit(
            Unit(
                number=self._n_units,
                file=step.work.file.path,
                first=step.frames.start,
                end=step.frames.stop,
                draft=str(self._out / self._drafts / f"{self._n_units}{suffix}"),
                whole=step.whole,
                n_frames=step.work.n_frames,
                parts=tuple(str(self._out / part) for part in step.parts),
                carried=step.carried,
                origin=step.work.origin,
            )
        )

    def _take(self, outcome: Outcome | Lost) -> None:
        step = self._at_work.pop(outcome.number)
        name = step.work.file.name
        if isinstance(outcome, Lost):
            self._begin_again(step, outcome)
            return
        if outcome.notes:
            self.tally.notes[name] = outcome.notes
        if outcome.kind == "refused":
            raise OutputFailed(
                f"{self._out}: cannot be written: {outcome.why}; make room, and the same command goes on"
            )
        if outcome.kind != "made":
            self.tally.bad.setdefault(name, outcome.why)
        elif name not in self.tally.bad:
            self._publish(step, outcome)

    def _begin_again(self, step: Step, lost: Lost) -> None:
        """Whatever killed a process may have meant something else; what kills a second one does not."""
        if step.out in self._lost:
            self.tally.bad.setdefault(step.work.file.name, lost.why)
        else:
            self._lost.add(step.out)
            self._waiting.appendleft(step)

    def _publish(self, step: Step, outcome: Outcome) -> None:
        draft = f"{self._drafts}/{outcome.number}{Path(step.out).suffix}"
        n_frames = step.work.n_frames if step.whole else len(step.frames)
        entry = Entry(step.out, step.work.identity, n_frames, outcome.size_bytes, draft, outcome.carried)
        self._manifest.publish(entry)
        course = self._courses[step.work.file.name]
        self._frames_done += len(step.frames)
        if step.whole:
            self._count(step, outcome)
        else:
            course.add_part(step.frames, entry)
            self._waiting.extendleft(course.next_steps())
        self._tell()

    def _count(self, step: Step, outcome: Outcome) -> None:
        for part in step.parts:
            (self._out / part).unlink(missing_ok=True)
        self.tally.frames_out += step.work.n_frames
        self.tally.files_out += 1
        self.tally.bytes_out += outcome.size_bytes

    def _tell(self) -> None:
        failed = sum(self._courses[name].work.n_frames for name in self.tally.bad)
        self._progress("frames", min(self._frames_done + failed, self._n_frames), self._n_frames)


def _clear(out: Path, parts: set[str]) -> None:
    """Removes what runs that were killed have left, but the parts that this one goes on from."""
    unfinished = out / UNFINISHED
    for left in unfinished.iterdir() if unfinished.is_dir() else ():
        if left.name != "parts":
            shutil.rmtree(left)
    for part in (unfinished / "parts").glob("*"):
        if part.relative_to(out).as_posix() not in parts:
            part.unlink()
