"""What a process of the engine `local` does, until it is killed or the one that started it ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any


def main() -> None:
    """Takes a workshop, then units, from the connection that the command line names, and answers with outcomes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # whoever started it decides what they mean
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_driver, daemon=True).start()
    driver: Connection[Any, Any] = Connection(int(sys.argv[1]))
    from sonolucent.stream.engines.work_engine import bench_in_worker

    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        bench = bench_in_worker(*driver.recv())
        while True:
            driver.send(bench.do(driver.recv()))


def _end_with_the_driver() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
