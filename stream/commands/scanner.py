"""`sonolucent scanner`: a scanner in a box, for `sonolucent run --source tcp://HOST:PORT` on this machine."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Sequence
from contextlib import closing

import msgspec
import numpy as np

from sonolucent.sim.faults import FaultRates
from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.commands.reports import deliver
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.openers import open_source
from sonolucent.stream.printable import say
from sonolucent.stream.runtime.run import interruptible
from sonolucent.stream.scanner_box.box import BoxedScanner, ScannerReport
from sonolucent.stream.scanner_box.push_socket import PushSocket
from sonolucent.stream.transport.curve import Keys
from sonolucent.stream.transport.sockets import open_context

_QUEUED_FRAMES = 2


class ScannerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Serves simulated or recorded channel data as a live scanner does, until its frames are over or Ctrl-C.

    Args:
        port: to serve at; 0 picks a free one.
        host: to serve at: an address of this machine; any but loopback needs keys.
        keys: the folder with this scanner's keys; what it sends is then encrypted.
        source: "sim", or "replay:FILE".
        frames: how many; a replay starts over as often as it takes.
        fps: frames a second; the recorded rate, or 25, by default.
        as_fast_as_possible: wait for the reader instead of keeping a pace.
        phantom: what `sim` images.
        whole_frames: one message a frame instead of one a shot.
        faults: the probability of each fault, for every message.
        seed: of the faults, of the phantom and of its noise.
        json: print one JSON document on standard output and nothing else there.
    """

    port: int = 5555
    host: str = "127.0.0.1"
    keys: str | None = None
    source: str = "sim"
    frames: int | None = None
    fps: float | None = None
    as_fast_as_possible: bool = False
    phantom: str = "moving"
    whole_frames: bool = False
    faults: FaultRates = msgspec.field(default_factory=FaultRates)
    seed: int = 1
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(ScannerOptions, arguments, "scanner")
    report = serve(options)
    deliver(lambda: print_json(report) if options.json else print_report(report))
    return 0


def serve(options: ScannerOptions) -> ScannerReport:
    """Serves until the end.

    Raises:
        ConfigError: the options do not go together, or there is no such source.
        EdgeError: the port is taken.
        RecordingError: the recording to replay cannot be read.
    """
    config, keys = _config(options), Keys.of(options.keys)
    stop = threading.Event()
    with interruptible(stop, abort=threading.Event()), open_context(keys) as context:
        source = open_source(config, stop)
        source.warm_up()
        endpoint = f"tcp://{options.host}:{options.port or '*'}"
        n_messages = 1 if options.whole_frames else source.stream.acquisition.n_tx
        frame_bytes = math.prod(source.stream.acquisition.shape) * np.dtype(source.stream.dtype).itemsize
        queue = _QUEUED_FRAMES * n_messages
        with closing(PushSocket(context, endpoint, queue, stop, keys, frame_bytes)) as socket:
            say(f"scanner: {socket.endpoint}, waiting for a reader", file=sys.stderr)
            live = not config.as_fast_as_possible
            return BoxedScanner(source, socket, n_messages, options.faults, options.seed, live=live).run()


def print_report(report: ScannerReport) -> None:
    """What was sent, and what a reader must have counted."""
    rate = report.frames.acquired / report.seconds if report.seconds else 0.0
    say(f"{report.frames.acquired} frames, {report.messages} messages in {report.seconds:.1f} s ({rate:.1f} frames/s)")
    say(f"  frames    {report.frames.delivered} whole; {_listed(report.frames.dropped)}")
    say(f"  faults    {_listed(report.faults)}")
    say(f"  refused   {_listed(report.refused)}")
    say(f"  not taken {report.not_taken} messages")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items() if n) or "none"


def _config(options: ScannerOptions) -> Config:
    if options.source.startswith("tcp:"):
        raise ConfigError("a scanner in a box serves sim or replay:FILE, not another scanner")
    if options.whole_frames and options.faults.reordered:
        raise ConfigError(
            "whole frames that change order are late ones: use --faults.late, or leave out --whole-frames"
        )
    shared = {name: getattr(options, name) for name in options.__struct_fields__ if name in Config.__struct_fields__}
    if options.source.startswith("replay:"):
        shared.pop("seed")  # here it is that of the faults, and a replay has no other use for it
    try:
        return Config(**shared)
    except ValueError as error:
        raise ConfigError(str(error)) from error
