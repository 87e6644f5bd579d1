"""The shots of one frame of a Verasonics sequence, in the order of its events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording.formats import matlab
from sonolucent.stream.recording.sanity import Claim, number, numbers


@dataclass(frozen=True)
class Shot:
    """One transmit and what is received of it; lengths are in wavelengths.

    Args:
        delay_waves, apodization: of each element, (n_el,).
        peak_waves: when the pulse has its peak.
        start_depth_waves: the depth of the first sample.
        start, end: its samples in the buffer.
        sampling_mhz: its sampling frequency.
    """

    delay_waves: NDArray[np.float64]
    apodization: NDArray[np.float64]
    peak_waves: float
    start_depth_waves: float
    start: int
    end: int
    sampling_mhz: float


def first_frame(held: dict[str, Any]) -> list[Shot]:
    """The shots of the first frame, by `Event` where it is there, else in the order of `TX`.

    Raises:
        ValueError: a structure lacks what is needed, or data are sampled at less than 200 % bandwidth.
    """
    transmits, receives, waveforms = (matlab.listed(held[name]) for name in ("TX", "Receive", "TW"))
    pairs = _events(held["Event"], receives) if "Event" in held else [(i, i) for i in range(len(transmits))]
    if not pairs:
        raise ValueError("Event has no transmit that is received in the first frame")
    return [_shot(_one(transmits, tx, "TX"), _one(receives, rx, "Receive"), waveforms) for tx, rx in pairs]


def _events(events: Any, receives: list[Any]) -> list[tuple[int, int]]:
    """The indices, from 0, of transmits and receives."""
    pairs = [
        (_integer(event, "tx", "Event") - 1, _integer(event, "rcv", "Event") - 1) for event in matlab.listed(events)
    ]
    both = [(tx, rx) for tx, rx in pairs if tx >= 0 and rx >= 0]
    return [(tx, rx) for tx, rx in both if getattr(_one(receives, rx, "Receive"), "framenum", 1) == 1]


def _shot(transmit: Any, receive: Any, waveforms: list[Any]) -> Shot:
    mode = getattr(receive, "sampleMode", "NS200BW")
    if mode != "NS200BW":
        raise ValueError(f"Receive.sampleMode is {mode}; NS200BW, real samples of the whole band, can be read")
    which = int(number(Claim("TX.waveform", getattr(transmit, "waveform", 1)))) - 1
    return Shot(
        delay_waves=numbers(Claim("TX.Delay", matlab.field(transmit, "Delay", "TX"))).ravel(),
        apodization=numbers(Claim("TX.Apod", matlab.field(transmit, "Apod", "TX"))).ravel(),
        peak_waves=_number(_one(waveforms, which, "TW"), "peak", "TW"),
        start_depth_waves=_number(receive, "startDepth", "Receive"),
        start=_integer(receive, "startSample", "Receive") - 1,
        end=_integer(receive, "endSample", "Receive"),
        sampling_mhz=_sampling_mhz(receive),
    )


def _sampling_mhz(receive: Any) -> float:
    if getattr(receive, "decimSampleRate", None) is not None:
        return _number(receive, "decimSampleRate", "Receive") / float(getattr(receive, "quadDecim", None) or 1)
    return _number(receive, "ADCRate", "Receive") / float(getattr(receive, "decimFactor", None) or 1)


def _one(structs: list[Any], index: int, name: str) -> Any:
    if not 0 <= index < len(structs):
        raise ValueError(f"{name}({index + 1}) is asked for; there are {len(structs)}")
    return structs[index]


def _number(struct: Any, name: str, of: str) -> float:
    return number(Claim(f"{of}.{name}", matlab.field(struct, name, of)))


def _integer(struct: Any, name: str, of: str) -> int:
    return int(_number(struct, name, of))
