"""The command line. Each command lives in a module of its own, imported when it is called: `--help` stays instant."""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version

from sonolucent.stream.commands.interruptions import repeat_lost_interruptions
from sonolucent.stream.commands.reports import drop_output
from sonolucent.stream.errors import BadInput, StageFailed
from sonolucent.stream.printable import log_to_terminal, say

COMMANDS = {
    "demo": "simulated scanner to enhanced images in the browser, in seconds",
    "run": "the live pipeline, from a scanner, a recording or the simulator",
    "serve": "several scanners on one host, and a page that lists them",
    "view": "the viewer on a recording, of channel data or of images",
    "stage": "one stage of the pipeline alone, for several machines",
    "scanner": "a scanner in a box: serves simulated or recorded data, with faults on request",
    "keys": "encryption keys, for streams between machines",
    "simulate": "write a recording of simulated channel data",
    "info": "what is in a recording or a model",
    "image": "the images of a recording as pictures, films, DICOM, arrays",
    "enhance": "pictures, films and recordings through any enhancement, also into larger ones",
    "convert": "recordings from one format to another, or their images for other programs",
    "reprocess": "an archive of recordings into one of images, on all cores or a cluster; resumable",
    "evaluate": "measure enhancements on held-out phantoms and real images",
    "train": "train a network on raw frames alone, without clean images",
    "distill": "teach any enhancement to a light network that runs live",
    "model": "export a model, say what it is, check everything that can run it",
    "profile": "per-stage latency against the budgets",
    "control": "change settings or the model of a run while frames flow",
    "top": "rates, latencies and losses of a run, live in the terminal",
    "doctor": "versions, processor, devices, and what would be picked",
    "warmup": "compile, plan and simulate now what the first run would otherwise wait for",
}
DONE, FAILED, BAD_INPUT = 0, 1, 2
_SIGNS_OF_NO_MEMORY = ("failed to map segment", "cannot allocate memory", "can't start new thread")
INTERRUPTED, NOBODY_READS = 128 + signal.SIGINT, 128 + signal.SIGPIPE
"""As a shell reports programs that these signals end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status: 0 done, 1 failed, 2 wrong usage or bad input, 130 interrupted."""
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # `sonolucent --help | head -1`
        drop_output()
        return NOBODY_READS
    except OSError as error:  # as on a full disk
        drop_output()
        return _fail(FAILED, f"standard output cannot be written: {error.strerror}")


def _run(arguments: Sequence[str] | None) -> int:
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        say(_usage())
        return DONE
    if name == "--version":
        say(f"sonolucent {version('sonolucent')}")
        return DONE
    if name not in COMMANDS:
        return _fail(BAD_INPUT, f"no command {name!r}; try one of {', '.join(COMMANDS)}")
    log_to_terminal("%(message)s")
    if arguments is None:
        repeat_lost_interruptions()
        for number in (signal.SIGTERM, signal.SIGHUP):  # it cleans up as it does after Ctrl-C
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler)
    try:
        command = importlib.import_module(f"sonolucent.stream.commands.{name}")
        status: int = command.main(rest)
    except BrokenPipeError:
        raise
    except BadInput as error:
        return _fail(BAD_INPUT, str(error))
    except (StageFailed, OSError) as error:
        return _fail(FAILED, str(error))
    except KeyboardInterrupt:
        return _fail(INTERRUPTED, "interrupted")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return _fail(BAD_INPUT, f"{name}, asked so, needs PyTorch; pip install 'sonolucent[torch]'")
    except (MemoryError, ImportError, RuntimeError) as error:
        if not _is_of_memory(error):
            raise
        return _fail(FAILED, f"out of memory: {error or 'nothing more can be had'}; is `ulimit -v` or a limit too low?")
    return status


def _is_of_memory(error: Exception) -> bool:
    """Whether it comes of a limit: also libraries that cannot be loaded and threads that cannot be started do."""
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in _SIGNS_OF_NO_MEMORY)


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
            "`sonolucent COMMAND --help` explains a command, `sonolucent --version` says which this is.",
        ]
    )


def _fail(status: int, message: str) -> int:
    with suppress(OSError):  # a terminal that is gone
        say(f"sonolucent: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
