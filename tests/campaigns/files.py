"""Damaged files of every format through the commands: `python tests/campaigns/files.py --help`.

Each file is damaged where its structure is, and given to `info`; of those that it takes, one in ten goes on to `image`,
`convert` or a replay (`run`), and one in 200 to `train`. The commands run within worker processes, whose memory is
limited and which nobody waits for longer than ten seconds. A file that ends a worker, hangs, or has a command raise
anything stays in the folder of `--keep`; of one that hangs it is told where each thread stood. Status 1 when there
is one.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import functools
import importlib
import io
import itertools
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

import h5py
import numpy as np

from sonolucent.beamform import Acquisition, BModeImager, Probe, TransmitSequence
from sonolucent.stream import registry

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.campaigns.byte_damage import cut
from tests.campaigns.file_damage import damaged
from tests.campaigns.file_seeds import SEEDS

FILES = 20_000
HANG_S = 10
COMMANDS = ("info", "image", "convert", "run", "train")
MEMORY_BYTES = 2 << 30
"""Beyond what a worker takes before its first file."""
# The readers are the same behind all commands, which take longer than `info`.
_ON_ONE_IN, _TRAINED_ONE_IN = 10, 200


@dataclass
class Result:
    """Of one format: how many files were tried, what the commands answered, and what went wrong with which file."""

    tried: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str]] = field(default_factory=list)
    processor_s: float = 0.0
    """Of the workers: how long they waited for a core on a busy machine tells nothing."""


def seeds(name: str, folder: Path) -> list[Path]:
    """The whole files of a format; of HDF5 also as the oldest and the newest library would write them."""
    suffix, write = SEEDS[name]
    made = [folder / f"seed{suffix}"]
    write(made[0])
    if h5py.is_hdf5(made[0]) and suffix != ".mat":
        for libver in ("earliest", "latest"):
            made.append(folder / f"{libver}{suffix}")
            with h5py.File(made[0]) as old, h5py.File(made[-1], "w", libver=libver) as new:
                new.attrs.update(old.attrs)
                for item in old:
                    old.copy(item, new)
    return made


def campaign(name: str, options: argparse.Namespace, folder: Path) -> Result:
    """Damages files of a format; a worker that a file ends is followed by another, behind that file."""
    result, before_s, at = Result(), _workers_s(), options.first
    made, end = seeds(name, folder), options.first + options.files
    while at < end:
        known = len(result.faults)
        at = _work(made, range(at, end), folder, result, info_only=options.info_only)
        for index, _ in result.faults[known:] if options.keep is not None else ():
            shutil.copy(folder / f"{index}", options.keep / f"{name.replace(' ', '-')}-{index}{made[0].suffix}")
    result.tried, result.processor_s = options.files, _workers_s() - before_s
    return result


def _workers_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def file_of(made: list[Path], index: int, folder: Path) -> bytes:
    """The damaged file of that number."""
    chance = random.Random(index)
    seed = chance.choice(made)
    whole = seed.read_bytes()
    try:
        return damaged(whole, seed.suffix, chance, folder / "scratch.h5")
    except Exception:  # noqa: BLE001 - what HDF5 does not make is cut off instead
        return cut(whole, chance)


def _work(made: list[Path], indices: range, folder: Path, result: Result, *, info_only: bool) -> int:
    """Has a worker try files, until all are or one ends it; the number of the next file."""
    told, tells = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(told)
        try:
            _try_all(made, indices, folder, tells, info_only=info_only)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(tells)
    with open(told) as lines:
        for line in lines:
            at, answers, fault = json.loads(line)
            result.answers.update(answers)
            if fault:
                result.faults.append((at, fault))
    _, status = os.waitpid(worker, 0)
    if status == 0:
        return indices.stop
    ended_by = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"status {status >> 8}"
    died_at = int((folder / "at").read_text())
    stuck = (folder / "stuck").read_text()
    result.faults.append((died_at, f"it hung: {stuck}" if stuck else f"the interpreter ended by {ended_by}"))
    shutil.copy(_damaged_file(made, folder), folder / f"{died_at}")
    return died_at + 1


def _damaged_file(made: list[Path], folder: Path) -> Path:
    # A name of its own: what is known of a file, such as that it was warned of, is known by name.
    return folder / f"damaged{made[0].suffix}"


def _try_all(made: list[Path], indices: range, folder: Path, tells: int, *, info_only: bool) -> None:
    """What a worker does: tells of each file [number, answers, fault]."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    _limit_memory()
    with open(tells, "w", buffering=1) as tell, open(folder / "stuck", "w") as stuck:
        for command in range(0 if info_only else 3):
            try_file(made[0], command * _ON_ONE_IN)
        for index in indices:
            (folder / "at").write_text(str(index))
            path = _damaged_file(made, folder)
            path.write_bytes(file_of(made, index, folder))
            if (toml := made[0].with_suffix(".toml")).exists():
                path.with_suffix(".toml").write_bytes(toml.read_bytes())
            answers, fault = try_file(path, index, stuck, info_only=info_only)
            if fault:
                shutil.copy(path, folder / f"{index}")
            tell.write(json.dumps([index, answers, fault]) + "\n")


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def try_file(path: Path, index: int, stuck: TextIO | None = None, *, info_only: bool = False) -> tuple[list[str], str]:
    """What the commands answer to a file ("info 2"), and the fault, if there is one.

    With `stuck`, a command that is not over in time ends the process, once it is written there where each thread stood.
    """
    out = path.parent / "out"
    answers = []
    commands = _commands(path, out, index)
    for command in itertools.islice(commands, 1) if info_only else commands:
        if stuck is not None:
            faulthandler.dump_traceback_later(HANG_S, exit=True, file=stuck)
        status, fault = answer(command)
        faulthandler.cancel_dump_traceback_later()
        answers.append(f"{command[0]} {status}")
        _remove(out)
        if fault:
            return answers, f"{' '.join(command)}: {fault}"
        if status:
            break
    return answers, ""


def _commands(path: Path, out: Path, index: int) -> Iterator[list[str]]:
    yield ["info", str(path), "--hashes"]
    others = [
        ["image", str(path), f"{out}.png", "--frame", "0"],
        ["convert", str(path), f"{out}.hdf5"],
        ["run", "--source", f"replay:{path}", "--headless", "--model", "none", "--frames", "2"],
    ]
    if index % _ON_ONE_IN == 0:
        yield others[index // _ON_ONE_IN % 3]
    if index % _TRAINED_ONE_IN == 1:
        yield ["train", str(path), "--out", f"{out}.model", "--steps", "1"]


def answer(command: list[str]) -> tuple[int, str]:
    """The status of a command, and what is wrong with how it ended."""
    from sonolucent.stream.commands.main import main

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            status = main(command)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever a command raises is what is looked for
        return -1, traceback.format_exc()
    if "out of memory" in said.getvalue() or "nable to allocate" in said.getvalue():
        return status, f"it asked for more than {MEMORY_BYTES >> 20} MB: {said.getvalue()}"
    n_messages = sum(line.startswith("sonolucent: ") for line in said.getvalue().splitlines())
    if status not in (0, 1, 2) or n_messages != (status != 0):
        return status, f"status {status} with {n_messages} messages: {said.getvalue()}"
    return status, ""


def _remove(out: Path) -> None:
    for left in (*out.parent.glob(f"{out.name}*"), *out.parent.glob(f".{out.name}*")):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def load_commands(names: Sequence[str]) -> None:
    """What workers need, before there are any."""
    for name in names:
        importlib.import_module(f"sonolucent.stream.commands.{name}")
    if len(names) > 1:
        _compile_kernels()
    # What packages bring does not change, and looking for it takes longer than many a file.
    registry.entry_points = functools.cache(registry.entry_points)


def _compile_kernels() -> None:
    """For every kind of frame: damage makes one kind of another, and compiling may take longer than a hang."""
    probe = Probe.linear(n_elements=4, pitch_m=3e-4, element_width_m=2.7e-4, center_frequency_hz=5e6)
    elements = Acquisition(probe, range(4), n_samples=40, sampling_frequency_hz=25e6)
    waves = replace(elements, sequence=TransmitSequence.plane_waves(probe, [0.0, 0.1], elements.sound_speed_m_s))
    for acquisition in (elements, waves):
        for dtype in (np.int16, np.float32):
            BModeImager(acquisition, threads=1).warm_up(dtype)
        BModeImager(replace(acquisition, demodulation_frequency_hz=5e6), threads=1).warm_up()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES, help="of each format")
    parser.add_argument("--formats", nargs="+", default=list(SEEDS), choices=list(SEEDS))
    parser.add_argument("--first", type=int, default=0, help="the number of the first file")
    parser.add_argument("--info-only", action="store_true", help="leave the other commands out, which take longer")
    parser.add_argument("--keep", type=Path, help="a folder for files that had something go wrong")
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    load_commands(["info"] if options.info_only else COMMANDS)
    results = {}
    for name in options.formats:
        with tempfile.TemporaryDirectory() as scratch:
            results[name] = campaign(name, options, Path(scratch))
        for index, fault in results[name].faults:
            print(f"{name} {index}: {fault}", flush=True)
        print(
            f"{name}: {results[name].tried} files in {results[name].processor_s:.0f} s of a core",
            file=sys.stderr,
            flush=True,
        )
    print("| format | files | info refused | taken | files a second of a core | faults |\n|---|---|---|---|---|---|")
    for name, found in results.items():
        refused, taken = found.answers["info 2"], found.answers["info 0"]
        rate = found.tried / found.processor_s
        print(f"| {name} | {found.tried} | {refused} | {taken} | {rate:.0f} | {len(found.faults)} |")
    return 1 if any(found.faults for found in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
