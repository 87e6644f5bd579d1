"""Attacks below the messages: `.venv/bin/python tests/campaigns/below_messages.py` prints how long each was felt.

Raw peers answer at the port of a scanner, and of a stage, in every wrong way, with keys and without; cables are pulled,
or spoil what passes; crowds connect and say nothing. After each a good one takes the port, and frames must come within
five seconds. Memory and descriptors must be as before.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.messages import Channels, Stream
from sonolucent.stream.sources.scanner import open_source
from sonolucent.stream.sources.source import NeverBegan
from sonolucent.stream.transport.curve import Keys, make_keys
from sonolucent.stream.transport.edge import Aborted, Edge, Place
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer
from sonolucent.stream.transport.sockets import bind, open_context
from sonolucent.stream.transport.wire import encode

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.campaigns.cable import SPOILINGS, Cable
from tests.campaigns.raw_peers import (
    MANNERS,
    PARTS_WITHOUT_END,
    Manner,
    Opening,
    flood,
    free_port,
    openings,
    raw_peer,
    silent_crowd,
)

RECOVERY_S = 5.0
MOST_GROWTH_BYTES = 64 << 20
PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 64, 25e6), ImageGrid.sau64(), 20.0)
SAMPLES = np.ones(STREAM.acquisition.shape, np.int16)
_PACE_S, _SPOILED_S = 0.02, 2.0
_CROWD = 300

Serving = Callable[[int, Keys | None, threading.Event], None]
Reading = Callable[[int, Keys | None, threading.Event, threading.Event], None]


def serve_as_scanner(port: int, keys: Keys | None, over: threading.Event) -> None:
    """Sends a frame every 20 ms."""
    with open_context(keys) as context, context.socket(zmq.PUSH) as host:
        host.setsockopt(zmq.LINGER, 0)
        host.setsockopt(zmq.SNDHWM, 4)
        bind(host, f"tcp://127.0.0.1:{port}", "", keys)
        frame_id = 0
        while not over.wait(_PACE_S):
            for message in (STREAM, Channels(frame_id, SAMPLES)):
                if host.poll(0, zmq.POLLOUT):
                    host.send_multipart(encode(message), zmq.DONTWAIT)
            frame_id += 1


def serve_as_stage(port: int, keys: Keys | None, over: threading.Event) -> None:
    """Pushes a frame every 20 ms."""
    with open_context(keys) as context:
        place = Place(f"tcp://127.0.0.1:{port}", keys)
        push = SocketProducer(Edge("a", "b", "drop_oldest"), place, context, threading.Event())
        push.push(STREAM)
        frame_id = 0
        while not over.wait(_PACE_S):
            push.push(Channels(frame_id, SAMPLES))
            frame_id += 1
        push.close(0)


def read_from_scanner(port: int, keys: Keys | None, came: threading.Event, over: threading.Event) -> None:
    """Takes frames as a run does."""
    config = Config(source=f"tcp://127.0.0.1:{port}", keys=None if keys is None else str(keys.folder))
    try:
        for _ in open_source(config, over, JournalEntry()).frames:
            came.set()
    except NeverBegan:
        return


def read_from_stage(port: int, keys: Keys | None, came: threading.Event, over: threading.Event) -> None:
    """Takes frames as a stage does."""
    with open_context(keys) as context:
        pull = SocketConsumer(Edge("a", "b", "drop_oldest"), Place(f"tcp://127.0.0.1:{port}", keys), context, over)
        try:
            while True:
                if isinstance(pull.pull(), Channels):
                    came.set()
        except Aborted:
            pull.close()


EDGES: dict[str, tuple[bytes, Serving, Reading]] = {
    "scanner": (b"PUSH", serve_as_scanner, read_from_scanner),
    "stage": (b"ROUTER", serve_as_stage, read_from_stage),
}


@contextmanager
def on_a_thread(work: Callable[..., None], *arguments: object) -> Iterator[threading.Event]:
    """Within, the work goes on, until the event is set that is its last argument."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(*arguments, over))
    thread.start()
    try:
        yield over
    finally:
        over.set()
        thread.join()


def after_a_peer(edge: str, keys: Keys | None, opening: Opening, manner: Manner) -> float:
    """How long a reader needs to have frames again, once a good peer is where a raw one was."""
    _, serve, read = EDGES[edge]
    came = threading.Event()
    with raw_peer(opening, manner) as peer, on_a_thread(read, peer.port, keys, came):
        port = peer.port
        assert peer.met.wait(20)
        peer.leave()
        begun_s = time.monotonic()
        with on_a_thread(serve, port, keys):
            assert came.wait(30), f"{edge}: deaf after {opening} ({manner})"
            return time.monotonic() - begun_s


def after_a_cable(edge: str, keys: Keys | None, out_s: float) -> float:
    """How long a reader needs to have frames again, once a cable is back that was out."""
    _, serve, read = EDGES[edge]
    came, port = threading.Event(), free_port()
    with on_a_thread(serve, port, keys), closing(Cable(port)) as cable, on_a_thread(read, cable.port, keys, came):
        assert came.wait(30)
        cable.pull()
        time.sleep(out_s)
        came.clear()
        cable.plug_in()
        begun_s = time.monotonic()
        assert came.wait(30), f"{edge}: deaf after a cable"
        return time.monotonic() - begun_s


def after_spoiled_bytes(edge: str, keys: Keys | None, name: str) -> float:
    """How long a reader needs to have frames again, once a cable passes on what it is given."""
    _, serve, read = EDGES[edge]
    came, port = threading.Event(), free_port()
    with on_a_thread(serve, port, keys), closing(Cable(port)) as cable, on_a_thread(read, cable.port, keys, came):
        assert came.wait(30)
        cable.spoiling = SPOILINGS[name]
        time.sleep(_SPOILED_S)
        cable.spoiling = None
        came.clear()
        begun_s = time.monotonic()
        assert came.wait(30), f"{edge}: deaf after {name}"
        return time.monotonic() - begun_s


def beside_a_crowd(edge: str, keys: Keys | None) -> float:
    """How long a reader needs to have its first frame while a crowd keeps connecting, and says nothing."""
    _, serve, read = EDGES[edge]
    came, port = threading.Event(), free_port()
    with on_a_thread(serve, port, keys), silent_crowd(port, _CROWD):
        begun_s = time.monotonic()
        with on_a_thread(read, port, keys, came):
            assert came.wait(30), f"{edge}: deaf beside a crowd"
            return time.monotonic() - begun_s


def holdings() -> tuple[int, int]:
    """Descriptors, and the most bytes that were ever resident."""
    return len(os.listdir("/proc/self/fd")), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def campaign(folder: Path) -> dict[str, list[float]]:
    """Every attack; the recovery times by what it was."""
    make_keys(folder / "keys")
    times: dict[str, list[float]] = defaultdict(list)
    after_a_peer("scanner", None, openings(b"")["nothing"], MANNERS["hangs up"])
    before = holdings()
    for edge, (kind, _, _) in EDGES.items():
        for keys in (None, Keys(folder / "keys")):
            for name, opening in openings(kind).items():
                for manner in MANNERS.values():
                    times[name].append(after_a_peer(edge, keys, opening, manner))
            for out_s in (1.0, 4.0):
                times[f"a cable that was out for {out_s:.0f} s"].append(after_a_cable(edge, keys, out_s))
            for name in SPOILINGS:
                times[name].append(after_spoiled_bytes(edge, keys, name))
            times[f"a crowd of {_CROWD} that says nothing"].append(beside_a_crowd(edge, keys))
            print(f"{edge}{' with keys' if keys else ''}: done", file=sys.stderr, flush=True)
    after = holdings()
    assert after[0] <= before[0] + 2, f"{after[0] - before[0]} descriptors more than before"
    assert after[1] - before[1] < MOST_GROWTH_BYTES, f"{(after[1] - before[1]) >> 20} MiB more than before"
    # Last, as it may grow up to the limit of a message meanwhile.
    times["a message of parts without end"].append(after_a_peer("scanner", None, PARTS_WITHOUT_END, flood))
    return times


def main() -> int:
    """Prints the table, and fails where any time is above the limit."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    begun_s = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        times = campaign(Path(scratch))
    print("| what | tries | median s | worst s |\n|---|---|---|---|")
    for name, found in times.items():
        print(f"| {name} | {len(found)} | {np.median(found):.2f} | {max(found):.2f} |")
    print(f"\n{sum(map(len, times.values()))} attacks in {time.monotonic() - begun_s:.0f} s")
    return 0 if max(map(max, times.values())) < RECOVERY_S else 1


if __name__ == "__main__":
    sys.exit(main())
