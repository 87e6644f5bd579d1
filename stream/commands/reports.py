"""Reports are not lost where standard output takes nothing, as on a full disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout

from sonolucent.stream.errors import StageFailed


def deliver(show: Callable[[], None]) -> None:
    """Has the end of long work printed: on standard output, or on standard error where that fails.

    Args:
        show: prints it.

    Raises:
        BrokenPipeError: nobody reads it.
        StageFailed: standard output takes nothing.
    """
    try:
        show()
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_output()
        with redirect_stdout(sys.stderr):
            show()
        raise StageFailed(
            f"standard output cannot be written: {error.strerror}; the report is on standard error"
        ) from error


def drop_output() -> None:
    """What could not be written is not tried again at the program's end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
