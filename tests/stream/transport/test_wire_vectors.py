"""The vectors that the documents give of the wire format, decoded and encoded again."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.messages import Stream
from sonolucent.stream.transport.wire import WireError, decode, encode

from .wire_messages import same

DOCS = Path(__file__).parents[3] / "docs"
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
