"""Runs a whole pipeline: a thread a stage (inproc) or a process a stage (ipc, tcp)."""

from __future__ import annotations

import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec
import zmq

from sonolucent.stream import pipeline
from sonolucent.stream.config import Config
from sonolucent.stream.edges import Aborted
from sonolucent.stream.errors import StageFailed
from sonolucent.stream.recording import write_ledger
from sonolucent.stream.report import RunReport, StageReport, summarize
from sonolucent.stream.timing import write_trace
from sonolucent.stream.worker import Worker

_WAIT_S = 0.1


def run(config: Config) -> RunReport:
    """Runs the pipeline until its source ends or it is interrupted (once: in order; twice: at once).

    Raises:
        StageFailed, ConfigError, RecordingError, EdgeError, ModelError: what a stage failed with.
    """
    begun = time.monotonic()
    stop, abort = threading.Event(), threading.Event()
    with interruptible(stop, abort):
        reports = _run_threads(config, stop, abort) if config.transport == "inproc" else _run_processes(config, stop)
    sink = reports[config.sinks[0]].sink if config.sinks[0] in reports else None
    if config.trace is not None and sink is not None and sink.trace is not None:
        write_trace(Path(config.trace), sink.trace)
    report = summarize(config, reports, time.monotonic() - begun)
    if config.record is not None:
        write_ledger(Path(config.record), report.ledger)
    return report


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
    with zmq.Context() as context:

        def run_stage(name: str) -> None:
            try:
                reports[name] = pipeline.run_stage(name, config, context, stop, abort)
            except Aborted:
                abort.set()
            except Exception as error:  # noqa: BLE001 - whatever it is, the others must end; raised again below
                failures.append(error)
                stop.set()
                abort.set()

        threads = [threading.Thread(target=run_stage, args=(n,), name=n) for n in pipeline.stage_names(config)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(_WAIT_S)
    if failures:
        raise failures[0]
    return reports


def _run_processes(config: Config, stop: threading.Event) -> dict[str, StageReport]:
    with tempfile.TemporaryDirectory(prefix="sonolucent-") as folder:
        placed = msgspec.structs.replace(config, endpoints={**_endpoints(config, Path(folder)), **config.endpoints})
        workers = {name: Worker(name, placed) for name in pipeline.stage_names(config)}
        while any(worker.alive for worker in workers.values()):
            if stop.is_set():
                workers["source"].stop()
            if any(worker.failed for worker in workers.values()):
                for worker in workers.values():
                    worker.abort()
            time.sleep(_WAIT_S)
        answers = {name: worker.answer() for name, worker in workers.items()}
    failures = [answer for answer in answers.values() if isinstance(answer, Exception)]
    if failures:
        raise next((f for f in failures if str(f)), StageFailed("a stage was killed; see the lines above"))
    return {name: answer for name, answer in answers.items() if isinstance(answer, StageReport)}


def _endpoints(config: Config, folder: Path) -> dict[str, str]:
    names = [edge.name for edge in pipeline.edges(config)]
    if config.transport == "ipc":
        return {name: f"ipc://{folder / name.replace('>', '-')}" for name in names}
    return {name: f"tcp://127.0.0.1:{port}" for name, port in zip(names, _free_ports(len(names)), strict=True)}


def _free_ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
