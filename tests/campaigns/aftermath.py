"""What a program leaves behind that was disturbed: processes, files, messages, recordings that do not open."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sonolucent.stream.errors import RecordingError
from sonolucent.stream.recording.reader import Recording

HANGS_S = 300.0
# A stage whose parent is gone has 15 s for what it is at.
ORPHANS_S = 20.0
_MOST_SAID = 3000
_PR_SET_CHILD_SUBREAPER = 36

Act = Callable[[subprocess.Popen[bytes]], None]


@dataclass
class Trial:
    """One disturbance.

    Args:
        name: of what is disturbed.
        command: the program.
        folder: an empty one, in which the program may write recordings.
        statuses: with which it may end.
        environment: beside that of this process.
        prepare: called in the program's process before it begins.
        act: called with the process once it has begun.
        output: where standard output goes; a pipe that is read by default.
        scratch: its folder of temporary files, which must be empty afterwards.
    """

    name: str
    command: Sequence[str]
    folder: Path
    statuses: tuple[int, ...] = (0,)
    environment: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] | None = None
    act: Act | None = None
    output: Path | None = None
    scratch: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """How a trial ended; `faults` are sentences, none when all is well."""

    name: str
    status: int
    seconds: float
    orphans_s: float
    said: str
    faults: tuple[str, ...]


def adopt_orphans() -> None:
    """Processes whose parent has died become this one's children, so that they are seen.

    A shell that starts this program in the background has it ignore SIGINT, and so would those that are tried.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def outcome(trial: Trial) -> Outcome:
    """Runs the program, disturbs it, and looks at all that is left."""
    trial.folder.mkdir(parents=True, exist_ok=True)
    shared, begun_s = _shared_memory(), time.monotonic()
    environment = {**os.environ, **trial.environment}
    if trial.scratch is not None:
        environment["TMPDIR"] = str(trial.scratch)
    with _target(trial.output) as target:
        process = subprocess.Popen(
            trial.command,
            stdin=subprocess.DEVNULL,
            stdout=target,
            stderr=subprocess.PIPE,
            env=environment,
            preexec_fn=trial.prepare,
        )
    faults = []
    try:
        if trial.act is not None:
            trial.act(process)
        printed, said = process.communicate(timeout=HANGS_S)
    except subprocess.TimeoutExpired:
        process.kill()
        printed, said = process.communicate()
        faults.append(f"it hung for {HANGS_S:.0f} s")
    seconds = time.monotonic() - begun_s
    orphans, orphans_s = _orphans()
    faults += [f"an orphan: {orphan}" for orphan in orphans]
    faults += _of_messages(trial, process.returncode, said.decode(errors="replace"))
    if process.returncode == 0 and "--json" in trial.command and trial.output is None:
        faults += _of_report(printed or b"")
    faults += [f"{name} is left in /dev/shm" for name in _shared_memory() - shared]
    if trial.scratch is not None:
        faults += [f"{left.name} is left of temporary files" for left in trial.scratch.iterdir()]
    faults += _of_files(trial.folder)
    told = said.decode(errors="replace")[-_MOST_SAID:]
    return Outcome(trial.name, process.returncode, seconds, orphans_s, told, tuple(faults))


def _target(output: Path | None) -> Any:
    return open(os.devnull if output is None else output, "wb") if output is not None else _Pipe()


class _Pipe:
    def __enter__(self) -> int:
        return subprocess.PIPE

    def __exit__(self, *error: object) -> None:
        pass


def _of_messages(trial: Trial, status: int, said: str) -> list[str]:
    """Faults of status and messages: a traceback, none or several messages at a failure."""
    faults = [] if status in trial.statuses else [f"status {status}, not {' or '.join(map(str, trial.statuses))}"]
    if "Traceback" in said or "Exception ignored" in said:
        faults.append("a traceback")
    n_messages = sum(line.startswith("sonolucent: ") for line in said.splitlines())
    if status in (1, 2) and n_messages != 1:
        faults.append(f"{n_messages} messages, not one")
    return faults


def _of_report(printed: bytes) -> list[str]:
    try:
        report = json.loads(printed)
    except ValueError:
        return ["the report is lost"]
    return [] if report.get("balanced", True) else ["the ledger does not add up"]


def _of_files(folder: Path) -> list[str]:
    """Recordings that do not open, and drafts."""
    faults = [f"{draft.name} is left" for draft in folder.rglob(".*.part*")]
    for file in folder.rglob("*.h5"):
        try:
            recording = Recording(file)
            for i in range(recording.n_images):
                recording.image(i)
            for i in range(len(recording)):
                recording[i]
            recording.close()
        except RecordingError as error:
            faults.append(f"a recording that does not open: {error}")
    return faults


def children() -> list[int]:
    """The processes whose parent this one is."""
    mine = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text().rpartition(") ")[2].split()[:2]
            if int(parent) == os.getpid() and state != "Z":
                mine.append(int(stat.parent.name))
    return mine


def _orphans() -> tuple[list[str], float]:
    """What is still there after the grace that stages have, and how long the last one stayed."""
    begun_s = time.monotonic()
    while (left := children()) and time.monotonic() - begun_s < ORPHANS_S:
        time.sleep(0.05)
    waited_s = time.monotonic() - begun_s
    names = []
    for pid in left:
        with suppress(OSError):
            names.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())
            os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return names, waited_s


def _shared_memory() -> set[str]:
    return set(os.listdir("/dev/shm"))
