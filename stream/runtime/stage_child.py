"""What runs in the process of a stage: reads its order, makes itself ready, waits for its turn, reports.

Imported late: an order says which stage it is, and only that one's packages are wanted.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import threading
from io import FileIO

import msgspec

from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.errors import BadInput, as_failure
from sonolucent.stream.printable import log_to_terminal
from sonolucent.stream.runtime.answering import answer, keep_output_for_answers
from sonolucent.stream.runtime.stage_process import READY, Answer, Order

_GRACE_S = 15.0


class _Commands:
    """What the parent commands, heard on a thread of its own."""

    def __init__(self, parent: FileIO, folder: str) -> None:
        self.begin, self.stop, self.abort = threading.Event(), threading.Event(), threading.Event()
        self._parent, self._folder = parent, folder
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while line := self._parent.readline():
            (self.begin if line == b"begin\n" else self.stop).set()
        if not self.begin.is_set():
            os._exit(1)
        self.stop.set()
        self.abort.set()
        threading.Timer(_GRACE_S, self._give_up).start()

    def _give_up(self) -> None:
        """The last resort when a stage does not end: no orphan, and no socket file behind it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        os._exit(1)


def main() -> int:
    """What the child does."""
    # Ctrl-C at the terminal, its end, and many a SIGTERM reach the whole process group; the parent decides what they
    # mean.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    log_to_terminal(f"{sys.argv[1]}: %(message)s")
    answers = keep_output_for_answers()
    # Unbuffered: a thread that waits in a buffered reader keeps its lock and breaks the interpreter's exit.
    parent = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - open as long as the process
    line = parent.readline()
    if not line:
        return 1
    order = msgspec.json.decode(line, type=Order)
    if order.config.verbose:
        logging.getLogger("sonolucent").setLevel(logging.INFO)
    commands = _Commands(parent, order.folder)
    said = _carry_out(order, commands, answers)
    if commands.abort.is_set():
        shutil.rmtree(order.folder, ignore_errors=True)
    answer(answers, msgspec.json.encode(said))
    return 0 if said.error is None else 1


def _carry_out(order: Order, commands: _Commands, answers: int) -> Answer:
    from sonolucent.stream.transport.edge import Aborted

    try:
        return Answer(_run(order, commands, answers))
    except Aborted:
        return Answer(error="")
    except Exception as error:
        logging.getLogger(__name__).debug("failed", exc_info=True)
        failure = as_failure(order.stage, error)
        return Answer(error=str(failure) or type(failure).__name__, bad_input=isinstance(failure, BadInput))


def _run(order: Order, commands: _Commands, answers: int) -> StageReport:
    from sonolucent.stream.accounting.journal import Journal
    from sonolucent.stream.runtime.run_stage import make_ready, run_stage
    from sonolucent.stream.transport.curve import Keys
    from sonolucent.stream.transport.sockets import open_context

    journal = Journal(order.journal)
    stream = journal.read().described
    prepared = make_ready(order.stage, order.config, stream) if stream else None
    answer(answers, READY)
    commands.begin.wait()
    with open_context(Keys.of(order.config.keys)) as context:
        return run_stage(order.stage, order.config, context, commands.stop, commands.abort, journal, prepared)


if __name__ == "__main__":
    sys.exit(main())
