"""The wire format refuses whatever is no message, with a reason."""

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonolucent.stream.messages import Channels
from sonolucent.stream.transport.wire import WireError, decode, encode
from sonolucent.stream.transport.wire_header import MAGIC, MAX_HEADER_BYTES

from .wire_messages import PREFIX, TRAIL, header


def probe_of(**changes: object) -> dict[str, Any]:
    probe = {"n_elements": 64, "pitch_m": 3e-4, "element_width_m": 2.7e-4, "center_frequency_hz": 5e6}
    return {"probe": {**probe, **changes}}


def grid_of(side: int) -> dict[str, Any]:
    return {"x0_m": 0.0, "z0_m": 0.0, "dx_m": 1e-6, "dz_m": 1e-6, "n_z": side, "n_x": side}


def channels_with(trail: dict[str, Any]) -> list[bytes]:
    return [header(kind="channels", frame_id=0, dtype="<i2", shape=[1, 1, 1], trail=trail), bytes(2)]


NO_ULTRASOUND: list[dict[str, Any]] = [
    probe_of(n_elements=1 << 20),
    probe_of(pitch_m=100.0),
    probe_of(pitch_m=1e-300, element_width_m=1e-300),
    probe_of(center_frequency_hz=5.0),
    {"sound_speed_m_s": 1e300},
    {"sound_speed_m_s": 1e-300},
    {"sampling_frequency_hz": 37.5},
    {"initial_time_s": 1e3},
    {"initial_time_s": -1e300},
]
_BEYOND = (-1, 2**63, 2**64 - 1)
NO_TRAILS: list[dict[str, Any]] = [
    trail
    for n in _BEYOND
    for trail in (
        {"acquired_ns": n},
        {"acquired_utc_ns": n},
        {"stamps": [["source", n, 0]]},
        {"stamps": [["source", 0, n]]},
        {"edges": {"a>b": {"acquired": n}}},
        {"edges": {"a>b": {"delivered": n}}},
        {"edges": {"a>b": {"dropped": {"gap": n}}}},
    )
]


@pytest.mark.parametrize(
    ("reason", "parts"),
    [
        ("foreign", [b"", b""]),
        ("foreign", [b"GET / HTTP/1.1", b""]),
        ("schema", [MAGIC + b"\x63\x00\x80", b""]),
        ("malformed", [PREFIX, b""]),
        ("malformed", [header(kind="end", frames=1)]),
        ("malformed", [header(kind="end", frames=1), b"", b""]),
        ("malformed", [header(kind="telegram"), b""]),
        ("malformed", [header(kind="end", frames=-1), b""]),
        ("malformed", [header(kind="end", frames=1), b"payload"]),
        ("malformed", [header(kind="stream", session=3, acquisition={"n_samples": 0}), b""]),
        ("malformed", [header(kind="stream", session=3, acquisition={"sampling_frequency_hz": 1e300}), b""]),
        ("malformed", [header(kind="stream", session=3, acquisition={}, frame_rate_hz=-1.0), b""]),
        ("malformed", [header(kind="stream", session=3, acquisition={"demodulation_frequency_hz": 7.5e6}), b""]),
        ("malformed", [header(kind="channels", frame_id=0, dtype="|O8", shape=[1, 1, 1]), b"12345678"]),
        ("malformed", [header(kind="channels", frame_id=0, dtype="<i2", shape=[0, 4, 4]), b""]),
        ("malformed", [header(kind="image", frame_id=0, shape=[3, 1, 1], dynamic_range_db=60.0), bytes(12)]),
        ("malformed", [header(kind="image", frame_id=0, shape=[1, 1, 1], dynamic_range_db=float("nan")), bytes(4)]),
        *[("malformed", [header(kind="stream", session=3, acquisition=a), b""]) for a in NO_ULTRASOUND],
        *[("malformed", channels_with(trail)) for trail in NO_TRAILS],
        ("oversized", [header(kind="stream", session=3, acquisition={}, grid=grid_of(16000)), b""]),
        ("oversized", [header(kind="stream", session=3, acquisition={}, offered_grid=grid_of(16000)), b""]),
        ("truncated", [header(kind="channels", frame_id=0, dtype="<i2", shape=[1, 2, 2]), bytes(7)]),
        ("oversized", [header(kind="channels", frame_id=0, dtype="<i2", shape=[1, 2, 2]), bytes(9)]),
        ("oversized", [header(kind="channels", frame_id=0, dtype="<i2", shape=[1 << 20, 1 << 20, 1 << 20]), b""]),
        ("oversized", [header(kind="stream", session=3, acquisition={"n_samples": 1 << 60}), b""]),
        ("oversized", [PREFIX + bytes(MAX_HEADER_BYTES), b""]),
    ],
)
def test_bad_messages_are_refused_with_a_reason(reason: str, parts: list[bytes]) -> None:
    with pytest.raises(WireError) as refusal:
        decode(parts)
    assert refusal.value.reason == reason


@given(st.lists(st.binary(max_size=200), max_size=3))
def test_no_bytes_crash_the_decoder(parts: list[bytes]) -> None:
    with pytest.raises(WireError):
        decode(parts)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_flipped_byte_is_refused_or_decodes(position: int, value: int) -> None:
    head, payload = encode(Channels(3, np.ones((1, 2, 4), np.int16), 0, TRAIL))
    broken = bytearray(head)
    broken[position % len(broken)] = value
    with contextlib.suppress(WireError):
        assert isinstance(decode([bytes(broken), payload]), Channels)


def test_other_dtypes_are_not_encoded() -> None:
    with pytest.raises(ValueError, match="int16, float32 or complex64, not float64"):
        encode(Channels(0, np.zeros((1, 1, 1))))
