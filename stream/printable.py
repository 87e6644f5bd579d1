"""Text that others wrote (a stream, a file, a model, whoever answers at a port), as a terminal or a log may show it."""

from __future__ import annotations


def printable(text: str, keep: str = "") -> str:
    """The text with every character that prints nothing as its escape: none can move a cursor or forge a line.

    Args:
        text: whatever it is.
        keep: characters to leave as they are, such as line feeds of a text of several lines.
    """
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii") for c in text)
