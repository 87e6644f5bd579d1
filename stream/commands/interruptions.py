"""Interruptions that are not lost: Python drops an exception that is raised while an object is being cleared away."""

from __future__ import annotations

import signal
import sys
import threading

_SOON_S = 0.02


def repeat_lost_interruptions() -> None:
    """From now on an interruption that fell into a destructor, or a callback of the collector's, comes once more."""
    before = sys.unraisablehook

    def tell(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            again = threading.Timer(_SOON_S, _interrupt)
            again.daemon = True
            again.start()
        else:
            before(lost)

    sys.unraisablehook = tell


def _interrupt() -> None:
    """By whichever signal this program hears: in the background a shell has SIGINT ignored."""
    heard = [number for number in (signal.SIGINT, signal.SIGTERM) if callable(signal.getsignal(number))]
    main = threading.main_thread().ident
    if heard and main is not None:
        signal.pthread_kill(main, heard[0])  # wakes it, if it waits
