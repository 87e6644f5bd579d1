"""The wire format: whatever is encoded decodes to the same."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, End, Image, Stamp, Stream, Trail
from sonolucent.stream.transport.wire import decode, encode
from sonolucent.stream.transport.wire_header import MAX_HEADER_BYTES

from .wire_messages import TRAIL, header, same

counts = st.integers(0, 2**63 - 1)
shapes = st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5))


@given(
    frame_id=counts,
    first_tx=counts,
    shape=shapes,
    dtype=st.sampled_from(["<i2", "<f4", "<c8"]),
    seed=st.integers(0, 99),
)
def test_channels_round_trip(frame_id: int, first_tx: int, shape: tuple[int, int, int], dtype: str, seed: int) -> None:
    parts = 1000 * np.random.default_rng(seed).standard_normal((2, *shape))
    data = (parts[0] + 1j * parts[1] if dtype == "<c8" else parts[0]).astype(dtype)
    message = Channels(frame_id, data, first_tx, TRAIL)
    decoded = decode(encode(message))
    assert same(decoded, message)
    assert decoded.data.dtype == data.dtype


@given(
    model=st.text(max_size=40), skipped=st.text(max_size=40), range_db=st.floats(1e-3, 1e3), layers=st.integers(1, 2)
)
def test_image_round_trip(model: str, skipped: str, range_db: float, layers: int) -> None:
    pixels = np.full((layers, 4, 3), -3.5, np.float32)
    message = Image(7, pixels, range_db, model, "cpu", skipped, TRAIL, "fused", reason=skipped[::-1])
    assert same(decode(encode(message)), message)


@given(n=st.integers(1, 128), t0=st.floats(-1e-3, 1e-3), rate=st.none() | st.floats(0.1, 1e4))
def test_stream_round_trip(n: int, t0: float, rate: float | None) -> None:
    probe = Probe.linear(n_elements=n, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    message = Stream(Acquisition(probe=probe, tx_elements=range(n), initial_time_s=t0), ImageGrid.sau64(), rate)
    assert decode(encode(message)) == message


@st.composite
def sequences(draw: st.DrawFn) -> TransmitSequence:
    """Any delays and weights; every shot fires."""
    shape = draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    apodization = rng.choice([-1.0, 0.0, 0.25, 1.0], shape)
    apodization[:, draw(st.integers(0, shape[1] - 1))] = 1.0
    return TransmitSequence(rng.normal(0, 1e-6, shape), apodization)


@given(sequence=sequences(), demodulation_hz=st.just(0.0) | st.floats(1e5, 1e8))
def test_sequences_round_trip_at_any_frequency(sequence: TransmitSequence, demodulation_hz: float) -> None:
    n = sequence.n_elements
    probe = Probe.linear(n_elements=n, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe=probe, sequence=sequence, demodulation_frequency_hz=demodulation_hz)
    message = Stream(acquisition, ImageGrid.sau64(), dtype="<c8" if demodulation_hz else "<i2")
    header, payload = encode(message)
    assert memoryview(payload).nbytes == 2 * 8 * sequence.n_shots * n
    decoded = decode([header, bytes(payload)])
    assert decoded == message
    assert isinstance(decoded, Stream)
    assert decoded.acquisition.shape == (sequence.n_shots, n, 2048)


@pytest.mark.parametrize("dead", [(), (3,), (0, 63)])
def test_dead_elements_travel(dead: tuple[int, ...]) -> None:
    message = Stream(Acquisition(dead_elements=dead), ImageGrid.sau64())
    assert decode(encode(message)) == message
    assert (b"dead_elements" in encode(message)[0].split(b"imaging")[0]) == bool(dead)


def test_a_sequence_larger_than_a_header_travels() -> None:
    probe = Probe.linear(n_elements=128, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    message = Stream(Acquisition(probe=probe, sequence=TransmitSequence.hadamard(128)), ImageGrid.sau64())
    header, payload = encode(message)
    assert len(header) < MAX_HEADER_BYTES < memoryview(payload).nbytes
    assert decode([header, bytes(payload)]) == message


def test_times_and_counts_travel_up_to_the_last() -> None:
    last = 2**63 - 1
    trail = Trail(last, last, (Stamp("source", 0, last),), {"a>b": EdgeCounts(last, last, {"gap": last})})
    message = Channels(last, np.ones((1, 1, 1), np.int16), trail=trail)
    assert same(decode(encode(message)), message)


def test_end_round_trip() -> None:
    assert decode(encode(End(12))) == End(12)


@pytest.mark.parametrize("dtype", [np.int16, np.complex64])
def test_decoding_copies_nothing(dtype: Any) -> None:
    data = np.arange(24).astype(dtype).reshape(2, 3, 4)
    decoded = decode(encode(Channels(0, data)))
    assert np.shares_memory(decoded.data, data)
    assert not decoded.data.flags.writeable


def test_a_stream_without_a_grid_gets_the_one_that_fits() -> None:
    decoded = decode([header(kind="stream", session=3, acquisition={}), b""])
    assert decoded == Stream(Acquisition(), ImageGrid.sau64(), session=3)


def test_unknown_fields_are_ignored_so_that_the_format_can_grow() -> None:
    assert decode([header(kind="end", frames=1, mood="good"), b""]) == End(1)
