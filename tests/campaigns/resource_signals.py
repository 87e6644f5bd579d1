"""Signals, a terminal that closes, and a parent that is killed, at random moments of a run's start and end."""

from __future__ import annotations

import os
import pty
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from tests.campaigns.aftermath import Act, Trial
from tests.campaigns.kill_stages import processes
from tests.campaigns.resource_runs import TRANSPORTS, run_command, scratch_in

STOPPED_S = 5.0
_MANY_FRAMES = 1_000_000
_LONGEST_START_S, _LONGEST_END_S = 6.0, 1.5


def signals(folder: Path, _: int) -> Iterator[Trial]:
    """SIGHUP, SIGTERM and SIGINT end a run in order, before its first frame and after."""
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        for when, act in {"early": _after(2.0, number), "late": _when_recorded(number)}.items():
            for transport in TRANSPORTS:
                here = folder / f"{number.name}-{when}-{transport}"
                command = run_command(here, transport, frames=_MANY_FRAMES)
                # Python may end itself by SIGINT after an interruption; a shell tells that as 130.
                statuses = (0,) if when == "late" else (0, 130, -signal.SIGINT)
                yield Trial(
                    f"{number.name} {when}, {transport}",
                    command,
                    here,
                    statuses,
                    act=_of(act, here),
                    scratch=scratch_in(here),
                )


def stopped_stages(folder: Path, _: int) -> Iterator[Trial]:
    """SIGSTOP for five seconds, of each stage's process in turn."""
    for stage in ("source", "beamform", "enhance", "headless", "recorder"):
        here = folder / stage
        command = run_command(here, "ipc", frames=_MANY_FRAMES)

        def act(process: subprocess.Popen[bytes], stage: str = stage, here: Path = here) -> None:
            _wait_for_frames(here)
            pid = processes(process.pid)[stage][0]
            os.kill(pid, signal.SIGSTOP)
            time.sleep(STOPPED_S)
            os.kill(pid, signal.SIGCONT)
            grown = _size(here)
            begun_s = time.monotonic()
            while _size(here) == grown and time.monotonic() - begun_s < 10:
                time.sleep(0.02)
            print(f"  {stage}: frames are recorded again after {time.monotonic() - begun_s:.2f} s", flush=True)
            process.send_signal(signal.SIGINT)

        yield Trial(f"{stage} stopped for {STOPPED_S:.0f} s", command, here, act=act, scratch=scratch_in(here))


def terminals(folder: Path, _: int) -> Iterator[Trial]:
    """The terminal that a run was started on closes."""
    for transport in TRANSPORTS:
        here = folder / transport
        master, slave = pty.openpty()

        def on_the_terminal(slave: int = slave) -> None:
            os.setsid()
            os.dup2(slave, 0)
            import fcntl
            import termios

            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            os.dup2(slave, 2)

        def act(process: subprocess.Popen[bytes], here: Path = here, master: int = master, slave: int = slave) -> None:
            os.close(slave)
            _wait_for_frames(here)
            os.close(master)

        command = run_command(here, transport, frames=_MANY_FRAMES)
        name = f"a terminal that closes, {transport}"
        yield Trial(name, command, here, prepare=on_the_terminal, act=act, scratch=scratch_in(here))


def killed_parents(folder: Path, n: int) -> Iterator[Trial]:
    """-9 at random moments of start-up and of shutdown, in turn."""
    moments = random.Random(1)
    for i in range(n):
        transport = TRANSPORTS[i // 2 % 2]
        here = folder / str(i)
        if i % 2 == 0:
            after_s = moments.uniform(0.0, _LONGEST_START_S)
            act = _of(_after(after_s, signal.SIGKILL), here)
            name = f"killed {after_s:.2f} s after its start, {transport}"
        else:
            after_s = moments.uniform(0.0, _LONGEST_END_S)
            act = _of(_killed_at_its_end(after_s), here)
            name = f"killed {after_s:.2f} s after SIGINT, {transport}"
        command = run_command(here, transport, frames=_MANY_FRAMES)
        yield Trial(name, command, here, (-signal.SIGKILL, 0, 130), act=act, scratch=scratch_in(here))


Disturbance = Callable[[subprocess.Popen[bytes], Path], None]


def _of(disturbance: Disturbance, folder: Path) -> Act:
    return lambda process: disturbance(process, folder)


def _after(seconds: float, number: int) -> Disturbance:
    def act(process: subprocess.Popen[bytes], _: Path) -> None:
        time.sleep(seconds)
        process.send_signal(number)

    return act


def _when_recorded(number: int) -> Disturbance:
    def act(process: subprocess.Popen[bytes], folder: Path) -> None:
        _wait_for_frames(folder)
        process.send_signal(number)

    return act


def _killed_at_its_end(seconds: float) -> Disturbance:
    def act(process: subprocess.Popen[bytes], folder: Path) -> None:
        _wait_for_frames(folder)
        process.send_signal(signal.SIGINT)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)

    return act


def _wait_for_frames(folder: Path) -> None:
    """Until the recording holds a few images, or a minute is over."""
    deadline = time.monotonic() + 60
    while _size(folder) < 5_000_000 and time.monotonic() < deadline:
        time.sleep(0.02)


def _size(folder: Path) -> int:
    with suppress(OSError):
        return (folder / "r.h5").stat().st_size
    return 0


PARTS: dict[str, Callable[[Path, int], Iterator[Trial]]] = {
    "signals": signals,
    "stopped stages": stopped_stages,
    "closed terminals": terminals,
    "killed parents": killed_parents,
}
