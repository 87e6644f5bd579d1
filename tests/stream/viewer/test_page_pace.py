"""A page beside the pipeline: at its own rate while no frame is lost, at a fifth of a second apart at the slowest."""

import math
from dataclasses import replace

import pytest

from sonolucent.stream import Image
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.viewer.page_pace import Pace

from .conftest import image

FRAME_S = 0.04


def losing(lost: int, reason: str = "drop_oldest") -> Image:
    frame = image(0)
    counts = {"source>beamform": EdgeCounts(100 + lost, 100, {reason: lost} if lost else {})}
    return replace(frame, trail=replace(frame.trail, edges=counts))


def frames_sent(
    pace: Pace, seconds: float, losses_a_second: float, begun_s: float = 0.0, reason: str = "drop_oldest"
) -> int:
    sent = 0
    for i in range(math.ceil(seconds / FRAME_S)):
        now_s = begun_s + i * FRAME_S
        if pace.is_time(losing(int(losses_a_second * now_s), reason), now_s):
            pace.sent(now_s)
            sent += 1
    return sent


def test_every_frame_is_sent_while_none_is_lost() -> None:
    assert frames_sent(Pace(), 10, 0) == 250


def test_losses_of_before_the_page_came_do_not_count() -> None:
    pace = Pace()
    assert all(pace.is_time(losing(500), now_s) for now_s in (0.0, 0.6, 1.2))


@pytest.mark.parametrize(("reason", "least", "most"), [("drop_oldest", 4, 7), ("latest", 25, 25)])
def test_frames_come_slower_while_stages_lose_some(reason: str, least: int, most: int) -> None:
    pace = Pace()
    frames_sent(pace, 5, 8, reason=reason)
    assert least <= frames_sent(pace, 10, 8, begun_s=5.0, reason=reason) / 10 <= most


def test_the_pace_is_taken_up_again() -> None:
    pace = Pace()
    frames_sent(pace, 5, 8)
    for i in range(1000):
        pace.is_time(losing(40), 5.0 + i * FRAME_S)
    assert frames_sent(pace, 4, 0, begun_s=100.0) == 100
