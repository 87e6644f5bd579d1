"""`sonolucent run`: the live pipeline."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

from sonolucent.stream.commands.parsing import parse_run, print_json
from sonolucent.stream.commands.reports import deliver
from sonolucent.stream.commands.summary import print_summary
from sonolucent.stream.config import Config
from sonolucent.stream.runtime.run import run


def main(arguments: Sequence[str]) -> int:
    config, json = parse_run(arguments, "run", Config())
    return execute(config, json=json)


def execute(config: Config, *, json: bool) -> int:
    """Runs a configuration and reports; status 0, also after Ctrl-C."""
    # What a package's stage prints must not come between the document and who reads it.
    with redirect_stdout(sys.stderr if json else sys.stdout):
        report = run(config)
    deliver(lambda: print_json(report) if json else print_summary(report))
    return 0
