"""What the user of a fit is told: how far it is, how it goes on after an interruption, and what has come of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sonolucent.stream.commands.parsing import print_json
from sonolucent.stream.printable import say

if TYPE_CHECKING:
    from sonolucent.nn.image_methods import FitProgress
    from sonolucent.stream.offline.model_training import TrainedModel

_LINES = 10


@contextmanager
def fit_progress() -> Iterator[FitProgress]:
    """Within, what it gives tells of every step: a bar on a terminal, a line at every tenth elsewhere."""
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


def tell_model(model: TrainedModel, out: Path, *, json: bool) -> None:
    """What was trained, and the figures that tell how well."""
    if json:
        told = {**model.facts, "warnings": model.warnings}
        print_json({"model": str(out), **msgspec.to_builtins(model.info), **told})
    else:
        say(f"{out}: {', '.join(f'{name} {value}' for name, value in model.facts.items())}")
