"""Values out of HDF5 files whose maker is not trusted: only what lies in the file itself, and no more than it says.

An HDF5 file can name other files of whoever reads it, as targets of links, storage of data, or sources of virtual ones;
what it claims to hold can be larger than any memory, and a chunk can unpack to a thousand times its size.
"""

from __future__ import annotations

import math
import zlib
from types import EllipsisType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording.read_budget import charge

MAX_CHUNK_BYTES = 1 << 30
_MAX_DEPTH = 64
_MAX_LINKS = 1_000_000
# Deflate adds five bytes to 16 kB that it cannot shorten, and no filter adds more than this.
_PACKED_MORE, _PACKED_BYTES = 1.125, 4096
# What HDF5 keeps of a dataset that is open; so that many small ones cost something too.
OPEN_BYTES = 4096
_DEFLATE, _FLETCHER32 = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32


def require_links_inside(file: h5py.File) -> None:
    """Refuses a file with links to others. HDF5's own walk through a file would crash on groups nested too deep.

    Raises:
        ValueError: a link leads out of the file, groups are nested too deep, or there are too many links.
    """
    seen: set[int] = set()
    waiting = [("", file.id, 0)]
    n_links = 0
    while waiting:
        path, group, depth = waiting.pop()
        for name, kind in _links(group):
            n_links += 1
            place = f"{path}/{name.decode('utf-8', 'replace')}"
            if kind not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT):
                raise ValueError(f"{place} is a link to another file; copy what it leads to into this one")
            if depth == _MAX_DEPTH or n_links > _MAX_LINKS:
                raise ValueError(f"{place}: groups nested {depth} deep, {n_links} links; nothing that is read has more")
            if kind == h5py.h5l.TYPE_HARD:
                held = h5py.h5o.get_info(group, name)
                if held.type == h5py.h5o.TYPE_GROUP and held.addr not in seen:
                    seen.add(held.addr)
                    waiting.append((place, h5py.h5g.open(group, name), depth + 1))


def _links(group: h5py.h5g.GroupID) -> list[tuple[bytes, int]]:
    """Names and types."""
    found: list[tuple[bytes, int]] = []
    # h5py gives one object for all links, that changes.
    group.links.iterate(lambda name, link: found.append((name, link.type)), info=True)
    return found


def read(dataset: h5py.Dataset, index: int | EllipsisType = ...) -> NDArray[Any]:
    """All of a dataset, or one row of it.

    Raises:
        ValueError: it is none, its values lie in another file, a chunk is or unpacks to more than it may, or the values
            take more memory than is left to the file.
    """
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"{dataset.name} is a group where values are due")
    made = dataset.id.get_create_plist()
    if made.get_layout() == h5py.h5d.VIRTUAL or made.get_external_count():
        raise ValueError(f"the values of {dataset.name} lie in another file; copy them into this one")
    require_chunks(dataset)
    n_values = math.prod(dataset.shape if index is ... else dataset.shape[1:])
    n_bytes = n_values * _value_bytes(dataset.id, dataset.dtype)
    charge(OPEN_BYTES + max(n_bytes, _chunk_bytes(dataset)), dataset.name)
    if made.get_nfilters():
        filters = [made.get_filter(i)[0] for i in range(made.get_nfilters())]
        _require_honest_chunks(dataset, filters, slice(None) if index is ... else slice(index, index + 1))
    values: NDArray[Any] = dataset[index]
    return values


def attribute(item: h5py.Group | h5py.Dataset, name: str, default: Any = None) -> Any:
    """An attribute of a file's item, or the default where it has none of that name.

    Raises:
        ValueError: it takes more memory than is left to the file.
    """
    if name not in item.attrs:
        return default
    held = item.attrs.get_id(name)
    n_values = math.prod(held.shape or ())
    # One of any length is looked at, and not kept.
    value_bytes = _value_bytes(item.id, held.dtype) if n_values > 1 else held.dtype.itemsize
    charge(n_values * value_bytes, f"{name} of {item.name}")
    return item.attrs[name]


def _value_bytes(item: h5py.h5o.ObjectID, dtype: np.dtype[Any]) -> int:
    """What one value may take. Where values are of any length, each may be almost as long as the file, and all may be
    the same piece of it: h5py makes a copy of it for each."""
    is_bounded = not dtype.hasobject or is_reference(dtype)
    return int(dtype.itemsize if is_bounded else h5py.h5i.get_file_id(item).get_filesize())


def is_reference(dtype: np.dtype[Any]) -> bool:
    """Whether values lead to other items of the file. To compare types would not tell: texts are objects too."""
    return h5py.check_ref_dtype(dtype) is not None


def require_chunks(dataset: h5py.Dataset) -> None:
    """Refuses a dataset that cannot be read piece by piece within reasonable memory.

    Raises:
        ValueError: one chunk is more than 1 GiB, or its shape can change in more than the first axis.
    """
    if _chunk_bytes(dataset) > MAX_CHUNK_BYTES:
        raise ValueError(f"{dataset.name} has chunks of {dataset.chunks}, beyond {MAX_CHUNK_BYTES} bytes")
    growing = zip(dataset.shape[1:], (dataset.maxshape or ())[1:], strict=False)
    if any(most not in (None, length) for length, most in growing):
        # HDF5 finds chunks by the largest shape, and crashes where their table was made for another.
        raise ValueError(
            f"{dataset.name} of {dataset.shape} may grow to {dataset.maxshape}; only frames may become more"
        )


def _chunk_bytes(dataset: h5py.Dataset) -> int:
    return math.prod(dataset.chunks or (1,)) * int(dataset.dtype.itemsize)


def _require_honest_chunks(dataset: h5py.Dataset, filters: list[int], rows: slice) -> None:
    """HDF5 unpacks a chunk whatever it comes to, so deflated ones are unpacked here before, no further than they may.

    Raises:
        ValueError: a chunk is packed to more than it is, or unpacks to more.
    """
    if 0 in dataset.shape:
        return
    if _DEFLATE in filters and set(filters[filters.index(_DEFLATE) + 1 :]) - {_FLETCHER32}:
        raise ValueError(f"{dataset.name} is packed twice, which nobody has a reason to do")
    n_bytes = _chunk_bytes(dataset)
    for chunk in dataset.iter_chunks((rows, *(slice(None) for _ in dataset.shape[1:]))):
        offset = tuple(part.start // size * size for part, size in zip(chunk, dataset.chunks, strict=True))
        packed = dataset.id.get_chunk_info_by_coord(offset)
        if packed.byte_offset is None:
            continue
        if packed.size > _PACKED_MORE * n_bytes + _PACKED_BYTES:
            raise ValueError(f"{dataset.name}: a chunk of {n_bytes} bytes is packed to {packed.size}")
        if _DEFLATE in filters and not packed.filter_mask >> filters.index(_DEFLATE) & 1:
            _require_unpacked(dataset.name, dataset.id.read_direct_chunk(offset)[1], n_bytes)


def _require_unpacked(name: str, packed: bytes, n_bytes: int) -> None:
    try:
        unpacked = zlib.decompressobj().decompress(packed, n_bytes + 1)
    except zlib.error:
        return  # HDF5 says what is wrong with it
    if len(unpacked) > n_bytes:
        raise ValueError(f"{name}: a chunk of {n_bytes} bytes unpacks to more")


def require_filters(dataset: h5py.Dataset) -> None:
    """Makes the filters at hand that a dataset is compressed by.

    Raises:
        ValueError: one is not installed.
    """
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    if all(h5py.h5z.filter_avail(number) for number in filters):
        return
    try:
        import hdf5plugin  # noqa: F401 - registers them
    except ImportError as error:
        raise ValueError("compressed by a filter that is not installed; pip install 'sonolucent[formats]'") from error
