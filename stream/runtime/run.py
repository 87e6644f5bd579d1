"""Runs a whole pipeline: a thread a stage (inproc) or a process a stage (ipc, tcp)."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import msgspec

from sonolucent.stream.accounting.report import RunReport, SinkReport, StageReport
from sonolucent.stream.accounting.timing import write_trace
from sonolucent.stream.config import Config
from sonolucent.stream.control.hub import controlled
from sonolucent.stream.errors import OutputError, OutputFailed, RecordingError, RunAborted, as_failure
from sonolucent.stream.output_file import new_file, require_free, require_new_folder
from sonolucent.stream.pipeline import pipeline, require_edges
from sonolucent.stream.printable import PrintableFormatter
from sonolucent.stream.recording.open import split_path
from sonolucent.stream.recording.writer import remove_empty, write_ledger
from sonolucent.stream.runtime.run_stage import run_stage
from sonolucent.stream.runtime.summarize import reporting, summarize
from sonolucent.stream.runtime.supervisor import run_processes
from sonolucent.stream.sources.image_replay import of_images
from sonolucent.stream.transport.curve import Keys
from sonolucent.stream.transport.edge import Aborted
from sonolucent.stream.transport.handover import ThreadEnds
from sonolucent.stream.transport.sockets import open_context

_WAIT_S = 0.1
_GRACE_S = 15.0
_INTERRUPTED = 130
_log = logging.getLogger(__name__)


def run(config: Config, stop: threading.Event | None = None) -> RunReport:
    """Runs the pipeline until its source ends or it is interrupted (once: in order; twice: at once).

    A replay of a recording that holds images alone replays those.

    Args:
        stop: ends it in order when it is set, as Ctrl-C does; for runs on another thread than the main one.

    Raises:
        OutputError: the recording or the trace exists, or cannot be written there.
        StageFailed, ConfigError, RecordingError, EdgeError, ModelError: what a stage failed with.
    """
    tell_plans(config)
    config = of_images(config)
    require_edges(config)
    with _outputs(config):
        return _run(config, stop or threading.Event())


def _run(config: Config, stop: threading.Event) -> RunReport:
    begun = time.monotonic()
    abort = threading.Event()
    with interruptible(stop, abort):
        inproc = config.transport == "inproc"
        reports, restarts = (_run_threads(config, stop, abort), None) if inproc else run_processes(config, stop, abort)
    sink = reporting(config, reports)
    report = summarize(config, reports, time.monotonic() - begun, restarts)
    report = msgspec.structs.replace(report, interrupted=stop.is_set())
    failures = [*_keep_trace(config, sink), *_keep_ledger(report, reports)]
    return msgspec.structs.replace(report, warnings=(*report.warnings, *failures))


def _keep_trace(config: Config, sink: SinkReport | None) -> Iterator[str]:
    """Writes the trace; what went wrong. The report must not be lost with it."""
    if config.trace is not None and sink is not None and sink.trace is not None:
        try:
            with new_file(Path(config.trace), overwrite=config.overwrite) as draft:
                write_trace(draft, sink.trace)
        except (OutputError, OutputFailed) as error:
            yield f"the trace is missing: {error}"


def _keep_ledger(report: RunReport, stages: dict[str, StageReport]) -> Iterator[str]:
    """Writes the final counts into the recording that was open at the end; what went wrong."""
    for file in filter(None, (stage.open_file for stage in stages.values())):
        try:
            write_ledger(Path(file), report.ledger)
        except RecordingError as error:
            yield str(error)


@contextmanager
def _outputs(config: Config) -> Iterator[None]:
    """Refuses, before any work, files that cannot be; of a run that fails before its first frame, none is left.

    Raises:
        OutputError: a file exists, or cannot be written there.
        ConfigError: there is no network to train.
    """
    for file in filter(None, (config.record, config.trace)):
        require_free(Path(file), overwrite=config.overwrite)
    require_replayed_kept(config)
    if config.train is not None:
        from sonolucent.stream.sinks.trainer import model_to_train  # it brings torch, which most runs do without here

        model_to_train(config.model)
        require_new_folder(Path(config.train))
    record = None if config.record is None else Path(config.record)
    before = None if record is None else _identity(record)
    try:
        yield
    except BaseException:
        if record is not None and _identity(record) != before:
            remove_empty(record)
        raise


def _identity(path: Path) -> tuple[int, int, int] | None:
    """Of the file that is there, if one is."""
    with suppress(OSError):
        status = path.stat()
        return status.st_dev, status.st_ino, status.st_ctime_ns
    return None


def require_replayed_kept(config: Config) -> None:
    """Refuses a run, or a stage of one, that would write over what it replays.

    Raises:
        OutputError: it names the file.
    """
    for file in map(Path, filter(None, (config.record, config.trace))):
        replayed = split_path(config.source.partition(":")[2])[0] if config.is_replay else None
        if replayed is not None and replayed.exists() and file.exists() and replayed.samefile(file):
            raise OutputError(f"{file}: is what is replayed, and would be lost; give another file")


def tell_plans(config: Config) -> None:
    """Lets this process say what stages have planned, each by its name, where the run is to be `verbose`."""
    if config.verbose:
        logging.getLogger("sonolucent").setLevel(logging.INFO)
        for handler in logging.getLogger().handlers:
            handler.setFormatter(PrintableFormatter("%(threadName)s: %(message)s"))


@contextmanager
def interruptible(stop: threading.Event, abort: threading.Event) -> Iterator[None]:
    """Within, Ctrl-C or SIGTERM sets `stop`, and a second one `abort`; only the main thread can do this.

    What has not ended 15 s after the second one is left as it is: the process exits.

    A terminal that closes (SIGHUP) sets `stop`, however often it says so: nobody there is in a hurry.
    """

    hurry, over = threading.Event(), threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        again = stop.is_set()
        if again and number != signal.SIGHUP:
            abort.set()
            hurry.set()
        stop.set()
        if not again and os.isatty(2):
            os.write(2, b"\nending in order; once more ends at once\n")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # `nohup` has SIGHUP ignored.
    hangs_up = () if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else (signal.SIGHUP,)
    numbers = (signal.SIGINT, signal.SIGTERM, *hangs_up)
    threading.Thread(target=_leave_at_last, args=(hurry, over), name="last resort", daemon=True).start()
    previous = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        over.set()
        hurry.set()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _leave_at_last(hurry: threading.Event, over: threading.Event) -> None:
    """The last resort where a thread does not end, because it waits for a file or works on one huge frame."""
    hurry.wait()
    if not over.wait(_GRACE_S):
        os.write(2, b"sonolucent: the run does not end, and is left as it is; recordings open up to their last flush\n")
        os._exit(_INTERRUPTED)


def _run_threads(config: Config, stop: threading.Event, abort: threading.Event) -> dict[str, StageReport]:
    reports: dict[str, StageReport] = {}
    failures: list[Exception] = []
    table = pipeline(config)
    ends = None if config.endpoints else ThreadEnds(table.edges, abort)
    with open_context(Keys.of(config.keys)) as context, controlled(config, context):

        def attempt(name: str) -> None:
            try:
                reports[name] = run_stage(name, config, context, stop, abort, ends=ends)
            except Aborted:
                abort.set()
            except Exception as error:  # noqa: BLE001 - whatever it is, the others must end; raised again below
                _log.debug("%s failed", name, exc_info=True)
                failures.append(as_failure(name, error))
                stop.set()
                abort.set()

        names = [stage.name for stage in table.stages]
        threads = [threading.Thread(target=attempt, args=(name,), name=name) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(_WAIT_S)
    if failures:
        raise failures[0]
    if abort.is_set():
        raise RunAborted
    return reports
