"""`sonolucent image FILE OUT`: beamforms a recording to PNG, MP4 or HDF5."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import tyro
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition, ImageGrid
from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Image, Stream, Trail
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.open import open_recording

Analytic = NDArray[np.complex64]
Enhancement = Callable[[Image, Analytic, float], Image]


class ImageOptions(msgspec.Struct, frozen=True):
    """Beamforms frames of a recording.

    Args:
        file: the recording.
        out: the new file; its suffix decides: .png (one frame), .mp4, .h5 (the images in dB with their axes).
        method: fourier, or das (delay-and-sum, slow and plain).
        transmits: how many of the transmits to use, evenly spread; all by default.
        enhance: what enhances the images, as `model` of `run`, or frequency-compound, steering-compound; without a
            value auto. The HDF5 file then holds both.
        frame: the frame that becomes a PNG.
        dynamic_range_db: of the image.
    """

    file: tyro.conf.Positional[Path]
    out: tyro.conf.Positional[Path]
    method: Literal["fourier", "das"] = "fourier"
    transmits: int | None = None
    enhance: str = "none"
    frame: int = 0
    dynamic_range_db: float = 60.0


def main(arguments: Sequence[str]) -> int:
    options = parse(ImageOptions, _with_default_enhancement(arguments), "image")
    write = _writer(options.out)
    recording = open_recording(options.file)
    if not 0 <= options.frame < len(recording):
        raise ConfigError(f"{options.file} holds {len(recording)} frames of channel data; there is no {options.frame}")
    shots = _spread(recording.acquisition.n_tx, options.transmits)
    elements = [recording.acquisition.tx_elements[i] for i in shots]
    acquisition = replace(recording.acquisition, tx_elements=elements)
    stream = Stream(acquisition, ImageGrid.for_acquisition(recording.acquisition), recording.frame_rate_hz)
    wanted = range(options.frame, options.frame + 1) if options.out.suffix == ".png" else range(len(recording))
    write(options.out, stream, _images(options, stream, recording, shots, wanted))
    print(f"{len(wanted)} image(s) of {stream.grid.n_z} x {stream.grid.n_x} in {options.out}")
    return 0


def _images(
    options: ImageOptions, stream: Stream, recording: AnyRecording, shots: list[int], wanted: range
) -> Iterator[Image]:
    from sonolucent.beamform import ReferenceLevel, log_compress

    beamformer = _beamformer(options.method, stream.acquisition, stream.grid)
    enhance = _enhancement(options, stream)
    reference = ReferenceLevel()
    for i in wanted:
        analytic = beamformer(np.ascontiguousarray(recording[i][shots]))
        level = reference.update(analytic)
        bmode = log_compress(analytic, dynamic_range_db=options.dynamic_range_db, reference=level)
        yield enhance(Image(i, bmode[np.newaxis], options.dynamic_range_db, trail=Trail.begin()), analytic, level)


def _beamformer(method: str, acquisition: Acquisition, grid: ImageGrid) -> Callable[[NDArray[Any]], Analytic]:
    """Both methods at the same aperture and gain."""
    from sonolucent.beamform import DelayAndSum, FourierBeamformer, WavenumberTaper, uniform_gain

    taper = WavenumberTaper.for_acquisition(acquisition)
    gain = uniform_gain(acquisition, grid, taper)
    if method == "fourier":
        return FourierBeamformer(acquisition, grid, apodization=taper, gain=gain)
    return DelayAndSum(acquisition, grid, apodization=taper.at_center(acquisition), gain=gain)


def _enhancement(options: ImageOptions, stream: Stream) -> Enhancement:
    """What becomes of a B-mode image, given the analytic one and its reference level as well."""
    from sonolucent.nn.baselines import COMPOUNDS
    from sonolucent.stream.stages.enhance import Enhance

    if options.enhance == "none":
        return lambda image, analytic, level: replace(image, skipped="not asked for")
    if options.enhance in COMPOUNDS:
        return _compounding(options.enhance, stream.grid)
    stage = Enhance(Config(model=options.enhance, dynamic_range_db=options.dynamic_range_db), stream)
    return lambda image, analytic, level: stage(image)


def _compounding(name: str, grid: ImageGrid) -> Enhancement:
    from sonolucent.beamform import log_compress
    from sonolucent.nn.baselines import COMPOUNDS

    def run(image: Image, analytic: Analytic, level: float) -> Image:
        envelope = COMPOUNDS[name](analytic, grid)
        compounded = log_compress(envelope, dynamic_range_db=image.dynamic_range_db, reference=level)
        layers = np.stack([image.bmode, compounded])
        return replace(image, layers=layers, model=name, device="cpu", backend="filter", skipped="")

    return run


def _with_default_enhancement(arguments: Sequence[str]) -> list[str]:
    """`--enhance` without a value, at the end or before another option, means auto."""
    filled = []
    for argument, following in itertools.pairwise([*arguments, "--"]):
        filled += [argument, "auto"] if argument == "--enhance" and following.startswith("--") else [argument]
    return filled


def _spread(n_tx: int, n_wanted: int | None) -> list[int]:
    """`n_wanted` of 0..n_tx-1, symmetric and evenly spread."""
    n = n_tx if n_wanted is None else n_wanted
    if not 1 <= n <= n_tx:
        raise ConfigError(f"transmits must lie in 1..{n_tx}, not {n}")
    return [int((i + 0.5) * n_tx / n) for i in range(n)]


def _writer(out: Path) -> Callable[[Path, Stream, Iterator[Image]], None]:
    from sonolucent.stream.offline import pictures

    writers = {".png": pictures.write_png, ".mp4": pictures.write_mp4, ".h5": pictures.write_hdf5}
    if out.suffix not in writers:
        raise ConfigError(f"{out}: a suffix of {', '.join(writers)} says what to write")
    if not out.parent.is_dir():
        raise ConfigError(f"{out}: the folder does not exist")
    return writers[out.suffix]
