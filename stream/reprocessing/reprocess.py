"""Makes an archive of recordings into one of images."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sonolucent.nn import COMPOUNDS, Enhancer, find_model
from sonolucent.nn.image_methods import is_offline
from sonolucent.nn.inference.image_grain import chosen_grain
from sonolucent.nn.inference.session import require_range
from sonolucent.stream.engines.engine_choice import EngineChoice
from sonolucent.stream.errors import BadInput, ConfigError, OutputError
from sonolucent.stream.exports.image_format import Appearance, format_of
from sonolucent.stream.reprocessing.inputs import InputFile, find_inputs
from sonolucent.stream.reprocessing.manifest import open_manifest, read_manifest
from sonolucent.stream.reprocessing.reprocess_report import FileCounts, FrameCounts, ReprocessEstimate, ReprocessReport
from sonolucent.stream.reprocessing.run_through import Progress, RunThrough, Tally
from sonolucent.stream.reprocessing.work import Wish
from sonolucent.stream.reprocessing.work_plan import PARTS, UNFINISHED, WorkPlan, follow_each_other, make_plan
from sonolucent.stream.reprocessing.workbench import RecordingWorkshop, Workbench

_LOCAL = EngineChoice()


def _silent(what: str, done: int, total: int) -> None:
    """No progress is shown."""


def reprocess(
    archive: Sequence[str],
    out: Path,
    wish: Wish,
    *,
    by: EngineChoice = _LOCAL,
    range_frames: int = 500,
    overwrite: bool = False,
    progress: Progress = _silent,
) -> ReprocessReport:
    """Images every recording of an archive into a file of its own; what an earlier run has done stays.

    Whatever is killed, and whenever: the same call goes on, and leaves the same bytes as if nothing had been.

    Args:
        archive: folders, files, patterns or lists of them, as `find_inputs` takes them.
        out: the folder of the outputs; it is made where it is missing.
        wish: what is to be made of every recording; what its `enhance` stands for is found out here.
        by: where the work is done.
        range_frames: how many frames are done in one go; a longer recording is done in parts.
        overwrite: whether outputs may replace files that no earlier run has made.
        progress: told of files that have been looked at, and of frames that are done.

    Raises:
        ConfigError: an argument cannot be used, or a file is missing.
        OutputError: an output must not be written.
        OutputFailed: the disk takes no more.
        StageFailed: the engine cannot be started.
    """
    wish = _settled(wish, range_frames)
    inputs = _inputs(archive, out, wish)
    _make_folder(out)
    with open_manifest(out) as manifest:
        plan = make_plan(
            inputs,
            out,
            manifest,
            wish,
            range_frames=range_frames,
            overwrite=overwrite,
            looked_at=lambda n: progress("files looked at", n, len(inputs)),
        )
        run = RunThrough(plan, out.absolute(), manifest, in_order=follow_each_other(wish), progress=progress)
        tally, workers = run.tally, 0
        if plan.todo:
            with by.engine(RecordingWorkshop(wish), out.absolute() / UNFINISHED / "slurm") as engine:
                tally, workers = run.through(engine), engine.workers
        else:
            shutil.rmtree(out / UNFINISHED, ignore_errors=True)
        return _report(out, wish, by, workers, plan, tally)


def estimate(
    archive: Sequence[str],
    out: Path,
    wish: Wish,
    *,
    by: EngineChoice = _LOCAL,
    range_frames: int = 500,
    overwrite: bool = False,
    progress: Progress = _silent,
) -> ReprocessEstimate:
    """What `reprocess` would do with the same arguments; nothing is written.

    Raises:
        ConfigError, OutputError: as `reprocess`.
    """
    wish = _settled(wish, range_frames)
    inputs = _inputs(archive, out, wish)
    plan = make_plan(
        inputs,
        out,
        read_manifest(out),
        wish,
        range_frames=range_frames,
        overwrite=overwrite,
        looked_at=lambda n: progress("files looked at", n, len(inputs)),
    )
    frames = sum(work.n_frames for work in plan.todo)
    seconds_each, pixels = _tried(plan, wish, by)
    return ReprocessEstimate(
        out=str(out),
        files=len(plan.todo),
        frames=frames,
        skipped_files=len(plan.done),
        skipped_frames=sum(plan.done.values()),
        bytes_in=sum(work.size_bytes for work in plan.todo),
        bytes_out=4 * pixels * frames if wish.format == "h5" and pixels is not None else None,
        workers=by.sharers,
        seconds=None if seconds_each is None else round(seconds_each * frames / by.sharers, 1),
        bad=plan.bad,
    )


def _tried(plan: WorkPlan, wish: Wish, by: EngineChoice) -> tuple[float | None, int | None]:
    """The seconds that a frame of the first file takes, and its values; None where that cannot be imaged."""
    if not plan.todo:
        return None, None
    try:
        return Workbench(wish, by.threads_each).try_frame(plan.todo[0].file.path)
    except BadInput:
        return None, None


def _settled(wish: Wish, range_frames: int) -> Wish:
    """The wish with what its enhancement stands for here.

    Raises:
        ConfigError: something in it cannot be used.
    """
    if range_frames < 1:
        raise ConfigError(f"range_frames must be at least 1, not {range_frames}")
    name = f"output.{wish.format}"
    try:
        format_of(Path(name), Appearance(wish.side_by_side, wish.axes))
        chosen_grain(wish.grain)
    except OutputError as error:
        raise ConfigError(str(error).replace(f"{name}: ", f"{wish.format}: ")) from error
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if wish.side_by_side and wish.enhance == "none":
        raise ConfigError("side by side needs an enhanced image beside the plain one; choose what enhances")
    if wish.enhance in COMPOUNDS:
        return msgspec.structs.replace(wish, model=wish.enhance)
    if is_offline(wish.enhance):
        raise ConfigError(f"{wish.enhance} takes minutes for each image; `sonolucent enhance` has it")
    try:
        enhancer = Enhancer(wish.enhance, strength=wish.strength)
        if enhancer.device != "none":
            require_range(enhancer, wish.imaging.dynamic_range_db)
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"enhance {wish.enhance!r}: {error}") from error
    word = enhancer.device if wish.enhance == "auto" else wish.enhance
    folder = find_model(word)
    if folder.is_dir():  # workers may run in other folders
        word = str(folder.absolute())
    return msgspec.structs.replace(wish, enhance=word, model=enhancer.model)


def _inputs(archive: Sequence[str], out: Path, wish: Wish) -> list[InputFile]:
    """
    Raises:
        ConfigError: there are none, or outputs would lie among them.
    """
    inputs = find_inputs(archive, f".{wish.format}")
    place = out.absolute()
    among = [word for word in archive if place.is_relative_to(Path(word).absolute())]
    among += [file.path for file in inputs if Path(file.path).is_relative_to(place)]
    if among:
        raise ConfigError(
            f"{out}: outputs would lie among the inputs of the next run ({among[0]}); choose another folder"
        )
    return inputs


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: cannot be made: {error.strerror}; give a folder that can be") from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise OutputError(f"{out}: takes no new files; choose another folder")
    for folder in (out / UNFINISHED, out / PARTS):
        if folder.is_symlink():  # others may have made it, for what it leads to to be removed
            raise OutputError(f"{folder}: is a link to another folder, which is left alone; choose another --out")


def _report(out: Path, wish: Wish, by: EngineChoice, workers: int, plan: WorkPlan, tally: Tally) -> ReprocessReport:
    failed = sum(work.n_frames for work in plan.todo if work.file.name in tally.bad)
    skipped, asked = sum(plan.done.values()), sum(work.n_frames for work in plan.todo)
    frames = FrameCounts(asked + skipped, tally.frames_out, failed, skipped)
    bad = plan.bad | tally.bad
    n_files = len(plan.todo) + len(plan.done) + len(plan.bad)
    return ReprocessReport(
        out=str(out),
        engine=by.name,
        workers=workers,
        threads=by.threads_each,
        model=wish.model,
        frames=frames,
        files=FileCounts(n_files, tally.files_out, len(bad), len(plan.done)),
        balanced=frames.balanced,
        seconds=round(tally.seconds, 3),
        fps=round(tally.frames_out / tally.seconds, 3) if tally.seconds > 0 else 0.0,
        bytes_written=tally.bytes_out,
        bad=dict(sorted(bad.items())),
        notes=dict(sorted(tally.notes.items())),
    )
