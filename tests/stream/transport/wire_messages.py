"""Headers and messages for tests of the wire format."""

import msgspec
import numpy as np

from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Stamp, Trail
from sonolucent.stream.transport.wire_header import MAGIC

PREFIX = MAGIC + b"\x01\x00"
TRAIL = Trail(
    5, 1_700_000_000_000_000_000, (Stamp("source", 1, 2),), {"source>beamform": EdgeCounts(3, 1, {"latest": 2})}
)


def header(**fields: object) -> bytes:
    return PREFIX + msgspec.msgpack.encode(fields)


def same(a: object, b: object) -> bool:
    """Equality of messages, arrays by value."""
    fields_a, fields_b = vars(a), vars(b)
    return type(a) is type(b) and all(np.array_equal(fields_a[k], fields_b[k]) for k in fields_a)
