"""Coverage-guided fuzzing of the wire decoder and of the readers of files, by atheris (`pip install atheris`).

    python tests/campaigns/fuzz.py wire|h5|hdf5|mat SECONDS [CORPUS]

An input that raises anything but a refusal, takes over ten seconds, one block of over 512 MB or over 2 GB in all ends
it with status 1 and stays beside, for the next run. Inputs begin as the wire's test vectors, a recording, the same as
zea keeps it and a BRAIN capture; what covers more is kept in the corpus (a folder that is given, or a scratch one).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "stream"))

import contextlib
import inspect
import shutil

import test_fuzz as known

from sonolucent.stream.recording.formats.zea import write_zea
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.transport.wire import WireError, decode

LIMITS = ["-timeout=10", "-malloc_limit_mb=512", "-rss_limit_mb=2048", "-max_len=131072", "-print_final_stats=1"]


def main(target: str, seconds: str, corpus: str | None = None) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(corpus or scratch) / target
        folder.mkdir(parents=True, exist_ok=True)
        plant(target, folder)
        instrument()
        try_one = decode_one if target == "wire" else reader(Path(scratch) / f"input.{target}")
        atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", *LIMITS, str(folder)], try_one)
        atheris.Fuzz()


def instrument() -> None:
    """Counts the branches taken in our readers; what they call in compiled libraries stays unseen."""
    modules = [module for name, module in sys.modules.items() if name.startswith("sonolucent.stream")]
    holders = [holder for module in modules for holder in (module, *filter(inspect.isclass, vars(module).values()))]
    functions = [value for holder in holders for value in vars(holder).values() if inspect.isfunction(value)]
    for function in {f.__code__: f for f in functions if f.__module__.startswith("sonolucent.stream")}.values():
        atheris.instrument_func(function)


def plant(target: str, folder: Path) -> None:
    """Writes the inputs that the fuzzing begins with."""
    if target == "wire":
        for i, vector in enumerate(known.VECTORS):
            header, payload = bytes.fromhex(vector["header"]), bytes.fromhex(vector["payload"])
            (folder / f"vector-{i}").write_bytes(len(header).to_bytes(2, "little") + header + payload)
    elif target == "mat":
        known.write_capture(folder / "capture.mat")
    elif not (planted := folder / f"recording.{target}").exists():
        with tempfile.TemporaryDirectory() as scratch:
            recording = known.write_recording(Path(scratch) / "recording.h5")
            if target == "h5":
                shutil.move(recording, planted)
            else:
                write_zea(planted, Recording(recording))


def decode_one(data: bytes) -> None:
    """Two bytes say how long the header is."""
    length = int.from_bytes(data[:2], "little")
    with contextlib.suppress(WireError):
        decode([data[2 : 2 + length], data[2 + length :]])


def reader(path: Path) -> Callable[[bytes], None]:
    def read_one(data: bytes) -> None:
        path.write_bytes(data)
        known.read_all(path)

    return read_one


if __name__ == "__main__":
    main(*sys.argv[1:])
