"""The native stage of a file that torch made: TorchScript, or a package of AOTInductor."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sonolucent._core import InferenceStage

_ODD = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, OverflowError)
"""What zipfile raises over bytes that are no archive of its kinds."""


def torch_stage(
    file: Path, *, dynamic_range_db: float, threads: int | None = None, backend: str | None = None
) -> InferenceStage:
    """Loads it, as `sonolucent._core.InferenceStage` does, once its checksums are right.

    libtorch takes the bytes of an archive as they are, and now and then ends the process over damaged ones.

    Raises:
        ValueError: it is damaged, or no network.
    """
    from sonolucent._core import InferenceStage

    _require_whole(file)
    return InferenceStage(str(file), dynamic_range_db=dynamic_range_db, threads=threads, backend=backend)


def _require_whole(file: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
    except _ODD as error:
        raise ValueError(f"{file}: not a network that torch wrote: {error}") from error
    if damaged is not None:
        raise ValueError(f"{file}: damaged in {damaged}; make it anew, or get it again")
