"""Many connections to an end that binds: who of them is cut off, and who stays."""

from collections.abc import Collection
from resource import RLIM_INFINITY

import pytest
import zmq

from sonolucent.stream.transport import flood_guard
from sonolucent.stream.transport.flood_guard import GUARD_EVENTS, FloodGuard
from sonolucent.stream.transport.monitored_socket import monitored

Context = zmq.Context[zmq.Socket[bytes]]


class Clock:
    """Of a connection on which so many bytes have come."""

    def __init__(self, n_bytes: int) -> None:
        self.came, self.was_cut_off = 0, False
        self.comes = n_bytes

    def n_bytes(self) -> int:
        return self.came

    def cut_off(self) -> None:
        self.was_cut_off = True


@pytest.mark.parametrize(("n_bytes", "age_s"), [(8000, 0.11), (80_000, 3600.0)])
def test_many_that_each_send_less_than_a_flood_or_drip_it_are_one_together(
    context: Context, monkeypatch: pytest.MonkeyPatch, n_bytes: int, age_s: float
) -> None:
    clocks = {n: Clock(n_bytes + n) for n in range(300)}
    monkeypatch.setattr(flood_guard, "ByteClock", clocks.__getitem__)
    with monitored(context, zmq.PULL, GUARD_EVENTS) as socket:
        guard = FloodGuard(socket, 1000)
        for n, clock in clocks.items():
            clock.came = clock.comes  # before anybody hears of it
            guard.hear(zmq.EVENT_ACCEPTED, n)
        for peer in guard._peers.values():
            peer.since_s -= age_s
        guard.look()
    kept = [n for n, clock in clocks.items() if not clock.was_cut_off]
    assert kept == list(range(len(kept)))  # who has sent most goes first
    assert 0 < sum(clocks[n].came for n in kept) < 1.1e6


def who_is_cut_off_of(
    n_peers: int, context: Context, monkeypatch: pytest.MonkeyPatch, greeted: Collection[int] = ()
) -> list[int]:
    """Of peers of which some have greeted, by the order in which they came."""
    clocks = {n: Clock(0) for n in range(n_peers)}
    for n in greeted:
        clocks[n].came = 64
    monkeypatch.setattr(flood_guard, "ByteClock", clocks.__getitem__)
    with monitored(context, zmq.PULL, GUARD_EVENTS) as socket:
        guard = FloodGuard(socket, 1000)
        for n in clocks:
            guard.hear(zmq.EVENT_ACCEPTED, n)
        guard.look()
    return [n for n, clock in clocks.items() if clock.was_cut_off]


def test_a_crowd_leaves_half_of_the_descriptors_to_others(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood_guard, "getrlimit", lambda resource: (20, 4096))
    assert who_is_cut_off_of(15, context, monkeypatch) == list(range(5))  # who has said nothing for the longest time
    assert who_is_cut_off_of(15, context, monkeypatch, greeted=range(15)) == list(range(10, 15))  # the latest


def test_a_reader_that_comes_late_stays_where_a_crowd_says_nothing(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood_guard, "getrlimit", lambda resource: (20, 4096))
    assert who_is_cut_off_of(30, context, monkeypatch, greeted=[0, 25]) == list(range(1, 21))


@pytest.mark.parametrize("limit", [1 << 20, RLIM_INFINITY])
def test_a_crowd_is_never_so_large_that_it_takes_the_time_to_look_at_it(
    context: Context, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(flood_guard, "getrlimit", lambda resource: (limit, limit))
    assert who_is_cut_off_of(600, context, monkeypatch) == list(range(88))
