"""A scanner in a box: serves the frames of a source as a live scanner does, and does to them what real ones suffer.

It speaks docs/wire.md. What it reports is what a reader must count, shot for shot, if nothing else went wrong.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import replace

import msgspec
import numpy as np

from sonolucent.sim.faults import FAULTS, FaultRates, PlannedShot, plan_faults
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.ledger import EdgeCounts, Ledger
from sonolucent.stream.messages import Channels, End, Trail
from sonolucent.stream.scanner_box.push_socket import PushSocket
from sonolucent.stream.sources.source import Source
from sonolucent.stream.transport.credit import Parts
from sonolucent.stream.transport.wire import encode

_DESCRIBE_S = 1.0
_HOUR_NS = 3_600_000_000_000
# A frame is given up when the second one after it begins.
_GIVEN_UP_AFTER = 2
_REFUSED_AS = {"truncated": "truncated", "wrong_size": "does not fit the stream"}


class ScannerReport(msgspec.Struct, frozen=True):
    """What a scanner did.

    Args:
        endpoint: where it served.
        seconds: how long.
        messages: how many it sent, of any kind.
        not_taken: messages that the reader had no room for, or that found no reader.
        faults: how many shots suffered each.
        frames: what a reader must count on "scanner>source".
        refused: messages that a reader must refuse, by reason.
    """

    endpoint: str
    seconds: float
    messages: int
    not_taken: int
    faults: dict[str, int]
    frames: EdgeCounts
    refused: dict[str, int]


class BoxedScanner:
    """Serves one source, once.

    Args:
        source: the frames.
        socket: where they go.
        n_messages: messages a frame: one, or one a shot.
        faults: what happens to them.
        seed: of the faults.
        live: keep to the source's pace and drop what the reader does not take, rather than wait for it.
    """

    def __init__(
        self, source: Source, socket: PushSocket, n_messages: int, faults: FaultRates, seed: int, *, live: bool
    ) -> None:
        self._source, self._socket, self._n_messages, self._live = source, socket, n_messages, live
        self._plan = plan_faults(faults, n_messages, seed)
        self._clock = np.random.default_rng([seed, 1])
        self._clock_error_ns = 0
        self._session = time.time_ns()
        self._described_s = -np.inf
        self._held: deque[tuple[int, Parts]] = deque()
        self._faults: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._sent = self._not_taken = 0
        self._frames = Ledger()

    def run(self) -> ScannerReport:
        """Serves every frame, once there is a reader."""
        begun_s = time.monotonic()
        n_frames = 0
        if self._socket.wait():
            for frame, shots in zip(self._source.frames, self._plan, strict=False):
                if not isinstance(frame, Channels):
                    raise ConfigError("a scanner sends channel data; this source has images alone")
                self._describe(frame.frame_id)
                self._count(self._send_frame(frame, shots))
                n_frames = frame.frame_id + 1
            self._sent += self._socket.send_last(encode(End(n_frames)))
        return self._report(time.monotonic() - begun_s)

    def _describe(self, next_frame_id: int) -> None:
        """Tells what the stream is, before the first frame and every second."""
        if time.monotonic() - self._described_s > _DESCRIBE_S:
            stream = replace(self._source.stream, session=self._session, next_frame_id=next_frame_id)
            if self._offer(encode(stream)):
                self._described_s = time.monotonic()

    def _send_frame(self, frame: Channels, shots: list[PlannedShot]) -> int:
        """How many of a frame's messages went out intact and in time."""
        begun_s, n_intact = time.monotonic(), 0
        for position, shot in enumerate(shots):
            self._keep_pace(begun_s, position)
            if self._send_shot(frame, shot):
                n_intact += 1
                self._send_late(frame.frame_id)
        return n_intact

    def _keep_pace(self, begun_s: float, position: int) -> None:
        """Spreads a live frame's messages over the time in which a scanner would take its shots."""
        rate_hz = self._source.stream.frame_rate_hz
        if self._live and rate_hz is not None:
            due_s = begun_s + position / (self._n_messages * rate_hz)
            time.sleep(max(0.0, due_s - time.monotonic()))

    def _send_shot(self, frame: Channels, shot: PlannedShot) -> bool:
        """Sends a shot as its fault will have it; whether the reader gets it intact and in time."""
        if shot.fault is not None:
            self._faults[shot.fault] += 1
        if shot.fault == "clock_jumped":
            self._clock_error_ns = int(self._clock.integers(-_HOUR_NS, _HOUR_NS))
        if shot.fault == "disconnected":
            self._socket.reconnect()
        if shot.fault in ("lost", "disconnected"):
            return False
        parts = self._encode(frame, shot)
        if shot.fault == "late":
            self._held.append((frame.frame_id, parts))
            return False
        if shot.fault in _REFUSED_AS:
            self._refused[_REFUSED_AS[shot.fault]] += self._offer(parts)
            return False
        n_taken = sum(self._offer(parts) for _ in range(2 if shot.fault == "duplicated" else 1))
        self._refused["duplicate"] += n_taken == 2
        return n_taken > 0

    def _send_late(self, frame_id: int) -> None:
        """Sends the late shots of frames that have been given up, now that a shot of `frame_id` is on its way."""
        while self._held and self._held[0][0] <= frame_id - _GIVEN_UP_AFTER:
            self._refused["late"] += self._offer(self._held.popleft()[1])

    def _encode(self, frame: Channels, shot: PlannedShot) -> Parts:
        n_shots = len(frame.data) // self._n_messages
        data = frame.data[shot.index * n_shots : (shot.index + 1) * n_shots]
        if shot.fault == "wrong_size":
            data = np.concatenate([data, data[..., -1:]], axis=2)
        trail = Trail(time.monotonic_ns(), max(0, time.time_ns() + self._clock_error_ns))
        header, payload = encode(Channels(frame.frame_id, data, shot.index * n_shots, trail))
        whole = memoryview(payload).cast("B")
        return header, whole[: len(whole) // 2] if shot.fault == "truncated" else whole

    def _offer(self, parts: Parts) -> bool:
        """Sends a message, waiting for the reader unless live; False when it was not taken."""
        taken = (self._live or self._socket.wait()) and self._socket.send(parts)
        self._sent += taken
        self._not_taken += not taken
        return taken

    def _count(self, n_intact: int) -> None:
        self._frames.acquire()
        if n_intact == self._n_messages:
            self._frames.deliver()
        else:
            self._frames.drop("incomplete" if n_intact else "gap")

    def _report(self, seconds: float) -> ScannerReport:
        # Late shots whose time had not come at the end were never sent.
        held = Counter(lost=len(self._held), late=-len(self._held))
        return ScannerReport(
            endpoint=self._socket.endpoint,
            seconds=round(seconds, 3),
            messages=self._sent,
            not_taken=self._not_taken,
            faults={name: self._faults[name] + held[name] for name in FAULTS},
            frames=self._frames.counts(),
            refused={reason: n for reason, n in self._refused.items() if n},
        )
