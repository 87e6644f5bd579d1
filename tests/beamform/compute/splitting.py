"""Split complex rows, back to NumPy's."""

from sonolucent.beamform.compute.simd import LANES


def joined(rows):
    """Complex (n, m) from rows as in `split_complex.py`, float32 (n, 2 m)."""
    apart = rows.reshape(len(rows), -1, 2, LANES)
    return (apart[:, :, 0] + 1j * apart[:, :, 1]).reshape(len(rows), -1)
