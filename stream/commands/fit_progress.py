"""How far a fit is: a bar on a terminal, a line at every tenth elsewhere; on standard error. And how one goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sonolucent.stream.printable import say

if TYPE_CHECKING:
    from sonolucent.nn.image_methods import FitProgress

_LINES = 10


@contextmanager
def fit_progress() -> Iterator[FitProgress]:
    """Within, what it gives tells of every step."""
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    console = Console(stderr=True)
    with Bar(console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, step: int, steps: int, loss: float) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=steps)
            told = f"{what}, loss {loss:.3g}"
            bar.update(tasks[what], completed=step, total=steps, description=told)
            if bar.disable and (step % max(1, steps // _LINES) == 0 or step == steps):
                say(f"step {step} of {steps}: {told}", file=sys.stderr)

        yield progress


@contextmanager
def told_to_go_on(checkpoint: Path | None) -> Iterator[None]:
    """Within, who interrupts learns how to go on, where there is a checkpoint or one of a part."""
    try:
        yield
    except KeyboardInterrupt:
        if checkpoint is not None and any(checkpoint.parent.glob(f"{checkpoint.name}*")):
            say(f"the same command goes on from {checkpoint}", file=sys.stderr)
        raise
