"""`sonolucent serve`: several scanners on one host."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import tyro

from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.commands.reports import deliver
from sonolucent.stream.commands.summary import print_summary
from sonolucent.stream.hosting.host import checked_host, serve_scanners
from sonolucent.stream.hosting.host_report import HostedScanner, HostReport
from sonolucent.stream.printable import say


class ServeOptions(msgspec.Struct, frozen=True):
    """Runs the pipelines of several scanners side by side, and a page that lists them, until all have ended or Ctrl-C.

    Args:
        config: a TOML file with a table for each scanner, such as [scanners.left], that has the keys of `run`; those of
            [defaults] hold for all, and `port` is that of the page that lists them (8659).
        json: print one JSON document on standard output and nothing else there.
    """

    config: tyro.conf.Positional[Path]
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(ServeOptions, arguments, "serve")
    report = serve_scanners(checked_host(options.config))
    deliver(lambda: print_json(report) if options.json else print_host(report))
    return 1 if report.failed else 0


def print_host(report: HostReport) -> None:
    """Each scanner's report, with its ledger, under its name."""
    for name, scanner in report.scanners.items():
        say(f"{name}:")
        if scanner.report is not None:
            print_summary(scanner.report)
        else:
            _print_failed(scanner)


def _print_failed(scanner: HostedScanner) -> None:
    say(f"  {scanner.error}")
    if (seen := scanner.last_seen) is not None:
        say(f"  no ledger could be drawn up; last seen: {seen.frames_in} frames in, {seen.frames_out} out")
