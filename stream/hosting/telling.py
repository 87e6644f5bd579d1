"""What a host says while it runs; its scanners do not depend on somebody being there to read it."""

from __future__ import annotations

import contextlib
import sys

from sonolucent.stream.printable import say


def tell(line: str) -> None:
    """Prints a line on standard error, unless its terminal is gone."""
    with contextlib.suppress(OSError):
        say(line, file=sys.stderr)
