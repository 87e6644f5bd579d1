"""Text that others wrote (a stream, a file, a model, whoever answers at a port), as a terminal or a log may show it.

All that the package prints goes through `say`, and all that it logs through `PrintableFormatter`.
"""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any, TextIO

import msgspec

_NAMED = 10
_LONE = re.compile("[\ud800-\udfff]+")
"""Halves of a character: how Python tells bytes of a name that are not UTF-8."""
_escaped = codecs.getencoder("unicode_escape")  # looked up now: later there may be no descriptor left to load it with


def printable(text: str, keep: str = "") -> str:
    """The text with every character that prints nothing as its escape: none can move a cursor or forge a line.

    Args:
        text: whatever it is.
        keep: characters to leave as they are, such as line feeds of a text of several lines.
    """
    return "".join(c if c.isprintable() or c in keep else _escaped(c)[0].decode("ascii") for c in text)


def printable_document(value: Any) -> Any:
    """A document of dicts, lists and texts, with what no UTF-8 can hold as its escape: such as names of files."""
    match value:
        case str():
            return value if value.isascii() else _LONE.sub(lambda found: printable(found[0]), value)
        case dict():
            return {printable_document(key): printable_document(inner) for key, inner in value.items()}
        case list() | tuple():
            return [printable_document(inner) for inner in value]
        case _:
            return value


def named(names: Iterable[object]) -> str:
    """The first ten of names that others gave, and how many there are besides: a file may have a million."""
    waiting = map(str, names)  # h5py gives bytes where a name is not UTF-8
    first, others = list(islice(waiting, _NAMED)), sum(1 for _ in waiting)
    return (", ".join(first) or "nothing") + (f" and {others} more" if others else "")


def require_utf8(value: object, named: str) -> None:
    """Refuses texts, also within structs and lists, that no report, recording or message could tell.

    Raises:
        ValueError: with what it is, as `named`.
    """
    try:
        msgspec.json.encode(value, enc_hook=str)
    except UnicodeEncodeError as error:
        raise ValueError(f"{named} is not UTF-8; rename that file or folder, or give another") from error


def say(text: object = "", file: TextIO | None = None) -> None:
    """Prints lines of text at once, on standard output if nothing else is given."""
    print(printable(str(text), keep="\n"), file=file, flush=True)


class PrintableFormatter(logging.Formatter):
    """Logs a message as one line, whoever wrote it; a traceback below it keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line."""
        return printable(super().formatMessage(record))


def log_to_terminal(form: str) -> None:
    """Sends warnings to standard error, in the given form."""
    handler = logging.StreamHandler()
    handler.setFormatter(PrintableFormatter(form))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
