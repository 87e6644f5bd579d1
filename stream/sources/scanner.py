"""A live scanner that speaks the wire format (docs/wire.md): it binds a PUSH socket, this end pulls."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import numpy as np
import zmq

from sonolucent.stream.config import Config
from sonolucent.stream.edges import check_endpoint
from sonolucent.stream.errors import ConfigError, EdgeError
from sonolucent.stream.frames import Channels, End, Message, Stream, Trail
from sonolucent.stream.ledger import GapCounter, Ledger
from sonolucent.stream.sources import Source
from sonolucent.stream.wire import MAX_PAYLOAD_BYTES, WireError, decode

_POLL_MS = 100
_log = logging.getLogger(__name__)


def scanner(config: Config, stop: Event) -> Source:
    """Connects and waits for the scanner's `stream` message.

    Raises:
        ConfigError: the address cannot be used, or the run was stopped before the scanner spoke.
    """
    try:
        check_endpoint(config.source)
    except EdgeError as error:
        raise ConfigError(str(error)) from error
    losses = Ledger()
    messages = _receive(config.source, losses, stop)
    for message in messages:
        if isinstance(message, Stream):
            frames = assemble(message, messages, losses)
            return Source(message, itertools.islice(frames, config.frames), losses)
        if isinstance(message, Channels):
            losses.lose("before the stream's description")
    raise ConfigError(f"{config.source}: the scanner never described its stream")


def assemble(stream: Stream, messages: Iterator[Message], losses: Ledger) -> Iterator[Channels]:
    """Whole frames out of `channels` messages of one or more shots each, in order.

    A frame that is left incomplete, or does not fit the stream, is a counted loss, as is a gap in `frame_id`.
    """
    gaps = GapCounter()
    frame_id, n_shots = -1, 0
    data = np.empty(stream.acquisition.shape, stream.dtype)
    for message in messages:
        if isinstance(message, End):
            break
        if not isinstance(message, Channels):
            continue
        if not _fits(stream, message):
            losses.lose("does not fit the stream")
            continue
        if message.frame_id != frame_id:
            losses.lose("incomplete", int(n_shots > 0))
            losses.lose("gap", gaps.missing_before(message.frame_id))
            frame_id, n_shots = message.frame_id, 0
        if message.first_tx != n_shots:
            continue
        if len(message.data) == stream.acquisition.n_tx:
            yield _arrived(message)
            continue
        data[n_shots : n_shots + len(message.data)] = message.data
        n_shots += len(message.data)
        if n_shots == len(data):
            yield _arrived(replace(message, data=data, first_tx=0))
            data, n_shots = np.empty_like(data), 0
    losses.lose("incomplete", int(n_shots > 0))


def _fits(stream: Stream, message: Channels) -> bool:
    n_tx, n_rx, n_samples = stream.acquisition.shape
    in_range = message.first_tx + len(message.data) <= n_tx
    return in_range and message.data.shape[1:] == (n_rx, n_samples) and message.data.dtype == stream.dtype


def _arrived(frame: Channels) -> Channels:
    now_ns = time.monotonic_ns()
    trail = Trail(now_ns, frame.trail.acquired_utc_ns or time.time_ns())
    return replace(frame, trail=trail.stamped("source", now_ns))


def _receive(endpoint: str, losses: Ledger, stop: Event) -> Iterator[Message]:
    with zmq.Context() as context, context.socket(zmq.PULL) as socket:
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_PAYLOAD_BYTES)
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(endpoint)
        while not stop.is_set():
            if not socket.poll(_POLL_MS):
                continue
            try:
                yield decode([part.buffer for part in socket.recv_multipart(copy=False)])
            except WireError as refusal:
                if refusal.reason not in losses.counts().dropped:
                    _log.warning("%s: refused a %s", endpoint, refusal)
                losses.lose(refusal.reason)
