"""An edge ends when its last frame was taken, neither sooner nor later."""

import threading
import time
from contextlib import suppress

import pytest
import zmq

from sonolucent.stream.transport.edge import GRANT

from .lines import edge_to_a_stranger, frame, take_a_frame


def test_who_repeats_what_it_asks_for_does_not_hold_up_the_end(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """By chance, a run's end took ten seconds."""
    over = threading.Event()
    with edge_to_a_stranger(context) as (push, stranger):
        take_a_frame(push, stranger)

        def ask_again() -> None:
            while not over.wait(0.02):
                stranger.send(GRANT.pack(1, 2))

        asking = threading.Thread(target=ask_again)
        asking.start()
        try:
            begun_s = time.monotonic()
            counts = push.close(1.0)
            took_s = time.monotonic() - begun_s
        finally:
            over.set()
            asking.join()
    assert took_s < 0.5
    assert counts.balanced
    assert counts.delivered == 1


@pytest.mark.parametrize("asks_again", [True, False])
def test_who_asks_again_behind_a_slow_line_is_waited_for(
    context: zmq.Context[zmq.Socket[bytes]], asks_again: bool
) -> None:
    """A frame may take longer than the end's patience on its way."""
    with edge_to_a_stranger(context) as (push, stranger):
        push.push(frame(0))
        stranger.send(GRANT.pack(0, 2))
        assert stranger.poll(5000)

        def take_late() -> None:
            for _ in range(20):
                time.sleep(0.1)
                if asks_again:
                    stranger.send(GRANT.pack(0, 2))
            with suppress(zmq.Again):  # nobody hears who was silent for so long
                stranger.send(GRANT.pack(1, 2), zmq.NOBLOCK)

        taking = threading.Thread(target=take_late)
        taking.start()
        counts = push.close(0.5)
        taking.join()
    assert counts.balanced
    assert counts.delivered == asks_again
