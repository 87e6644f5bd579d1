"""`sonolucent warmup`: does now what the first run would otherwise wait for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.config import Config
from sonolucent.stream.printable import say
from sonolucent.stream.runtime.run import run


class WarmupOptions(msgspec.Struct, frozen=True):
    """Compiles kernels, plans transforms, derives the model's executable and simulates the demo's loop; all cached."""


def main(arguments: Sequence[str]) -> int:
    parse(WarmupOptions, arguments, "warmup")
    report = run(Config(headless=True, frames=2, as_fast_as_possible=True))
    say(f"ready: {report.model} on {report.device} by {report.backend}")
    return 0
