"""File systems that are full or refuse: shared memory, temporary files, every kind of output, the cache."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.campaigns.aftermath import Trial
from tests.campaigns.resource_runs import CLI, TRANSPORTS, run_command, scratch_in


def shared_memory(folder: Path, _: int) -> Iterator[Trial]:
    """Full, and read-only."""
    for what, options in {"full": "size=4k", "read-only": "ro"}.items():
        for transport in TRANSPORTS:
            here = folder / f"{what}-{transport}"
            with_mount = _mounted(Path("/dev/shm"), options, fill=what == "full")
            yield from _where_mounted(
                with_mount,
                Trial(f"/dev/shm {what}, {transport}", run_command(here, transport), here, scratch=scratch_in(here)),
            )


def temporary_files(folder: Path, _: int) -> Iterator[Trial]:
    """A folder of temporary files that is full, read-only, or missing."""
    for what, options in {"full": "size=4k", "read-only": "ro", "missing": ""}.items():
        for transport in TRANSPORTS:
            here = folder / f"{what}-{transport}"
            tmp = scratch_in(here)
            trial = Trial(
                f"TMPDIR {what}, {transport}",
                run_command(here, transport),
                here,
                (0, 1),
                environment={"TMPDIR": str(tmp)},
            )
            if what == "missing":
                tmp.rmdir()
                yield trial
            else:
                yield from _where_mounted(_mounted(tmp, options, fill=what == "full"), trial)


def full_disks(folder: Path, _: int) -> Iterator[Trial]:
    """A disk that fills while a kind of file is written: recording, trace, report, cache, pictures, model."""
    for n_bytes in (4_000, 60_000, 1_000_000, 3_000_000, 8_000_000):
        for transport in TRANSPORTS:
            here = folder / f"recording-{n_bytes}-{transport}"
            command = run_command(here, transport, "--record-channels")
            disk = _mounted(here, f"size={n_bytes}", fill=False)
            yield from _where_mounted(disk, Trial(f"recording on {n_bytes} bytes, {transport}", command, here, (1,)))
    for transport in TRANSPORTS:
        here = folder / f"trace-{transport}"
        small = here / "small"
        command = [*run_command(here, transport), "--trace", str(small / "trace.json")]
        trial = Trial(f"trace, {transport}", command, here, scratch=scratch_in(here))
        yield from _where_mounted(_mounted(small, "size=4k", fill=True), trial)
        here = folder / f"report-{transport}"
        command = run_command(here, transport)
        yield Trial(f"report, {transport}", command, here, (1,), output=Path("/dev/full"), scratch=scratch_in(here))
    yield from _full_caches(folder)
    yield from _full_outputs(folder)


def _full_caches(folder: Path) -> Iterator[Trial]:
    for what, options in {"full": "size=64k", "read-only": "ro"}.items():
        here = folder / f"cache-{what}"
        cache = here / "cache"
        trial = Trial(
            f"cache {what}",
            run_command(here, "inproc"),
            here,
            environment={"XDG_CACHE_HOME": str(cache)},
            scratch=scratch_in(here),
        )
        yield from _where_mounted(_mounted(cache, options, fill=what == "full"), trial)


def _full_outputs(folder: Path) -> Iterator[Trial]:
    made = folder / "made.h5"
    subprocess.run([*CLI, "simulate", str(made), "--frames", "3"], check=True, capture_output=True)
    for suffix in ("png", "tif", "gif", "mp4", "npy", "npz", "mat", "h5", "dcm"):
        here = folder / f"image-{suffix}"
        frames = ["--frame", "0"] if suffix == "png" else []
        command = [*CLI, "image", str(made), str(here / f"out.{suffix}"), *frames]
        trial = Trial(f"image .{suffix}", command, here, (1,), scratch=None)
        yield from _where_mounted(_mounted(here, "size=8k", fill=False), trial)
    for suffix in ("h5", "hdf5", "uff"):
        here = folder / f"convert-{suffix}"
        trial = Trial(f"convert .{suffix}", [*CLI, "convert", str(made), str(here / f"out.{suffix}")], here, (1,))
        yield from _where_mounted(_mounted(here, "size=100k", fill=False), trial)
    for name, command in {
        "simulate": ["simulate", "OUT/s.h5", "--frames", "2"],
        "keys": ["keys", "OUT/keys"],
        "train": ["train", "sim:2", "--out", "OUT/model", "--steps", "2"],
    }.items():
        here = folder / name.replace(" ", "-")
        words = [*CLI, *(word.replace("OUT", str(here)) for word in command)]
        yield from _where_mounted(_mounted(here, "size=4k", fill=True), Trial(name, words, here, (1, 2)))


class _mounted:
    """Within, a small file system is mounted at a folder; full to the last byte where that is asked for."""

    def __init__(self, at: Path, options: str, *, fill: bool) -> None:
        self._at, self._options, self._fill = at, options, fill

    def __enter__(self) -> None:
        self._at.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", self._options, "tmpfs", str(self._at)], check=True)
        if self._fill:
            with (self._at / "filler").open("wb", buffering=0) as filler:
                try:
                    while True:
                        filler.write(bytes(4096))
                except OSError:
                    return

    def __exit__(self, *error: object) -> None:
        subprocess.run(["umount", "--lazy", str(self._at)], check=True)


def _where_mounted(mounted: _mounted, trial: Trial) -> Iterator[Trial]:
    if os.environ.get("SONOLUCENT_CAMPAIGN_MOUNTS") != "1":
        print(f"{trial.name}: skipped, this machine allows no mounts", flush=True)
        return
    with mounted:
        yield trial


PARTS: dict[str, Callable[[Path, int], Iterator[Trial]]] = {
    "/dev/shm": shared_memory,
    "temporary files": temporary_files,
    "full disks": full_disks,
}
