"""What runs in the process of one scanner: its pipeline, until that ends or the host wants the end."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from io import FileIO

import msgspec

from sonolucent.stream.config import Config
from sonolucent.stream.errors import as_failure
from sonolucent.stream.hosting.scanner_process import ScannerAnswer
from sonolucent.stream.printable import log_to_terminal
from sonolucent.stream.runtime.answering import answer, keep_output_for_answers


def main() -> int:
    """What the child does."""
    stop = threading.Event()
    # Whoever signals this process alone wants this scanner's end, however often it is said; a terminal's Ctrl-C is the
    # host's to hear.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    log_to_terminal("%(message)s")
    answers = keep_output_for_answers()
    # Unbuffered: a thread that waits in a buffered reader keeps its lock and breaks the interpreter's exit.
    host = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - open as long as the process
    line = host.readline()
    if not line:
        return 1
    threading.Thread(target=_stop_with, args=(host, stop), daemon=True).start()
    said = _ended(msgspec.json.decode(line, type=Config), stop)
    answer(answers, msgspec.json.encode(said))
    return 0 if said.error is None else 1


def _stop_with(host: FileIO, stop: threading.Event) -> None:
    """Waits for the host's word, or its death: recordings are closed in order then, too."""
    while host.readline():
        stop.set()
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # nobody reads it any more
    stop.set()


def _ended(config: Config, stop: threading.Event) -> ScannerAnswer:
    """Runs on a thread: on this one, a run would hear signals itself."""
    answers: list[ScannerAnswer] = []
    thread = threading.Thread(target=lambda: answers.append(_run(config, stop)), name="run")
    thread.start()
    thread.join()
    return answers[0]


def _run(config: Config, stop: threading.Event) -> ScannerAnswer:
    from sonolucent.stream.runtime.run import run

    try:
        return ScannerAnswer(run(config, stop))
    except Exception as error:
        logging.getLogger(__name__).debug("failed", exc_info=True)
        failure = as_failure("the run", error)
        return ScannerAnswer(error=str(failure) or type(failure).__name__)


if __name__ == "__main__":
    sys.exit(main())
