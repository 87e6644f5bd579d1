"""The command line. Each command lives in a module of its own, imported when it is called: `--help` stays instant."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Sequence

from sonolucent.stream.errors import BadInput, StageFailed

COMMANDS = {
    "demo": "simulated scanner to enhanced images in the browser, in seconds",
    "run": "the live pipeline, from a scanner, a recording or the simulator",
    "stage": "one stage of the pipeline alone, for several machines",
    "scanner": "a scanner in a box: serves simulated or recorded data, with faults on request",
    "keys": "encryption keys, for streams between machines",
    "simulate": "write a recording of simulated channel data",
    "info": "what is in a recording or a model",
    "image": "beamform a recording to PNG, MP4 or HDF5",
    "convert": "channel data from one recording format to another",
    "evaluate": "measure enhancements on held-out phantoms and real images",
    "train": "train a network on raw frames alone, without clean images",
    "model": "export a model, say what it is, check everything that can run it",
    "profile": "per-stage latency against the budgets",
    "top": "rates, latencies and losses of a run, live in the terminal",
    "doctor": "versions, processor, devices, and what would be picked",
    "warmup": "compile, plan and simulate now what the first run would otherwise wait for",
}
DONE, FAILED, BAD_INPUT = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status: 0 done, 1 failed, 2 wrong usage or bad input."""
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        print(_usage())
        return DONE
    if name not in COMMANDS:
        return _fail(BAD_INPUT, f"no command {name!r}; try one of {', '.join(COMMANDS)}")
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        command = importlib.import_module(f"sonolucent.stream.commands.{name}")
        status: int = command.main(rest)
    except BadInput as error:
        return _fail(BAD_INPUT, str(error))
    except (StageFailed, OSError) as error:
        return _fail(FAILED, str(error))
    except KeyboardInterrupt:
        return _fail(FAILED, "interrupted")
    return status


def _usage() -> str:
    lines = [f"  {name:<9} {what}" for name, what in COMMANDS.items()]
    return "\n".join(
        [
            "usage: sonolucent COMMAND [OPTIONS]",
            "",
            "Raw synthetic-aperture ultrasound channel data to enhanced B-mode images, live.",
            "",
            *lines,
            "",
            "`sonolucent COMMAND --help` explains a command.",
        ]
    )


def _fail(status: int, message: str) -> int:
    print(f"sonolucent: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
