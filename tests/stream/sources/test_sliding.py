"""A scan is divided into groups of shots, each a frame of its own; what is no part of a scan stays apart."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, ImageGrid, Probe
from sonolucent.stream import Channels, ConfigError, Stream
from sonolucent.stream.ledger import Ledger
from sonolucent.stream.messages import End, Message
from sonolucent.stream.sources.assembly import assemble
from sonolucent.stream.sources.sliding import SlidingAperture

N_SHOTS = 4
PROBE = Probe.linear(n_elements=N_SHOTS, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
SCANS = Stream(Acquisition(PROBE, range(N_SHOTS), 6, 25e6), ImageGrid.sau64(), frame_rate_hz=10.0, next_frame_id=0)
SHORTER = replace(SCANS, acquisition=SCANS.acquisition.of_shots([0]))


def shots(scan: int, which: Iterable[int]) -> Channels:
    """Consecutive shots of a scan; samples tell which."""
    numbers = np.array([10 * scan + shot for shot in which], np.int16)
    data = np.broadcast_to(numbers[:, None, None], (len(numbers), N_SHOTS, 6)).copy()
    return Channels(scan, data, min(which))


class Outcome:
    """What came of a scanner's messages, at an image every so many shots."""

    def __init__(self, every: int | None, *messages: Message) -> None:
        aperture = SlidingAperture.of(SCANS.acquisition, every)
        losses, refused = Ledger(), Ledger()
        passed_on = assemble(aperture.stream(SCANS), aperture.split(iter(messages)), losses, refused)
        frames = [aperture.placed(frame) for frame in passed_on if not frame.ahead]
        self.frames = [(frame.frame_id, frame.first_tx, frame.data[:, 0, 0].tolist()) for frame in frames]
        self.lost, self.refused = losses.counts().dropped, refused.counts().dropped


def test_each_group_of_a_scan_is_a_frame_of_its_own() -> None:
    outcome = Outcome(2, shots(0, range(4)), shots(1, [0]), shots(1, [1, 2]), shots(1, [3]), End(2))
    assert outcome.frames == [(0, 0, [0, 1]), (1, 2, [2, 3]), (2, 0, [10, 11]), (3, 2, [12, 13])]
    assert (outcome.lost, outcome.refused) == ({}, {})


def test_a_group_that_lost_a_shot_is_counted_and_the_others_of_its_scan_come() -> None:
    outcome = Outcome(2, shots(0, [0]), shots(0, [2, 3]), shots(1, range(4)), shots(1, range(4)), End(2))
    assert [frame_id for frame_id, *_ in outcome.frames] == [1, 2, 3]
    assert (outcome.lost, sum(outcome.refused.values())) == ({"incomplete": 1}, 2)


@pytest.mark.parametrize("every", [None, 2])
def test_shots_beyond_a_scan_are_refused_and_get_into_no_other(every: int | None) -> None:
    outcome = Outcome(every, shots(0, [2, 3, 4, 5]), shots(0, range(4)), shots(1, range(4)), End(2))
    assert sorted(sample for *_, samples in outcome.frames for sample in samples) == [0, 1, 2, 3, 10, 11, 12, 13]
    assert (outcome.lost, outcome.refused) == ({}, {"does not fit the stream": 1})


@pytest.mark.parametrize("every", [None, 2])
def test_scans_of_fewer_shots_are_said_and_refused(every: int | None, caplog: pytest.LogCaptureFixture) -> None:
    outcome = Outcome(every, shots(0, range(4)), SHORTER, shots(1, range(4)), End(2))
    assert len(outcome.frames) == 2 * SlidingAperture.of(SCANS.acquisition, every).n_groups
    assert "describes another acquisition" in caplog.text


def test_shots_that_cannot_be_divided_so_are_refused_with_the_nearest_number() -> None:
    with pytest.raises(ConfigError, match="every 3 does not divide the 4 shots of a frame; 2 does"):
        SlidingAperture.of(SCANS.acquisition, 3)


def test_ids_beyond_all_that_groups_can_have_are_refused_and_lose_nothing() -> None:
    last = 2**63 - 1
    beyond = replace(shots(0, range(4)), frame_id=last)
    outcome = Outcome(2, replace(SCANS, next_frame_id=last), shots(0, range(4)), beyond, End(last))
    assert [frame_id for frame_id, *_ in outcome.frames] == [0, 1]
    assert (outcome.lost, outcome.refused) == ({}, {"too far ahead": 2})
