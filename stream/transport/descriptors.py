"""Descriptors for sockets: libzmq ends the program where it finds none."""

from __future__ import annotations

import os
from contextlib import ExitStack

from sonolucent.stream.errors import StageFailed

# A run with viewer, recorder, control and metrics takes 50, and each page that looks on a few.
NEEDED = 128


def require_descriptors() -> None:
    """Refuses to begin with too few.

    Raises:
        StageFailed: this process cannot open so many.
    """
    with ExitStack() as opened:
        try:
            for _ in range(NEEDED):
                opened.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            raise StageFailed(
                f"{error.strerror}: streaming needs {NEEDED} descriptors beside those in use; raise `ulimit -n`, or "
                "close files"
            ) from error
