"""Every path through a GPU, tested, timed and profiled within five minutes: `make gpu`.

    python tests/campaigns/gpu_paths.py [OUT]

Tests first, then the full network and the beamformer with their transfers, beside torch eager and torch.compile, then
the whole pipeline, then the kernels that take the time. OUT, build/gpu by default, gets `figures.json` with the GPU's
name, and a table of kernels for each part.

Without a GPU the same steps run on torch's CPU device, with the light network and few frames: the script is known to
work before a GPU is lent. Its figures say nothing then, and are marked so.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sonolucent.beamform import Acquisition, FourierBeamformer, ImageGrid
from sonolucent.beamform.fourier.engine import EngineMaker
from sonolucent.beamform.fourier.torch_engine import TorchEngine
from sonolucent.nn import Enhancer
from sonolucent.sim import simulate

HAS_GPU = torch.cuda.is_available()
DEVICE = "cuda:0" if HAS_GPU else "cpu"
MODEL = "full-quadrant" if HAS_GPU else "light-quadrant"
FRAMES = 300 if HAS_GPU else 3
TESTS = (
    "tests/beamform/fourier/test_torch_engine.py",
    "tests/nn/inference/test_cuda_graph.py",
    "tests/nn/inference/test_enhancer.py",
    "tests/nn/inference/test_core.py",
)
LIMIT_S = {"tests": 120, "pipeline": 60}
TOLERANCE_DB = 0.06
"""1e-3 of the grey scale: TensorFloat-32 products are that exact."""
TOLERANCE_OF_PEAK = 1e-4

Image = NDArray[np.float32]


def main(out: str = "build/gpu") -> None:
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    found: dict[str, Any] = {
        "gpu": torch.cuda.get_device_name(0) if HAS_GPU else None,
        "torch": torch.__version__,
        "tests": tests(),
        "network": network(folder),
        "beamformer": beamformer(folder),
        "pipeline": pipeline(),
    }
    found["seconds"] = round(time.monotonic() - begun)
    (folder / "figures.json").write_text(json.dumps(found, indent=2))
    print(json.dumps(found, indent=2))
    if not HAS_GPU:
        print("no GPU here: every step ran on torch's CPU device, and the times say nothing", file=sys.stderr)


def tests() -> str:
    """The last line of pytest's."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *TESTS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S["tests"], check=False)
    if done.returncode:
        sys.exit(done.stdout)
    return done.stdout.strip().splitlines()[-1]


def network(folder: Path) -> dict[str, Any]:
    """Milliseconds an image in dB from the host's memory to the host's memory, and how far each is off eager's."""
    image = np.clip(20 * np.log10(np.random.default_rng(0).rayleigh(0.1, (620, 256))), -60, 0).astype(np.float32)
    ours = Enhancer(MODEL, grain="off")
    module = ours.torch_module().eval().to(DEVICE)
    out = np.empty_like(image)
    runs = {
        "eager": lambda: by_torch(module, image),
        "torch.compile": lambda: by_torch(compiled, image),
        "ours": lambda: ours(image, out),
    }
    compiled = torch.compile(module, mode="reduce-overhead" if HAS_GPU else "default")
    expected = runs["eager"]()
    found = {}
    for name, run in runs.items():
        error_db = float(np.abs(run() - expected).max())
        if error_db > TOLERANCE_DB:
            sys.exit(f"{name} is off eager torch by {error_db:.2g} dB")
        found[name] = {**timed(run), "error_db": error_db}
    write_kernels(folder / "network-kernels.txt", runs["ours"])
    return {"model": ours.model, "backend": ours.backend, **found}


def by_torch(module: Callable[[torch.Tensor], torch.Tensor], image_db: Image) -> Image:
    with torch.inference_mode():
        grey = torch.from_numpy(image_db).to(DEVICE)[None, None] / 60 + 1
        return (60 * (module(grey).clamp(0, 1) - 1))[0, 0].float().cpu().numpy()


def beamformer(folder: Path) -> dict[str, Any]:
    """Milliseconds from int16 channel data in the host's memory to an image there, and how far from the CPU's."""
    acquisition = Acquisition()
    grid = ImageGrid.linear(x_m=(-20e-3, 19.84375e-3), z_m=(1e-3, 39.6875e-3), shape=(620, 256))
    points = np.array([[-8e-3, 12e-3], [0.0, 20e-3], [9e-3, 33e-3]])
    channels = simulate(acquisition, scatterers_m=points, amplitudes=np.ones(3), snr_db=40, seed=1)
    frame = np.rint(30000 * channels / np.abs(channels).max()).astype(np.int16)
    on_device = FourierBeamformer(acquisition, grid, device=DEVICE if HAS_GPU else _on_torch_s_cpu)
    expected, out = FourierBeamformer(acquisition, grid)(frame), np.empty(grid.shape, np.complex64)
    error = float(np.abs(on_device(frame) - expected).max() / np.abs(expected).max())
    if error > TOLERANCE_OF_PEAK:
        sys.exit(f"the GPU's image is off the CPU's by {error:.2g} of its maximum")
    found = {**timed(lambda: on_device(frame, out)), "error_of_peak": error}
    write_kernels(folder / "beamformer-kernels.txt", lambda: on_device(frame, out))
    return found


_on_torch_s_cpu: EngineMaker = lambda plan, pool: TorchEngine(plan, pool, torch.device("cpu"))  # noqa: E731


def pipeline() -> dict[str, Any]:
    """Raw frames to enhanced images, as fast as possible and at rate."""
    command = [sys.executable, "-m", "sonolucent", "profile", "--frames", str(FRAMES), "--json", "--model", MODEL]
    command += ["--beamform-device", DEVICE, "--fps", "250" if HAS_GPU else "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S["pipeline"], check=False)
    if not done.stdout:
        sys.exit(done.stderr)
    report = json.loads(done.stdout)
    fast = report["as_fast_as_possible"]
    return {
        "frames_per_s": fast["fps"],
        "at_rate": {key: report[key] for key in ("fps", "end_to_end", "stages", "dropped", "device")},
    }


def timed(run: Callable[[], object]) -> dict[str, float]:
    run()
    times_ms = []
    for _ in range(FRAMES):
        begun = time.perf_counter()
        run()
        times_ms.append(1e3 * (time.perf_counter() - begun))
    return {"p50_ms": statistics.median(times_ms), "p99_ms": float(np.percentile(times_ms, 99))}


def write_kernels(path: Path, run: Callable[[], object]) -> None:
    """The operations that take the time, by torch's profiler."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    if HAS_GPU:
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=activities) as profiler:
        for _ in range(3):
            run()
    order = "cuda_time_total" if HAS_GPU else "cpu_time_total"
    path.write_text(profiler.key_averages().table(sort_by=order, row_limit=25))


if __name__ == "__main__":
    main(*sys.argv[1:])
