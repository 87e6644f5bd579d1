"""A stream that the next stage would refuse is refused where it begins: the run would wait for another for ever."""

from dataclasses import replace

import pytest

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Stream
from sonolucent.stream.runtime.source_loop import _require_acceptable

STREAM = Stream(Acquisition(), ImageGrid.sau64(), 25.0)


def test_what_the_next_stage_takes_passes() -> None:
    _require_acceptable(STREAM, Config(source="replay:good.uff"))


@pytest.mark.parametrize("frame_rate_hz", [-0.25, 0.0, float("nan")])
def test_what_it_would_refuse_is_refused_in_words(frame_rate_hz: float) -> None:
    with pytest.raises(ConfigError, match=r"bad\.uff: .*frame_rate_hz.*correct it in the file"):
        _require_acceptable(replace(STREAM, frame_rate_hz=frame_rate_hz), Config(source="replay:bad.uff"))
