"""What runs in the process that trains beside a run; `course.py` is what it does.

That is imported late: also to import takes seconds of a core, and stages come first.
"""

from __future__ import annotations

import os
import signal
import sys

from sonolucent.stream.printable import log_to_terminal

_NICEST = 19


def main() -> int:
    """What the child does."""
    os.nice(_NICEST)
    # Ctrl-C at the terminal reaches the whole process group; the run decides what it means.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    log_to_terminal("train: %(message)s")
    from sonolucent.stream.training_aside.course import follow

    follow(sys.argv[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
