"""Runs a whole pipeline: a thread a stage (inproc) or a process a stage (ipc, tcp)."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from sonolucent.stream.accounting.report import RunReport, StageReport
from sonolucent.stream.accounting.timing import write_trace
from sonolucent.stream.config import Config
from sonolucent.stream.errors import RunAborted, as_failure
from sonolucent.stream.pipeline import pipeline
from sonolucent.stream.recording.writer import write_ledger
from sonolucent.stream.runtime.run_stage import run_stage
from sonolucent.stream.runtime.summarize import reporting, summarize
from sonolucent.stream.runtime.supervisor import run_processes
from sonolucent.stream.transport.curve import Keys
from sonolucent.stream.transport.edge import Aborted
from sonolucent.stream.transport.sockets import open_context

_WAIT_S = 0.1
_log = logging.getLogger(__name__)


def run(config: Config) -> RunReport:
    """Runs the pipeline until its source ends or it is interrupted (once: in order; twice: at once).

    Raises:
        StageFailed, ConfigError, RecordingError, EdgeError, ModelError: what a stage failed with.
    """
    tell_plans(config)
    begun = time.monotonic()
    stop, abort = threading.Event(), threading.Event()
    with interruptible(stop, abort):
        inproc = config.transport == "inproc"
        reports, restarts = (_run_threads(config, stop, abort), None) if inproc else run_processes(config, stop, abort)
    sink = reporting(config, reports)
    if config.trace is not None and sink is not None and sink.trace is not None:
        write_trace(Path(config.trace), sink.trace)
    report = summarize(config, reports, time.monotonic() - begun, restarts)
    for file in report.recorded[-1:]:
        write_ledger(Path(file), report.ledger)
    return report


def tell_plans(config: Config) -> None:
    """Lets this process say what stages have planned, each by its name, where the run is to be `verbose`."""
    if config.verbose:
        logging.getLogger("sonolucent").setLevel(logging.INFO)
        for handler in logging.getLogger().handlers:
            handler.setFormatter(logging.Formatter("%(threadName)s: %(message)s"))


@contextmanager
def interruptible(stop: threading.Event, abort: threading.Event) -> Iterator[None]:
    """Within, Ctrl-C or SIGTERM sets `stop`, and a second one `abort`; only the main thread can do this."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        (abort if stop.is_set() else stop).set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _run_threads(config: Config, stop: threading.Event, abort: threading.Event) -> dict[str, StageReport]:
    reports: dict[str, StageReport] = {}
    failures: list[Exception] = []
    with open_context(Keys.of(config.keys)) as context:

        def attempt(name: str) -> None:
            try:
                reports[name] = run_stage(name, config, context, stop, abort)
            except Aborted:
                abort.set()
            except Exception as error:  # noqa: BLE001 - whatever it is, the others must end; raised again below
                _log.debug("%s failed", name, exc_info=True)
                failures.append(as_failure(name, error))
                stop.set()
                abort.set()

        names = [stage.name for stage in pipeline(config).stages]
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
