"""Messages through a pipe: whole, in order, of any size; the end is heard."""

import os
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from sonolucent.stream import Channels
from sonolucent.stream.transport.pipe import put, take
from sonolucent.stream.transport.wire import decode, encode

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def test_messages_larger_than_the_pipe_come_whole_and_in_order(pipe: Pipe) -> None:
    frames = [Channels(i, np.random.default_rng(i).integers(-99, 99, (4, 5, 9999), np.int16)) for i in range(3)]

    def write() -> None:
        for frame in frames:
            put(pipe[1], encode(frame))
        put(pipe[1], (b"{}", b""))
        os.close(pipe[1])

    writer = threading.Thread(target=write)
    writer.start()
    for frame in frames:
        parts = take(pipe[0])
        assert parts is not None
        came = decode([memoryview(part) for part in parts])
        assert isinstance(came, Channels)
        assert came.frame_id == frame.frame_id
        np.testing.assert_array_equal(came.data, frame.data)
    assert take(pipe[0]) == (b"{}", b"")
    assert take(pipe[0]) is None
    writer.join()


def test_a_message_that_is_cut_off_is_the_end(pipe: Pipe) -> None:
    put(pipe[1], (b"whole", b"message"))
    os.write(pipe[1], b"\x05" + bytes(7) + b"\x07" + bytes(7) + b"who")
    os.close(pipe[1])
    assert take(pipe[0]) == (b"whole", b"message")
    assert take(pipe[0]) is None


def test_nobody_reads() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        put(writing, (b"header", b""))
    os.close(writing)
