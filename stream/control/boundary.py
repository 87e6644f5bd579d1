"""Where control answers for whatever fails, and goes on.

A thread that hears requests outlives every one of them. If one ended it, the run could be told nothing any more, not
even to stop a recording. So this is the one place of control that catches everything: who asked is told, and so is the
log where nobody foresaw the failure.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import msgspec

from sonolucent.stream.printable import printable

Result = TypeVar("Result")

_FORESEEN = (ValueError, RuntimeError, OSError, msgspec.DecodeError)
"""What says for itself why it cannot be done: our own refusals, and those of the system and of libraries."""
_log = logging.getLogger(__name__)


def attempt(work: Callable[[], Result], otherwise: Result) -> tuple[Result, str]:
    """What the work gives, and no reason; or `otherwise`, and the reason why it failed, as any answer can hold it."""
    try:
        return work(), ""
    except UnicodeError as error:
        return otherwise, printable(f"a text is not UTF-8: {error}; give a file another name")
    except _FORESEEN as error:
        return otherwise, printable(str(error), keep="\n") or type(error).__name__
    except MemoryError as error:
        return otherwise, f"out of memory: {error or 'nothing more can be had'}; ask for a smaller image or model"
    except Exception as error:  # noqa: BLE001 - the thread must hear the next request, whatever became of this one
        _log.warning("control: a request failed as nobody foresaw", exc_info=True)
        return otherwise, printable(f"it failed as nobody foresaw ({type(error).__name__}: {error}); please report it")
