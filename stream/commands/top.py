"""`sonolucent top`: a run on this machine, live in the terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
import tyro

from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.metrics.status import Status
from sonolucent.stream.metrics.status_client import fetch

if TYPE_CHECKING:
    from rich.console import Console

_EVERY_S = 0.5


class TopOptions(msgspec.Struct, frozen=True):
    """Shows rates, latencies and losses of a run that was started with --metrics PORT, until it ends or Ctrl-C.

    Where the output is no terminal, it shows them once.

    Args:
        port: of the run's metrics, on 127.0.0.1.
        json: print one JSON document on standard output and nothing else there.
    """

    port: tyro.conf.Positional[int] = 8661
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(TopOptions, arguments, "top")
    if not 0 < options.port < 65536:
        raise ConfigError(f"port must lie in 1..65535, not {options.port}")
    status = _first(options.port)
    if options.json:
        print_json(status)
    else:
        _show(options.port, status)
    return 0


def _first(port: int) -> Status:
    try:
        return fetch(port)
    except OSError as error:
        raise ConnectionError(
            f"no run answers on port {port} of this machine; start one with `sonolucent run --metrics {port} ...`, "
            "or give the port of one that is there"
        ) from error


def _show(port: int, status: Status) -> None:
    from rich.console import Console

    from sonolucent.stream.commands.top_screen import screen

    console = Console()
    if console.is_terminal:
        with suppress(KeyboardInterrupt):
            _follow(port, status, console)
    else:
        console.print(screen(status, console.width))


def _follow(port: int, status: Status, console: Console) -> None:
    from rich.live import Live

    from sonolucent.stream.commands.top_screen import screen

    with Live(screen(status, console.width), console=console, auto_refresh=False) as live:
        while True:
            time.sleep(_EVERY_S)
            try:
                status = fetch(port)
            except OSError:
                break
            live.update(screen(status, console.width), refresh=True)
    console.print("the run has ended")
