"""Archives reprocessed while things are killed, and how fast: `python tests/campaigns/reprocess_archive.py --help`.

`kills`: 200 small recordings in three formats, one of another geometry, and three that are truncated or foreign. A run
over them is killed with -9 at ten random moments, a worker, the driver or all of it, and started again each time. What
it leaves must be, byte for byte, what an undisturbed run of the engine `local` leaves.

`rates`: the frames a second of one process alone, and of two by an engine, on the reference probe.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from sonolucent.beamform import Acquisition, Probe
from sonolucent.stream import open_recording, write_recording
from sonolucent.stream.recording.reader import Recording

CLI = [sys.executable, "-m", "sonolucent"]
N_FILES, N_FRAMES = 200, 6
ENGINES = {
    "local": ["--workers", "2"],
    "ray": ["--engine", "ray"],
    "slurm": ["--engine", "slurm", "--workers", "2", "--slurm", "cluster=local"],
}
WORKERS = {"local": b"engines.worker_process", "ray": b"ray::RayBench", "slurm": b"submitit.core._submit"}


def write_archive(folder: Path) -> list[str]:
    """The archive; returns the names of the bad files."""
    for i in range(N_FILES - 3):
        n_elements = 12 if i == 77 else 16
        probe = Probe.linear(n_elements=n_elements, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
        acquisition = Acquisition(probe, range(n_elements), 500, 25e6)
        frames = np.random.default_rng(i).integers(-999, 999, (N_FRAMES, *acquisition.shape)).astype(np.int16)
        path = folder / f"day{i % 7}" / f"{i:03d}{('.h5', '.hdf5', '.uff')[i % 3]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_recording(path, frames, acquisition, frame_rate_hz=25.0)
    whole = (folder / "day0/000.h5").read_bytes()
    (folder / "day1/truncated.h5").write_bytes(whole[: len(whole) // 2])
    (folder / "day2/truncated.uff").write_bytes((folder / "day2/002.uff").read_bytes()[:5000])
    (folder / "day3/foreign.dat").write_text("nothing of ours")
    return ["day1/truncated.h5", "day2/truncated.uff", "day3/foreign.dat"]


def children_named(word: bytes) -> list[int]:
    """The processes whose command holds a word."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if word in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    return found


def n_lines(manifest: Path) -> int:
    return manifest.read_bytes().count(b"\n") if manifest.exists() else 0


def kill(what: str, run: subprocess.Popen[bytes], engine: str) -> int:
    """Kills a worker, the driver, or both with all workers; how many processes."""
    workers = children_named(WORKERS[engine])
    doomed = {"worker": workers[:1], "driver": [run.pid], "all": [run.pid, *workers]}[what]
    for pid in doomed:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(doomed)


def disturbed(command: list[str], out: Path, engine: str, n_kills: int, seed: int) -> None:
    """Runs, kills and runs again."""
    moments, run = random.Random(seed), None
    whats = [("worker", "driver", "all")[i % 3] for i in range(n_kills)]
    moments.shuffle(whats)
    for i, what in enumerate(whats):
        if run is None or run.poll() is not None:
            run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        target = moments.randrange(i * N_FILES, (i + 1) * N_FILES) * 2 // n_kills
        while run.poll() is None and n_lines(out / "manifest.jsonl") < target:
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 1.0))
        n = kill(what, run, engine)
        if what != "worker":
            run.wait()
        print(f"killed {what} ({n}) at line {n_lines(out / 'manifest.jsonl')}", flush=True)
    if run is not None:
        run.wait()


def outputs(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files if path.name != "manifest.jsonl"}


def kills(engine: str, n_kills: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        archive, one, two = (Path(place) / name for name in ("archive", "one", "two"))
        bad = write_archive(archive)
        command = [*CLI, "reprocess", str(archive), "--range-frames", "3", "--json"]
        report = reported([*command, *ENGINES["local"], "--out", str(one)])
        assert report["balanced"]
        assert report["frames"]["out"] == (N_FILES - 3) * N_FRAMES
        with cluster(engine) as environment:
            os.environ.update(environment)
            again = [*command, *ENGINES[engine], "--out", str(two)]
            disturbed(again, two, engine, n_kills, seed)
            last = reported(again)
        frames = last["frames"]
        assert frames["in"] == frames["out"] + frames["failed"] + frames["skipped"] == (N_FILES - 3) * N_FRAMES, frames
        assert frames["failed"] == 0, last["bad"]
        assert sorted(last["bad"]) == sorted(bad), last["bad"]
        left = outputs(two)
        assert left == outputs(one), "the outputs differ"
        for name in left:
            assert list(Recording(two / name).image_index["frame_id"]) == list(range(N_FRAMES)), name
        print(f"{engine}: {n_kills} kills; {len(left)} outputs, all as if undisturbed; bad: {', '.join(last['bad'])}")


def reported(command: list[str]) -> dict[str, Any]:
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    assert ended.returncode in (0, 1), ended.returncode
    return dict(json.loads(ended.stdout))


@contextmanager
def cluster(engine: str, cpus: int = 1) -> Iterator[dict[str, str]]:
    """Two nodes of Ray on this machine, where the engine is that."""
    if engine != "ray":
        yield {}
        return
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": cpus})
    try:
        nodes.add_node(num_cpus=cpus)
        yield {"RAY_ADDRESS": nodes.address}
    finally:
        nodes.shutdown()


def cpu_seconds() -> float:
    """Of all processes that were started here and have ended; on a busy machine they tell more than the clock."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rates(engine: str, n_files: int, n_frames: int, rounds: int) -> None:
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as place:
        archive = Path(place) / "archive"
        archive.mkdir()
        first = archive / "000.h5"
        subprocess.run([*CLI, "simulate", str(first), "--frames", "2", "--phantom", "cysts"], check=True)
        two = open_recording(first)
        frames = [two[i % 2] for i in range(n_frames)]
        first.unlink()
        write_recording(first, frames, two.acquisition, frame_rate_hz=25.0)
        for i in range(1, n_files):
            (archive / f"{i:03d}.h5").symlink_to(first)

        def fps(*options: str) -> float:
            with tempfile.TemporaryDirectory() as out:
                command = [*CLI, "reprocess", str(archive), "--out", f"{out}/o", "--json", "--threads", "1", *options]
                before = cpu_seconds()
                rate = float(reported(command)["fps"])
                print(f"{' '.join(options)}: {(cpu_seconds() - before) / (n_files * n_frames):.4f} s of CPU a frame")
                return rate

        for _ in range(rounds):
            alone = fps("--workers", "1")
            with cluster(engine, cores // 2) as environment:
                os.environ.update(environment)
                together = fps(*ENGINES[engine])
            print(
                f"one process alone {alone:.2f} frames/s; {engine} {together:.2f}, {together / cores / alone:.1%} of "
                f"{cores} x alone; load {os.getloadavg()[0]:.1f}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("kills", "rates"))
    parser.add_argument("--engine", choices=ENGINES, default="local")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=24)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    if options.what == "kills":
        kills(options.engine, options.kills, options.seed)
    else:
        rates(options.engine, options.files, options.frames, options.rounds)


if __name__ == "__main__":
    main()
