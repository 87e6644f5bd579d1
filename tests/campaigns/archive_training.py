"""Trains on an archive four times as large as its memory may be: `python tests/campaigns/archive_training.py`.

What a training has at rest, most of it libraries, is measured first, on eight frames. `ulimit -v` then allows 192 MB
more than that, and the archive becomes TIMES as large as what is allowed in all. Four things must hold: the training
ends under that limit; its resident memory is that of the training on eight frames; one that holds all frames in memory
does not end under it; and without a limit that one gives the same weights, bit for bit. `--times 1` tries the campaign.
It needs as much room in the folder of temporary files as the archive takes, some 7 GB.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from sonolucent.beamform import Acquisition, ImagingSettings
from sonolucent.nn import load_model
from sonolucent.nn.training import train
from sonolucent.nn.training.array_file import IN_MEMORY
from sonolucent.nn.training.distributed import Rank
from sonolucent.stream import write_recording
from sonolucent.stream.offline.training_archive import single_sources
from sonolucent.stream.offline.training_share import share_of

HEADROOM_MB = 192
FLAT_MB = 64
STEPS = 10
IMAGING = ImagingSettings(depth_mm=(1, 20), width_mm=(-10, 10))
"""Smaller than usual, so that it takes minutes."""
FRAMES_A_FILE = 4
SHOWN = 10
EVERY_S = 0.5

tell = partial(print, flush=True)
Sample = tuple[float, float, float]
"""Seconds, MB of address space at the most so far, MB resident."""


def main(times: float) -> int:
    with tempfile.TemporaryDirectory(prefix="sonolucent-") as made:
        folder = Path(made)
        few, archive = folder / "few", folder / "archive"
        write_archive(few, 2 * FRAMES_A_FILE)
        at_rest = watched("at rest, eight frames", trains(folder / "small", few))
        allowed_mb = max(most for _, most, _ in at_rest) + HEADROOM_MB
        n_frames = write_archive(archive, math.ceil(times * allowed_mb * 1e6 / frame_bytes()))
        tell(f"allowed {allowed_mb:.0f} MB, archive {n_frames} frames, {n_frames * frame_bytes() / 1e6:.0f} MB")
        under = watched(f"under {allowed_mb:.0f} MB", trains(folder / "large", archive, few), allowed_mb)
        grown_mb = max(resident for *_, resident in under) - max(resident for *_, resident in at_rest)
        tell(f"resident memory: {grown_mb:+.0f} MB against the training on eight frames")
        holds = [sys.executable, __file__, "--hold", *map(str, (folder / "weights.pt", archive, few))]
        refused = said_at_the_end(limited(holds, allowed_mb))
        tell(f"all frames in memory, under the same limit: {refused or 'ended well'}")
        said_at_the_end(holds)
        equal = same_weights(folder / "large", folder / "weights.pt")
        tell(f"weights {'equal' if equal else 'differ from'} those of a training with all frames in memory")
    return 0 if grown_mb < FLAT_MB and "emory" in refused and equal else 1


def frame_bytes() -> int:
    return int(np.prod(Acquisition().shape)) * 2


def write_archive(folder: Path, n_frames: int) -> int:
    """Recordings of noise by the reference probe, of at least so many frames; how many there are."""
    folder.mkdir()
    n_files = -(-n_frames // FRAMES_A_FILE)
    for number in range(n_files):
        rng = np.random.default_rng(number)
        noise = [rng.integers(-2000, 2000, Acquisition().shape, np.int16) for _ in range(FRAMES_A_FILE)]
        write_recording(folder / f"{number:04}.h5", noise, Acquisition())
    return n_files * FRAMES_A_FILE


def trains(out: Path, archive: Path, *apart: Path) -> list[str]:
    """Trains on every frame of the archive, where there are others to judge by."""
    command = [sys.executable, "-m", "sonolucent", "train", str(archive), "--out", str(out)]
    judging = ["--held-out", *map(str, apart)] if apart else []
    image = ["--depth-mm", *map(str, IMAGING.depth_mm or ()), "--width-mm", *map(str, IMAGING.width_mm or ())]
    return [*command, *judging, "--steps", str(STEPS), "--device", "cpu", *image]


def watched(what: str, command: Sequence[str], allowed_mb: float | None = None) -> list[Sample]:
    """The memory of a command, which must end well, over its time."""
    samples, begun = [], time.monotonic()
    with tempfile.TemporaryFile("w+") as errors, subprocess.Popen(limited(command, allowed_mb), stderr=errors) as run:
        while run.poll() is None:
            time.sleep(EVERY_S)
            if memory := memory_mb(run.pid):
                samples.append((time.monotonic() - begun, *memory))
        errors.seek(0)
        assert run.returncode == 0, errors.read()
    for i in np.linspace(0, len(samples) - 1, min(len(samples), SHOWN)).astype(int):
        seconds, most, resident = samples[i]
        tell(f"  {what}: {seconds:>6.0f} s, address space {most:>6.0f} MB, resident {resident:>6.0f} MB")
    return samples


def limited(command: Sequence[str], allowed_mb: float | None) -> list[str]:
    if allowed_mb is None:
        return list(command)
    return ["bash", "-c", f'ulimit -v {int(allowed_mb * 1e6 / 1024)} && exec "$@"', "limited", *command]


def said_at_the_end(command: Sequence[str]) -> str:
    """The last line of a command that failed; nothing of one that ended well."""
    ran = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    said = ran.stderr.strip().splitlines() or [f"status {ran.returncode}"]
    return said[-1] if ran.returncode != 0 else ""


def memory_mb(process: int) -> tuple[float, float] | None:
    """The most of address space so far, and what is resident now; None where the process is ending."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    if "VmPeak" not in lines:
        return None
    most, resident = (int(lines[name].split()[0]) * 1024 / 1e6 for name in ("VmPeak", "VmRSS"))
    return most, resident


def hold(weights: Path, archive: Path, apart: Path) -> None:
    """The same training with every frame and all that is prepared of it in memory."""
    share = share_of(
        single_sources([str(archive)]),
        single_sources([str(apart)]),
        rank=Rank(0, 1, torch.device("cpu")),
        seed=0,
        imaging=IMAGING,
        transmitters=None,
        needs_sparse=False,
        keep=IN_MEMORY,
        beamformed=lambda name: None,
    )
    trained = train(share.frames, share.data.grid, held_out=share.judging, steps=STEPS)
    torch.save(trained.network.state_dict(), weights)


def same_weights(model: Path, weights: Path) -> bool:
    ours, held = load_model(model).unet.state_dict(), torch.load(weights, weights_only=True)
    return ours.keys() == held.keys() and all(torch.equal(ours[name], held[name]) for name in ours)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=float, default=4.0)
    parser.add_argument("--hold", nargs=3, type=Path)
    options = parser.parse_args()
    if options.hold:
        hold(*options.hold)
        sys.exit(0)
    sys.exit(main(options.times))
