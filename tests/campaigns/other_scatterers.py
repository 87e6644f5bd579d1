"""How near to the truth an image can come without speckle: `python tests/campaigns/other_scatterers.py`.

An anatomy is imaged with other scatterers again and again, so that each frame has other speckle. Printed is how far the
mean in dB of 1, 3 and 10 frames is from the truth. Speckle falls as one over their number; what resolution costs stays.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import Acquisition, BModeImager, ImageGrid, ImagingSettings, uniform_gain
from sonolucent.nn import metrics
from sonolucent.sim import simulate
from sonolucent.sim.anatomy.family import _FAMILY, INGREDIENTS, _phantom
from sonolucent.sim.anatomy.paint import painted_tissue
from sonolucent.sim.anatomy.raster import Raster
from sonolucent.sim.phantom import Phantom

FRAMES = (1, 3, 10)
N_SCATTERERS = 110_000
RANGE_DB = 60.0


def with_scatterers(seed: int, frame: int) -> Phantom:
    """The anatomy of a seed, with other scatterers in every frame."""
    rng = np.random.default_rng([_FAMILY, seed, 0])
    tissue = painted_tissue(rng, Raster.of_warped_tissue(rng), INGREDIENTS)
    return _phantom(np.random.default_rng([_FAMILY, seed, 0, frame]), tissue, N_SCATTERERS)


def levels_db(
    imager: BModeImager, phantom: Phantom, frame: int, level: float | None
) -> tuple[NDArray[np.float32], float]:
    """The envelope in dB under a level, and that level: by default the frame's own brightest pixel."""
    acquisition = imager.acquisition
    shown = {"scatterers_m": phantom.scatterers_m, "amplitudes": phantom.amplitudes, "snr_db": 20.0}
    imager(simulate(acquisition, **shown, seed=frame))
    envelope = np.abs(imager.analytic)
    level = level or float(np.percentile(envelope, 99.5))
    return 20 * np.log10(np.maximum(envelope / level, 10 ** (-RANGE_DB / 20))), level


def even_imager() -> BModeImager:
    """The reference probe's, with uniform tissue shown evenly bright."""
    acquisition, grid = Acquisition(), ImageGrid.sau64()
    receive, transmit = ImagingSettings().tapers_of(acquisition)
    gain = uniform_gain(acquisition, grid, receive, transmit_apodization=transmit)
    return BModeImager(acquisition, grid, gain=gain.astype(np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[801, 802, 803])
    imager = even_imager()
    errors = []
    for seed in parser.parse_args().seeds:
        truth_db = with_scatterers(seed, 0).echogenicity_db(imager.grid)
        level, images = None, []
        for frame in range(max(FRAMES)):
            image, level = levels_db(imager, with_scatterers(seed, frame), frame, level)
            images.append(image)
        errors.append([metrics.rms_error_db(np.mean(images[:n], axis=0), truth_db, imager.grid) for n in FRAMES])
        print(
            f"anatomy {seed}:",
            ", ".join(f"{n} frames {e:.2f} dB" for n, e in zip(FRAMES, errors[-1], strict=True)),
            flush=True,
        )
    first, _, last = np.mean(np.square(errors), axis=0)
    speckle = (first - last) / (1 - 1 / FRAMES[-1])
    print(f"without speckle: {np.sqrt(max(0.0, first - speckle)):.2f} dB")


if __name__ == "__main__":
    main()
