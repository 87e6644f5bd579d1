"""The wire format: whatever is encoded decodes to the same, and nothing else gets through."""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.beamform.probe import Probe
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, End, Image, Stamp, Stream, Trail
from sonolucent.stream.transport.wire import WireError, decode, encode
from sonolucent.stream.transport.wire_header import MAGIC, MAX_HEADER_BYTES

DOCS = Path(__file__).parents[3] / "docs"
PREFIX = MAGIC + b"\x01\x00"
TRAIL = Trail(
    5, 1_700_000_000_000_000_000, (Stamp("source", 1, 2),), {"source>beamform": EdgeCounts(3, 1, {"latest": 2})}
)

counts = st.integers(0, 2**63 - 1)
shapes = st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5))


def header(**fields: object) -> bytes:
    return PREFIX + msgspec.msgpack.encode(fields)


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


def same(a: object, b: object) -> bool:
    """Equality of messages, arrays by value."""
    fields_a, fields_b = vars(a), vars(b)
    return type(a) is type(b) and all(np.array_equal(fields_a[k], fields_b[k]) for k in fields_a)


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


VECTORS = {vector["name"]: vector for vector in json.loads((DOCS / "wire-vectors.json").read_text())}


def parts_of(vector: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(vector["header"]), bytes.fromhex(vector["payload"])]


def told_array(array: Any) -> Any:
    """Nested lists; complex numbers as pairs."""
    return (np.stack([array.real, array.imag], axis=-1) if np.iscomplexobj(array) else array).tolist()


def told(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what came after the first vectors, where it is as it was then."""
    came_later = {
        "imaging": plain(ImagingSettings()),
        "revision": 0,
        "n_shots": None,
        "strength": 1.0,
        "offered_grid": None,
        "ahead": False,
        "sequence": None,
        "dead_elements": [],
    }
    return {name: value for name, value in fields.items() if name not in came_later or value != came_later[name]}


def plain(value: object) -> Any:
    """A value as JSON tells it."""
    return json.loads(msgspec.json.encode(value, enc_hook=told_array))


def as_told(message: object) -> dict[str, Any]:
    """A message as the vectors tell it."""
    fields = dict(vars(message))
    for name, value in vars(message).items():
        if isinstance(value, np.ndarray):
            fields |= {name: told_array(value), "dtype": value.dtype.str}
    facts = told({"kind": type(message).__name__.lower(), **plain(fields)})
    return facts | ({"acquisition": told(facts["acquisition"])} if isinstance(message, Stream) else {})


@pytest.mark.parametrize("name", [name for name, vector in VECTORS.items() if "message" in vector])
def test_the_vectors_decode_to_their_messages_and_encode_to_their_bytes(name: str) -> None:
    vector = VECTORS[name]
    message = decode(parts_of(vector))
    assert as_told(message) == vector["message"]
    again = [bytes(part) for part in encode(message)]
    assert (again == parts_of(vector)) == vector["canonical"]
    assert same(decode(again), message)


@pytest.mark.parametrize("name", [name for name, vector in VECTORS.items() if "refused" in vector])
def test_the_vectors_of_bad_messages_are_refused(name: str) -> None:
    with pytest.raises(WireError) as refusal:
        decode(parts_of(VECTORS[name]))
    assert refusal.value.reason == VECTORS[name]["refused"]


@pytest.mark.parametrize("name", ["stream", "stream-sequence-minimal", "channels", "image", "end"])
def test_the_documented_bytes_are_those_of_the_vectors(name: str) -> None:
    block = re.search(rf"```hex {name}\n(.*?)```", (DOCS / "wire.md").read_text(), re.DOTALL)
    assert block is not None
    bare = re.sub(r";.*", "", block[1])
    assert [bytes.fromhex(part) for part in bare.split("--")] == parts_of(VECTORS[name])


def test_a_stream_must_name_its_session() -> None:
    with pytest.raises(WireError, match="session"):
        decode(parts_of(VECTORS["no-session"]))
