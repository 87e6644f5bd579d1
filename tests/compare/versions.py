"""`make bench-against VERSION=COMMIT`: this version beside another, on the same machine, in turn.

    python tests/compare/versions.py COMMIT [--rounds 12]

Builds COMMIT into an environment of its own, on top of the libraries of this one. Then both time the beamformer and the
light network on one thread and on two, and the whole pipeline in one process as fast as it goes, round after round: a
shared machine changes its speed within minutes, and the ratios of a round hardly. Prints a Markdown table of medians
over the rounds. Status 1 where this version is slower by more than 15 %.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("version_worker.py")
PARTS = (("beamform", 1, 60), ("beamform", 2, 60), ("enhance", 1, 60), ("enhance", 2, 60))
PIPELINE_FRAMES = 300
LOSS = 1.15


class Version(NamedTuple):
    """An installed version: its interpreter, and the process that times its parts."""

    python: Path
    worker: subprocess.Popen[str]

    def part_ms(self, what: str, threads: int, n_frames: int) -> float:
        assert self.worker.stdin is not None
        assert self.worker.stdout is not None
        self.worker.stdin.write(f"{what} {threads} {n_frames}\n")
        self.worker.stdin.flush()
        answer = self.worker.stdout.readline()
        if not answer:
            sys.exit(f"{self.python} cannot do {what}; what it said stands above")
        return float(answer)

    def frame_ms(self) -> float:
        """Of the whole pipeline: milliseconds a frame, as fast as it goes."""
        command = [self.python, "-m", "sonolucent", "demo", "--headless", "--frames", PIPELINE_FRAMES, "--json"]
        ran = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True, cwd=tempfile.gettempdir())
        return float(1e3 / json.loads(ran.stdout)["fps"])


@contextmanager
def started(python: Path) -> Iterator[Version]:
    # Without -P the worker's folder, not the installed packages, would come first.
    command = [str(python), "-P", str(WORKER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT.anchor) as worker:
        yield Version(python, worker)
        assert worker.stdin is not None
        worker.stdin.close()


@contextmanager
def source_of(commit: str, folder: Path) -> Iterator[Path]:
    worktree = ["git", "-C", ROOT, "worktree"]
    subprocess.run([*worktree, "add", "--quiet", "--detach", folder, commit], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*worktree, "remove", "--force", folder], check=True)


def install(source: Path, folder: Path) -> Path:
    """The interpreter of a new environment with that source's version."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    place = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(place, stdout=subprocess.PIPE, text=True, check=True).stdout.strip())
    # A path alone: .pth files of that folder are not read, and one of them would bring this version.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-build-isolation"]
    # The build calls ninja by its name alone.
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    subprocess.run([*pip, source], env=os.environ | {"PATH": path}, check=True)
    return python


def in_turn(now: Version, then: Version, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds of both versions in each round, by what was timed; who comes first alternates."""
    times: dict[str, list[tuple[float, float]]] = {}
    for i in range(rounds):
        order = (now, then) if i % 2 else (then, now)
        for what, threads, n_frames in PARTS:
            ms = {version: version.part_ms(what, threads, n_frames) for version in order}
            times.setdefault(f"{what}, {threads} thread{'s'[: threads - 1]}", []).append((ms[now], ms[then]))
        ms = {version: version.frame_ms() for version in order}
        times.setdefault("pipeline, a frame", []).append((ms[now], ms[then]))
        print(f"round {i + 1} of {rounds}", file=sys.stderr, flush=True)
    return times


def table(times: dict[str, list[tuple[float, float]]]) -> list[str]:
    lines = ["| | then, ms | now, ms | times as fast | least, most |", "|---|---|---|---|---|"]
    for what, pairs in times.items():
        ratios = sorted(then / now for now, then in pairs)
        now_ms, then_ms = (statistics.median(side) for side in zip(*pairs, strict=True))
        lines.append(
            f"| {what} | {then_ms:.2f} | {now_ms:.2f} | {statistics.median(ratios):.2f} "
            f"| {ratios[0]:.2f}, {ratios[-1]:.2f} |"
        )
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with source_of(options.commit, Path(folder) / "source") as source:
            other = install(source, Path(folder) / "environment")
        with started(Path(sys.executable)) as now, started(other) as then:
            times = in_turn(now, then, options.rounds)
    print("\n".join(table(times)))
    slower = [what for what, pairs in times.items() if statistics.median(now / then for now, then in pairs) > LOSS]
    for what in slower:
        print(f"slower by more than {LOSS - 1:.0%}: {what}", file=sys.stderr)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
