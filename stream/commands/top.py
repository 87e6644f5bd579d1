"""`sonolucent top`: a run on this machine, live in the terminal."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import msgspec
import tyro

from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.metrics.status import Status

if TYPE_CHECKING:
    from rich.console import Console

_EVERY_S = 0.5
_TIMEOUT_S = 5.0


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


def fetch(port: int) -> Status:
    """The status of the run whose metrics are served on that port.

    Raises:
        OSError: nothing answers there.
        ConfigError: what answers there is no run.
    """
    address = f"http://127.0.0.1:{port}/status.json"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:
            return msgspec.json.decode(answer.read(), type=Status)
    except (HTTPError, HTTPException, msgspec.DecodeError) as error:
        raise ConfigError(f"what answers at {address} is no run ({error}); is it another program's port?") from error


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
