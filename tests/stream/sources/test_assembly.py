"""A scanner's messages become whole frames, and every frame and message that does not is counted once."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.stream.ledger import Ledger
from sonolucent.stream.messages import Channels, End, Message, Stream
from sonolucent.stream.sources import assembly
from sonolucent.stream.sources.assembly import assemble

N_SHOTS = 4
PROBE = Probe.linear(n_elements=N_SHOTS, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(N_SHOTS), 6, 25e6), ImageGrid.sau64())
FROM_ZERO = replace(STREAM, next_frame_id=0)


def whole(i: int) -> Channels:
    """Frame `i`, each of its samples telling frame and shot."""
    shot = np.arange(N_SHOTS, dtype=np.int16)[:, None, None] + 100 * i
    return Channels(i, np.broadcast_to(shot, STREAM.acquisition.shape).astype(np.int16))


def shots(i: int, which: Iterable[int] = range(N_SHOTS)) -> list[Channels]:
    return [Channels(i, whole(i).data[k : k + 1], k) for k in which]


class Outcome:
    """What came of some messages; every frame that did is whole and unmixed, or this fails."""

    def __init__(self, messages: Iterable[Message], stream: Stream = STREAM) -> None:
        losses, refused = Ledger(), Ledger()
        passed_on = list(assemble(stream, iter(messages), losses, refused))
        frames = [frame for frame in passed_on if not frame.ahead]
        self.ahead = [(shots.frame_id, shots.first_tx) for shots in passed_on if shots.ahead]
        assert all(np.array_equal(frame.data, whole(frame.frame_id).data) for frame in frames)
        self.frames = [frame.frame_id for frame in frames]
        self.lost, self.refused = losses.counts().dropped, refused.counts().dropped

    @property
    def all(self) -> tuple[list[int], dict[str, int], dict[str, int]]:
        return self.frames, self.lost, self.refused


def test_whole_frames_pass() -> None:
    assert Outcome([whole(0), whole(1), End(2)]).all == ([0, 1], {}, {})


def test_shots_make_frames_one_by_one_or_several_at_a_time() -> None:
    pair = Channels(1, whole(1).data[:2], 0)
    assert Outcome([*shots(0), pair, *shots(1, (2, 3)), End(2)]).all == ([0, 1], {}, {})


def test_what_a_scanner_calls_ahead_is_a_frame_like_others() -> None:
    told = [replace(message, ahead=True) for message in (whole(0), *shots(1))]
    assert Outcome([*told, End(2)]).all == ([0, 1], {}, {})


def test_shots_go_ahead_of_the_oldest_open_frame_but_the_last_one() -> None:
    crossed = [*shots(0, (1, 0, 2)), *shots(1, (0,)), *shots(0, (3,)), *shots(1, (3, 2, 1))]
    assert Outcome([*crossed, End(2)]).ahead == [(0, 1), (0, 0), (0, 2), (1, 3), (1, 2)]


def test_shots_may_overtake_one_another_within_a_frame_and_across_its_end() -> None:
    crossed = [*shots(0, (1, 0, 2)), *shots(1, (0,)), *shots(0, (3,)), *shots(1, (3, 2, 1))]
    assert Outcome([*crossed, End(2)]).all == ([0, 1], {}, {})


def test_a_lost_shot_loses_its_frame_only() -> None:
    assert Outcome([*shots(0, (0, 1, 3)), *shots(1), End(2)]).all == ([1], {"incomplete": 1}, {})


def test_a_frame_is_given_up_when_two_later_ones_have_begun() -> None:
    messages = [*shots(0, (0, 1, 2)), *shots(1, (0,)), *shots(2, (0,)), *shots(0, (3,)), *shots(2, (1, 2, 3))]
    assert Outcome([*messages, End(3)]).all == ([2], {"incomplete": 2}, {"late": 1})


def test_a_frame_is_given_up_when_a_later_one_is_complete() -> None:
    assert Outcome([whole(0), whole(2), whole(1), End(3)]).all == ([0, 2], {"gap": 1}, {"late": 1})


def test_a_gap_is_counted() -> None:
    assert Outcome([whole(0), whole(4), End(5)]).all == ([0, 4], {"gap": 3}, {})


@pytest.mark.parametrize("share", [[whole(i) for i in range(0, 100, 2)], [shots(i, (0, 2)) for i in range(50)]])
def test_another_reader_of_the_same_scanner_is_told_once(share: list[Any], caplog: pytest.LogCaptureFixture) -> None:
    """Frame by frame, or shot by shot: what comes here is what the other one was not dealt."""
    Outcome([message for dealt in share for message in (dealt if isinstance(dealt, list) else [dealt])])
    assert caplog.text.count("does another program read from it?") == 1


def test_a_frame_lost_now_and_then_and_an_outage_are_no_other_reader(caplog: pytest.LogCaptureFixture) -> None:
    Outcome([whole(i) for i in range(300) if i % 10 and not 100 < i < 200])
    assert caplog.text == ""


def test_frames_that_never_came_at_either_end_are_counted() -> None:
    assert Outcome([whole(2), End(5)], FROM_ZERO).all == ([2], {"gap": 4}, {})
    assert Outcome([End(3)], FROM_ZERO).all == ([], {"gap": 3}, {})
    assert Outcome([whole(2), End(3)]).all == ([2], {}, {})  # a late joiner misses nothing


def test_duplicates_are_refused_before_and_after_their_frame_is_complete() -> None:
    messages = [*shots(0, (0, 0, 1, 2, 3, 3, 3)), whole(1), whole(1)]
    assert Outcome([*messages, End(2)]).all == ([0, 1], {}, {"duplicate": 4})


@pytest.mark.parametrize(
    "stranger",
    [
        Channels(1, np.zeros((1, 2, 3), np.int16)),
        Channels(1, np.zeros((1, N_SHOTS, 6), np.float32)),
        Channels(1, np.zeros((2, N_SHOTS, 6), np.int16), first_tx=3),
        Channels(1, np.zeros((N_SHOTS + 1, N_SHOTS, 6), np.int16)),
    ],
)
def test_shots_that_do_not_fit_are_refused(stranger: Channels) -> None:
    assert Outcome([whole(0), stranger, whole(1), End(2)]).all == ([0, 1], {}, {"does not fit the stream": 1})


def test_a_stream_that_breaks_off_within_a_frame() -> None:
    assert Outcome([*shots(0), *shots(1, (0, 1))]).all == ([0], {"incomplete": 1}, {})


def test_a_scanner_that_starts_anew_is_followed() -> None:
    again = replace(STREAM, session=1)
    messages = [whole(7), *shots(8, (0,)), again, whole(0), again, whole(1), End(2)]
    assert Outcome(messages).all == ([7, 0, 1], {"incomplete": 1}, {})


def test_a_repeated_description_changes_nothing() -> None:
    assert Outcome([*shots(0, (0, 1)), STREAM, *shots(0, (2, 3)), End(1)]).all == ([0], {}, {})


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, N_SHOTS - 1), st.integers(1, N_SHOTS)), max_size=80),
    st.integers(0, 8),
)
def test_whatever_comes_every_frame_and_every_message_is_counted_once(
    arrivals: list[tuple[int, int, int]], n_frames: int
) -> None:
    messages = [Channels(i, whole(i).data[first : first + n], first) for i, first, n in arrivals]
    outcome = Outcome([*messages, End(n_frames)], FROM_ZERO)
    n_known = max([n_frames, *(i + 1 for i, _, _ in arrivals)])
    assert outcome.frames == sorted(set(outcome.frames))
    assert len(outcome.frames) + sum(outcome.lost.values()) == n_known
    assert sum(outcome.refused.values()) <= len(messages) - len(outcome.frames)


def test_one_wrong_number_does_not_make_all_others_late() -> None:
    wrong = Channels(2**63 - 1, whole(1).data)
    outcome = Outcome([whole(0), wrong, whole(1), whole(2), End(3)], FROM_ZERO)
    assert outcome.all == ([0, 1, 2], {}, {"too far ahead": 1})


def test_a_count_that_jumped_is_followed_once_the_scanner_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long outage, or where the count itself was wrong for a while."""
    monkeypatch.setattr(assembly, "_FARTHEST", 10)
    after_an_outage = [whole(0), whole(99), replace(STREAM, next_frame_id=100), whole(100), End(101)]
    assert Outcome(after_an_outage, FROM_ZERO).all == ([0, 100], {"gap": 99}, {"too far ahead": 1})
    wrong, right = (replace(STREAM, next_frame_id=i) for i in (50, 1))
    assert Outcome([whole(0), wrong, right, whole(1), End(2)], FROM_ZERO).frames == [0, 1]


LAST = 2**63 - 1


@pytest.mark.parametrize(
    ("messages", "frames"),
    [
        ([whole(0), End(LAST)], [0]),
        ([whole(0), *[replace(STREAM, next_frame_id=i) for i in (LAST, 1)] * 3, whole(1), End(2)], [0, 1]),
        ([whole(0), whole(1), Channels(LAST - 9, whole(1).data[:1]), End(LAST - 8)], [0, 1]),
    ],
)
def test_a_count_that_jumps_by_more_than_there_can_be_frames_is_no_loss(
    messages: list[Message], frames: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    for stream in (STREAM, FROM_ZERO):
        outcome = Outcome(messages, stream)
        assert outcome.frames == frames
        assert sum(outcome.lost.values()) <= 2  # of the last case: the frame that began, and the one before it
    assert "another count, no loss" in caplog.text


def test_the_last_id_that_there_is_has_none_after_it_and_is_refused() -> None:
    assert Outcome([Channels(LAST, whole(0).data), whole(0), End(1)]).all == ([0], {}, {"too far ahead": 1})


def test_that_another_acquisition_is_described_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    other = replace(STREAM, acquisition=replace(STREAM.acquisition, n_samples=7))
    Outcome([whole(0), other, other, other, End(1)])
    assert caplog.text.count("describes another acquisition now") == 1


@pytest.mark.parametrize("wrong", [9_000, 10**12])
@pytest.mark.parametrize("parts", [lambda i: [whole(i)], shots])
def test_a_count_that_was_wrong_once_is_not_believed_for_long(
    wrong: int, parts: Callable[[int], list[Channels]]
) -> None:
    """Frames that go on as before are late by it, whether their scanner tells its count or not."""
    messages = [whole(0), Channels(wrong, whole(1).data[:1]), *[shot for i in range(2, 12) for shot in parts(i)]]
    for stream in (STREAM, FROM_ZERO):
        if stream is FROM_ZERO and wrong > 10_000:
            continue  # too far ahead at once
        outcome = Outcome(messages, stream)
        assert outcome.frames[-4:] == [8, 9, 10, 11]


def test_a_few_late_frames_are_no_other_count() -> None:
    late = [whole(i) for i in range(5, 8)]
    assert Outcome([whole(20), *late, whole(21), *late, whole(22), End(23)]).all == ([20, 21, 22], {}, {"late": 6})
