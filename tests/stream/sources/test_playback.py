"""A replay is told to wait, to step, to go elsewhere and faster; no frame is lost or numbered twice."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from sonolucent.stream.control.requests import ReplayRequest
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, Trail
from sonolucent.stream.sources.playback import AtEnd, Playback


def frame_of(place: int, frame_id: int, trail: Trail) -> Channels:
    return Channels(frame_id, np.full((1, 1, 1), place, np.int16), 0, trail)


class Played:
    """A replay on a thread of its own; `places` are those it has released."""

    def __init__(self, n_frames: int, fps: float | None = 200.0, first: int = 0, at_end: AtEnd = "hold") -> None:
        self.stop = threading.Event()
        self.playback = Playback(n_frames, fps, self.stop, first, at_end)
        self.places: list[int] = []
        self.ids: list[int] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for frame in self.playback.play(frame_of, 100):
            self.places.append(int(frame.data[0, 0, 0]))
            self.ids.append(frame.frame_id)

    def tell(self, **request: Any) -> None:
        self.playback.obey(ReplayRequest(**request))

    def until(self, n_released: int) -> list[int]:
        deadline = time.monotonic() + 20
        while len(self.places) < n_released:
            assert time.monotonic() < deadline, self.places
            time.sleep(0.002)
        return self.places

    def end(self) -> list[int]:
        self.stop.set()
        self._thread.join()
        assert self.ids == list(range(100, 100 + len(self.ids)))
        return self.places


@pytest.fixture
def play() -> Iterator[Any]:
    made: list[Played] = []
    yield lambda *given, **options: made.append(Played(*given, **options)) or made[-1]
    for played in made:
        played.end()


def test_it_waits_at_its_end_and_plays_again_from_its_beginning(play: Any) -> None:
    played = play(3)
    assert played.until(3) == [0, 1, 2]
    time.sleep(0.1)
    state = played.playback.state()
    assert (state.frame, state.n_frames, state.paused) == (2, 3, True)
    played.tell(paused=False)
    assert played.until(6) == [0, 1, 2, 0, 1, 2]
    assert played.end() == [0, 1, 2, 0, 1, 2]


def test_it_steps_exactly_one_frame_either_way_and_goes_where_it_is_told(play: Any) -> None:
    played = play(5)
    played.until(5)
    for request, place in (({"step": -1}, 3), ({"step": -1}, 2), ({"step": 1}, 3), ({"seek": 0}, 0), ({"step": -1}, 0)):
        n_before = len(played.places)
        played.tell(**request)
        assert played.playback.state().frame == place
        assert played.until(n_before + 1)[-1] == place
        time.sleep(0.02)
        assert len(played.places) == n_before + 1
        assert played.playback.state().paused
    played.tell(seek=3, paused=False)
    assert played.until(12)[-2:] == [3, 4]


def test_steps_count_from_where_it_was_told_to_go_though_that_was_not_shown_yet() -> None:
    """Else a step soon after a jump would go on from where the replay was before."""
    playback = Playback(10, None, threading.Event(), at_end="hold")
    playback.obey(ReplayRequest(paused=True, seek=4))
    playback.obey(ReplayRequest(step=1))
    assert playback.state().frame == 5
    playback.obey(ReplayRequest(step=-2))
    frame = next(playback.play(frame_of, 0))
    assert (frame.data[0, 0, 0], playback.state().frame) == (3, 3)


def test_a_pause_holds_at_once_and_nothing_is_released_meanwhile(play: Any) -> None:
    played = play(1000, at_end="again")
    played.until(5)
    played.tell(paused=True)
    n_released = len(played.places)
    time.sleep(0.15)
    assert len(played.places) <= n_released + 1
    held = len(played.places)
    played.tell(paused=False)
    assert played.until(held + 2)[held] == held


def test_it_is_faster_and_slower_by_what_it_is_told(play: Any) -> None:
    played = play(1_000_000, fps=10.0, at_end="again")
    played.until(1)
    played.tell(speed=20.0)
    begun = time.monotonic()
    played.until(41)
    assert 0.1 < time.monotonic() - begun < 3.5  # 40 frames at 200 a second, not at 10, which takes 4 s


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"seek": 5}, "frames 0 to 4"),
        ({"seek": -1}, "no frame -1"),
        ({"speed": 0.0}, "positive"),
        ({"speed": 1e9}, "at most 100"),
    ],
)
def test_what_cannot_be_is_refused(request_: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Playback(5, 25.0, threading.Event()).obey(ReplayRequest(**request_))


def test_a_replay_without_a_pace_has_no_speed() -> None:
    with pytest.raises(ConfigError, match="as fast as its frames are taken"):
        Playback(5, None, threading.Event()).obey(ReplayRequest(speed=2.0))


def test_it_ends_or_begins_again_and_goes_on_where_it_was(play: Any) -> None:
    assert play(3, at_end="end").until(3) == [0, 1, 2]
    assert play(3, first=2, at_end="again").until(3)[:3] == [2, 0, 1]
    assert play(3, first=3, at_end="end").end() == []
