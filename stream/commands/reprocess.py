"""`sonolucent reprocess ARCHIVE... --out OUT`: recordings into images, on all cores or a cluster."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import tyro

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.commands.reports import deliver
from sonolucent.stream.printable import say

if TYPE_CHECKING:
    from sonolucent.stream.reprocessing.reprocess_report import ReprocessEstimate, ReprocessReport
    from sonolucent.stream.reprocessing.run_through import Progress

_MOST_TOLD = 20


class ReprocessOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Images every recording of an archive into a file of its own, the tree of folders mirrored.

    Whatever is killed, and whenever: the same command goes on, and leaves the same bytes as if nothing had been. What
    is done already, of the same input with the same settings, model and version, is skipped.

    Args:
        archive: folders, files, quoted patterns such as 'archive/**/*.h5', and @FILE for a list of these, one a line.
        out: the folder of the outputs, and of manifest.jsonl, which says what each was made of.
        format: of the outputs: h5 (recordings of images), mp4 or dcm (DICOM).
        enhance: what enhances the images, as for `image`; none for plain ones.
        strength: how much of the enhancement is shown, in dB: 0 the plain image, 1 the enhanced one.
        grain: of the images' speckle, as `grain` of `run`.
        side_by_side: draw the plain image on the left, the enhanced one on the right.
        axes: draw rulers in mm, and a bar in dB.
        engine: where it is done: local (processes of this machine), ray (the cluster of RAY_ADDRESS, or one that is
            started), or slurm (jobs, through submitit).
        workers: how many work at once: by default one for each core, or for each GPU of a Ray cluster where one is
            needed. Slurm has to be told.
        threads: of each worker; by default the cores of this machine over its workers, and elsewhere one.
        slurm: parameters of the jobs, as sbatch names them: partition=long time=120; cluster=local tries it without
            Slurm.
        beamform_device: cpu, or the GPU that beamforms, such as cuda:0.
        range_frames: how many frames are done in one go. Longer recordings are done in parts, one after the other; side
            by side where --reference-level says what 0 dB is, and --grain what the grain.
        overwrite: replace files that no earlier run has made.
        dry_run: say what would be done, and how long it would take; write nothing.
        imaging: how channel data become images; `run` has the same options.
        json: print one JSON document on standard output and nothing else there.
    """

    archive: tyro.conf.Positional[tuple[str, ...]]
    out: Path
    format: Literal["h5", "mp4", "dcm"] = "h5"
    enhance: str = "auto"
    strength: float = 1.0
    grain: str = "auto"
    side_by_side: bool = False
    axes: bool = False
    engine: Literal["local", "ray", "slurm"] = "local"
    workers: int | None = None
    threads: int | None = None
    slurm: tuple[str, ...] = ()
    beamform_device: str = "cpu"
    range_frames: int = 500
    overwrite: bool = False
    dry_run: bool = False
    imaging: Annotated[ImagingSettings, tyro.conf.OmitArgPrefixes] = ImagingSettings()
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(ReprocessOptions, arguments, "reprocess")
    from sonolucent.stream.engines.engine_choice import EngineChoice
    from sonolucent.stream.reprocessing.reprocess import estimate, reprocess
    from sonolucent.stream.reprocessing.work import Wish

    wish = Wish(
        imaging=options.imaging,
        enhance=options.enhance,
        strength=options.strength,
        grain=options.grain,
        format=options.format,
        side_by_side=options.side_by_side,
        axes=options.axes,
        beamform_device=options.beamform_device,
    )
    by = EngineChoice(options.engine, options.workers, options.threads, options.slurm)
    work = estimate if options.dry_run else reprocess
    with _told_to_go_on(), _progress() as progress:
        told = work(
            options.archive,
            options.out,
            wish,
            by=by,
            range_frames=options.range_frames,
            overwrite=options.overwrite,
            progress=progress,
        )
    deliver(lambda: print_json(told) if options.json else _tell(told))
    return 1 if told.bad else 0


def _tell(told: ReprocessReport | ReprocessEstimate) -> None:
    from sonolucent.stream.reprocessing.reprocess_report import ReprocessEstimate

    say(_estimated(told) if isinstance(told, ReprocessEstimate) else _reported(told))
    for name, why in list(told.bad.items())[:_MOST_TOLD]:
        say(f"bad: {name}: {why}")
    if len(told.bad) > _MOST_TOLD:
        say(f"bad: {len(told.bad) - _MOST_TOLD} more; --json lists them all")


def _estimated(told: ReprocessEstimate) -> str:
    lasts = "" if told.seconds is None else f", about {_duration(told.seconds)} by {told.workers} workers"
    written = "" if told.bytes_out is None else f" and write {told.bytes_out / 1e9:.3g} GB"
    return (
        f"would read {told.files} file(s) of {told.frames} frames, {told.bytes_in / 1e9:.3g} GB{written}{lasts}; "
        f"{told.skipped_files} file(s) are done already, {len(told.bad)} cannot be read"
    )


def _reported(told: ReprocessReport) -> str:
    frames, files = told.frames, told.files
    lines = [
        f"{files.out} file(s) of {frames.out} frames in {told.out}, {_duration(told.seconds)}, {told.fps:.3g} frames/s "
        f"by {told.workers} worker(s) of {told.threads} thread(s), {told.model}",
        f"frames: in {frames.in_} = out {frames.out} + failed {frames.failed} + skipped {frames.skipped}",
        f"files:  in {files.in_} = out {files.out} + failed {files.failed} + skipped {files.skipped}",
    ]
    noted = [f"note: {name}: {note}" for name, notes in told.notes.items() for note in notes]
    if len(noted) > _MOST_TOLD:
        noted[_MOST_TOLD:] = [f"note: {len(noted) - _MOST_TOLD} more; --json lists them all"]
    return "\n".join([*lines, *noted])


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@contextmanager
def _told_to_go_on() -> Iterator[None]:
    """Within, who interrupts learns how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        say("the same command goes on where this one was", file=sys.stderr)
        raise


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal, a line every ten seconds elsewhere; on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from sonolucent.stream.commands.pace import Pace

    console = Console(stderr=True)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Bar(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, tuple[TaskID, Pace]] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total, rate=""), Pace(done)
            task, pace = tasks[what]
            told = pace.at(done, total)
            bar.update(task, completed=done, rate=told)
            if bar.disable and pace.is_due(done, total):
                say(f"{what}: {done} of {total}{told}", file=sys.stderr)

        yield progress
