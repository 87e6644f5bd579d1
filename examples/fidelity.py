"""How close the Fourier image is to delay-and-sum's: four arrays, wires and cysts in speckle, and real captures.

    python examples/fidelity.py                      # about a minute
    python examples/fidelity.py capture.mat ...      # captures of single elements, as `sonolucent info` reads them

Both images have the same taper (15 degrees); delay-and-sum is in double precision. Rows above 3 mm are left out.
"""

import sys

import numpy as np

from sonolucent.beamform import Acquisition, AngleTaper, DelayAndSum, FourierBeamformer, ImageGrid, Probe, measure_point
from sonolucent.sim import simulate
from sonolucent.stream import open_recording

TAPER = AngleTaper(max_angle_rad=0.2618)
SHALLOWEST_M = 3e-3
CYST_RADIUS_M = 2.5e-3
ARRAYS = {
    "64 x 0.625 mm, 7.5 MHz": Acquisition(),
    "64 x 0.3 mm, 7.5 MHz": Acquisition(Probe(64, 0.3e-3, 0.27e-3, 7.5e6)),
    "128 x 0.3 mm, 5 MHz": Acquisition(Probe(128, 0.3e-3, 0.25e-3, 5e6), range(128), 2048, 30e6),
    "32 x 1 mm, 5 MHz": Acquisition(Probe(32, 1e-3, 0.9e-3, 5e6), range(32), 2048, 30e6),
}


def main() -> None:
    print("| | wires | cysts | width, % | position, um | contrast, dB |\n|---|---|---|---|---|---|")
    for name, acquisition in ARRAYS.items():
        grid = ImageGrid.for_acquisition(acquisition)
        positions = wires(grid)
        points = images(acquisition, grid, simulate(acquisition, scatterers_m=positions, amplitudes=np.ones(12)))
        speckle = images(acquisition, grid, simulate(acquisition, **tissue(grid)))
        width, shift = compare_points(points, grid, positions)
        contrasts = [contrast_db(image, grid) for image in speckle]
        print(
            f"| {name} | {correlation(*points, grid):.5f} | {correlation(*speckle, grid):.5f} "
            f"| {100 * width:.1f} | {1e6 * shift:.1f} | {abs(contrasts[0] - contrasts[1]):.2f} |"
        )
    for path in sys.argv[1:]:
        compare_capture(path)


def images(acquisition, grid, channels):
    """The Fourier image and delay-and-sum's."""
    plain = DelayAndSum(acquisition, grid, apodization=TAPER, dtype=np.complex128)
    return FourierBeamformer(acquisition, grid, apodization=TAPER)(channels), plain(channels)


def correlation(image, reference, grid):
    deep = grid.z_m > SHALLOWEST_M
    a, b = image[deep].astype(np.complex128), reference[deep]
    return abs(np.vdot(a, b)) / (np.linalg.norm(a) * np.linalg.norm(b))


def wires(grid):
    """Twelve points from 8 mm on, (n, 2), away from the edges."""
    x, z = np.meshgrid(0.6 * grid.x_m[-1] * np.array([-1.0, 0.013, 1.0]), np.linspace(8e-3, grid.z_m[-1] - 4e-3, 4))
    return np.stack([x.ravel(), z.ravel()], axis=1)


def tissue(grid):
    """Speckle with an empty cyst in the middle."""
    rng = np.random.default_rng(1)
    edge = 1.2 * grid.x_m[-1]
    positions = rng.uniform((-edge, 1.5e-3), (edge, grid.z_m[-1]), size=(40_000, 2))
    positions = positions[np.hypot(positions[:, 0], positions[:, 1] - middle_m(grid)) > CYST_RADIUS_M]
    return {"scatterers_m": positions, "amplitudes": rng.standard_normal(len(positions))}


def middle_m(grid):
    return grid.z_m[grid.n_z // 2]


def contrast_db(image, grid):
    """Power inside the cyst over that beside it, at its depth."""
    x, z = np.meshgrid(grid.x_m, grid.z_m - middle_m(grid))
    inside = np.hypot(x, z) < 0.7 * CYST_RADIUS_M
    beside = (np.abs(z) < 0.7 * CYST_RADIUS_M) & (np.abs(x) > 1.3 * CYST_RADIUS_M)
    power = np.abs(image) ** 2
    return 10 * np.log10(power[inside].mean() / power[beside].mean())


def compare_points(pair, grid, positions):
    """Largest difference of a -6 dB width, as a part of it, and of a position, in metres."""
    widths, shifts = [], []
    for position in positions:
        a, b = (measure_point(image, grid, tuple(position)) for image in pair)
        widths += [abs(a.lateral_width_m / b.lateral_width_m - 1), abs(a.axial_width_m / b.axial_width_m - 1)]
        shifts.append(np.hypot(a.x_m - b.x_m, a.z_m - b.z_m))
    return max(widths), max(shifts)


def compare_capture(path):
    recording = open_recording(path)
    grid = ImageGrid.for_acquisition(recording.acquisition)
    pair = images(recording.acquisition, grid, recording[0])
    late = np.abs(pair[1]) * (grid.z_m > 0.25 * grid.z_m[-1])[:, None]  # without the transmitted pulse
    row, column = np.unravel_index(np.argmax(late), late.shape)
    a, b = (measure_point(image, grid, (grid.x_m[column], grid.z_m[row])) for image in pair)
    print(
        f"\n{path}: correlation {correlation(*pair, grid):.4f}; strongest echo at ({1e3 * b.x_m:.2f}, "
        f"{1e3 * b.z_m:.2f}) mm, ({1e6 * (a.x_m - b.x_m):.0f}, {1e6 * (a.z_m - b.z_m):.0f}) um away in the other image"
    )


if __name__ == "__main__":
    main()
