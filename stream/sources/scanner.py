"""A live scanner that speaks the wire format (docs/wire.md): it binds a PUSH socket, this end pulls."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import zmq

from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError, EdgeError
from sonolucent.stream.ledger import Ledger
from sonolucent.stream.messages import Channels, Message, Stream, Trail
from sonolucent.stream.sources.assembly import assemble
from sonolucent.stream.sources.sliding import SlidingAperture
from sonolucent.stream.sources.source import NeverBegan, Source
from sonolucent.stream.transport.connection import Connection
from sonolucent.stream.transport.curve import Keys
from sonolucent.stream.transport.greeting import why_silent
from sonolucent.stream.transport.sockets import check_endpoint, open_context
from sonolucent.stream.transport.wire import Buffer, WireError, decode

_POLL_MS = 100
_SILENCE_MS = 5000
# Messages, be they shots or frames: what waits here is old by the time it is shown.
_QUEUE = 16
_LARGEST_SAMPLE_BYTES = 8
_log = logging.getLogger(__name__)


def open_source(config: Config, stop: Event, past: JournalEntry) -> Source:
    """Connects and waits for the scanner's `stream` message, unless the journal `past` knows the stream.

    Raises:
        ConfigError: the address cannot be used.
        NeverBegan: the run was stopped before the scanner spoke.
    """
    keys = Keys.of(config.keys)
    try:
        check_endpoint(config.source, keys)
    except EdgeError as error:
        raise ConfigError(str(error)) from error
    losses, refused = Ledger(), Ledger()
    messages = _receive(config.source, keys, refused, stop)

    def source(stream: Stream, next_frame_id: int | None) -> Source:
        """Of the frames from that id on; the stream has their rate and ids already."""
        aperture = SlidingAperture.of(stream.acquisition, config.every)
        groups = replace(aperture.stream(stream), next_frame_id=next_frame_id)
        frames = map(aperture.placed, assemble(groups, aperture.split(messages), losses, refused))
        return Source(stream, map(_arrived, frames), losses, refused, f"the scanner at {config.source}")

    if past.described is not None:
        return source(past.described, past.next_frame_id)
    for message in messages:
        if isinstance(message, Stream):
            groups = SlidingAperture.of(message.acquisition, config.every).stream(message)
            return source(replace(groups, acquisition=message.acquisition), groups.next_frame_id)
        if isinstance(message, Channels):
            refused.lose("before the stream's description")
    raise NeverBegan(f"{config.source}: the scanner never described its stream")


def _arrived(frame: Channels) -> Channels:
    if frame.ahead:
        return frame
    # The scanner's monotonic clock is another machine's; only its UTC means something here.
    trail = Trail.begin(frame.trail.acquired_utc_ns)
    return replace(frame, trail=trail.stamped("source", trail.acquired_ns))


def _receive(endpoint: str, keys: Keys | None, refused: Ledger, stop: Event) -> Iterator[Message]:
    with open_context(keys) as context:
        connection = Connection(context, zmq.PULL, endpoint, keys, {zmq.RCVHWM: _QUEUE})
        with connection.socket:
            for parts in _parts(connection, endpoint, stop, has_keys=keys is not None):
                try:
                    message = decode(parts)
                except WireError as refusal:
                    if refusal.reason not in refused.counts().dropped:
                        _log.warning("%s: refused a %s", endpoint, refusal)
                    refused.lose(refusal.reason)
                    continue
                if isinstance(message, Stream):
                    connection.expect(math.prod(message.acquisition.shape) * _LARGEST_SAMPLE_BYTES)
                yield message


def _parts(connection: Connection, endpoint: str, stop: Event, *, has_keys: bool) -> Iterator[list[Buffer]]:
    """What comes, until it is time to stop; says when nothing does."""
    heard_s, told = time.monotonic(), False
    while not stop.is_set():
        if connection.socket.poll(connection.wait_ms(_POLL_MS)):
            connection.came()
            yield [part.buffer for part in connection.socket.recv_multipart(copy=False)]
            heard_s, told = time.monotonic(), False
            continue
        connection.tend()
        if not told and time.monotonic() - heard_s > _SILENCE_MS / 1000:
            told = True
            why = why_silent(endpoint, has_keys=has_keys)
            _log.warning("%s: silent for %d s; %s", endpoint, _SILENCE_MS // 1000, why)
