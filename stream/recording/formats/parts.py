"""Which of several recordings in one file."""

from __future__ import annotations

from collections.abc import Sequence

from sonolucent.stream.printable import named


def chosen(names: Sequence[str], wanted: str | None, kind: str) -> tuple[str, tuple[str, ...]]:
    """The name of the one that is wanted, the first by default; and a sentence where there are others.

    Args:
        names: of those in the file.
        wanted: the user's choice.
        kind: what they are, such as "track".

    Raises:
        ValueError: there is none, or none of that name.
    """
    if not names:
        raise ValueError(f"it holds no {kind}")
    if wanted is not None and wanted not in names:
        raise ValueError(f"it holds no {kind} {wanted}; there are {named(names)}")
    name = names[0] if wanted is None else wanted
    others = [other for other in names if other != name]
    if not others:
        return name, ()
    return name, (f"{kind} {name} is read; there are others: write FILE::{others[0]} for {named(others)}",)
