"""Frames of 16.8 MB from one process to the next: `python tests/campaigns/transports.py [ROUNDS]` prints a table.

All are the pipeline's own edges, the producer a thread (inproc) or a process; `--transport ipc` is "shared memory", and
"ipc" here is what it would be without. Transports take turns; figures are medians over the rounds. The consumer looks
at one sample of a frame, and drops it.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import zmq
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.stream.accounting.usage import Meter, Usage, per_frame
from sonolucent.stream.messages import Channels, End, Stream, Trail
from sonolucent.stream.transport.edge import Edge, Place
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer

FRAME = np.random.default_rng(0).integers(-999, 999, Acquisition().shape, dtype=np.int16)
EDGE = Edge("a", "b", "lossless", 1)
FPS = 25.0
TRANSPORTS = ("inproc", "ipc", "tcp", "shared memory")
COPIES = {"inproc": 0, "ipc": 2, "tcp": 2, "shared memory": 1}


def main(n_rounds: int) -> None:
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in TRANSPORTS}
    for _ in range(n_rounds):
        for name in TRANSPORTS:
            found = {**measured(name, 100, None), "ms": measured(name, 25, FPS)["ms"]}
            rounds[name].append(found)
            print(name, {figure: round(value, 2) for figure, value in found.items()}, file=sys.stderr, flush=True)
    print("| transport | frames/s | ms a frame, paced | core-ms a frame | page faults a frame | MB copied a frame |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, found in rounds.items():
        fps, ms, core_ms, faults = (statistics.median(r[k] for r in found) for k in ("fps", "ms", "core_ms", "faults"))
        copied = COPIES[name] * FRAME.nbytes / 1e6
        print(f"| {name} | {fps:.0f} | {ms:.2f} | {core_ms:.2f} | {faults:.0f} | {copied:.1f} |")


def measured(transport: str, n_frames: int, fps: float | None) -> dict[str, float]:
    """Frames a second, ms from before the push to the consumer (median), and what both sides spent on a frame."""
    with tempfile.TemporaryDirectory(prefix="sonolucent-", dir="/dev/shm") as folder:
        endpoint = {"inproc": "inproc://frames", "tcp": "tcp://127.0.0.1:48662"}.get(
            transport, f"ipc://{folder}/frames"
        )
        meter, waits_ms, arrivals = Meter(), [], []
        with producing(transport, endpoint, n_frames, fps) as (context, usages):
            for sent_ns, data in from_edge(place_of(transport, endpoint), context):
                arrivals.append(time.monotonic_ns())
                waits_ms.append((arrivals[-1] - sent_ns) / 1e6)
                meter.tick()
                assert data[-1, -1, -1] == FRAME[-1, -1, -1]
    assert len(arrivals) == n_frames
    core_ms, faults = per_frame([*usages, meter.usage()])
    rate = (n_frames - 1) * 1e9 / (arrivals[-1] - arrivals[0])
    return {"fps": rate, "ms": statistics.median(waits_ms), "core_ms": core_ms, "faults": faults}


@contextmanager
def producing(
    transport: str, endpoint: str, n_frames: int, fps: float | None
) -> Iterator[tuple[zmq.Context[Any], list[Usage]]]:
    """Within, frames come from a thread (inproc) or a process; afterwards the list holds what the process spent."""
    usages: list[Usage] = []
    with zmq.Context() as context:
        if transport == "inproc":
            thread = threading.Thread(target=produce, args=(transport, endpoint, n_frames, fps, context))
            thread.start()
            yield context, usages
            thread.join()
            return
        command = [sys.executable, __file__, "--produce", json.dumps([transport, endpoint, n_frames, fps])]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as producer:
            yield context, usages
            usages.append(Usage(**json.loads(producer.communicate(timeout=60)[0])))


def produce(transport: str, endpoint: str, n_frames: int, fps: float | None, context: zmq.Context[Any]) -> Usage:
    """Sends all frames; what this process spent."""
    meter = Meter()
    with to_edge(place_of(transport, endpoint), context) as push:
        begun = time.monotonic()
        for i in range(n_frames):
            if fps is not None:
                time.sleep(max(0.0, begun + i / fps - time.monotonic()))
            push(i)
            meter.tick()
    return meter.usage()


def place_of(transport: str, endpoint: str) -> Place:
    return Place(endpoint, lent_from=1 if transport == "shared memory" else None)


@contextmanager
def to_edge(place: Place, context: zmq.Context[Any]) -> Iterator[Any]:
    push = SocketProducer(EDGE, place, context, threading.Event())
    push.push(Stream(Acquisition(), ImageGrid.sau64()))
    push.wait_for_consumer(60.0)
    yield lambda i: push.push(Channels(i, FRAME, 0, Trail.begin()))
    push.push(End(0))
    push.close()


def from_edge(place: Place, context: zmq.Context[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    with closing(SocketConsumer(EDGE, place, context, threading.Event())) as pull:
        pull.describe()
        while not isinstance(message := pull.pull(), End):
            if isinstance(message, Channels):
                yield message.trail.acquired_ns, message.data


if __name__ == "__main__":
    if sys.argv[1:2] == ["--produce"]:
        with zmq.Context() as context:
            used = produce(*json.loads(sys.argv[2]), context)
        print(json.dumps({name: getattr(used, name) for name in used.__struct_fields__}))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
