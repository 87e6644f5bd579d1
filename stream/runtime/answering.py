"""How a process answers the one that started it: on its standard output, where nothing else may be printed."""

from __future__ import annotations

import contextlib
import os
import sys


def keep_output_for_answers() -> int:
    """From now on what is printed, as by a package's stage, goes to standard error; the descriptor for answers."""
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def answer(answers: int, line: bytes) -> None:
    """Writes it, if there is still somebody to read it."""
    with contextlib.suppress(BrokenPipeError), open(answers, "wb", closefd=False) as output:
        output.write(line)
