"""Runs with few descriptors, with little address space, and by a clock that jumps."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.campaigns.aftermath import Trial
from tests.campaigns.resource_runs import TRANSPORTS, run_command, scratch_in

# Beside the time of day, which `date` sets, programs ask for it in three ways.
_JUMPING_CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
static time_t jumped(void) {
  struct timespec now;
  int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
  real(CLOCK_MONOTONIC, &now);
  return now.tv_sec % 2 ? 3600 : -3600;
}
int clock_gettime(clockid_t which, struct timespec *now) {
  int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
  int status = real(which, now);
  if (which == CLOCK_REALTIME) now->tv_sec += jumped();
  return status;
}
int gettimeofday(struct timeval *now, void *zone) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  now->tv_sec = at.tv_sec, now->tv_usec = at.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *now) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  if (now) *now = at.tv_sec;
  return at.tv_sec;
}
"""


def descriptors(folder: Path, _: int) -> Iterator[Trial]:
    """From too few to begin with, to enough."""
    for n in (6, 10, 16, 24, 32, 48, 64, 96, 128, 256):
        for transport in TRANSPORTS:
            here = folder / f"{n}-{transport}"
            yield Trial(
                f"{n} descriptors, {transport}",
                run_command(here, transport),
                here,
                (0, 1, 2),
                prepare=_limited(resource.RLIMIT_NOFILE, n),
                scratch=scratch_in(here),
            )


def address_space(folder: Path, _: int) -> Iterator[Trial]:
    """From too little to load the libraries, to enough."""
    for megabytes in (200, 400, 700, 1000, 1300, 1600, 2000, 2500, 3000, 4000):
        for transport in TRANSPORTS:
            here = folder / f"{megabytes}-{transport}"
            yield Trial(
                f"{megabytes} MB of address space, {transport}",
                run_command(here, transport),
                here,
                (0, 1, 2),
                prepare=_limited(resource.RLIMIT_AS, megabytes * 1_000_000),
                scratch=scratch_in(here),
            )


def _limited(what: int, limit: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (limit, limit))


def clocks(folder: Path, _: int) -> Iterator[Trial]:
    """The time of day jumps by two hours every second, back and forth; monotonic time begins far in the future."""
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(_JUMPING_CLOCK)
    if shutil.which("cc"):
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
        for transport in TRANSPORTS:
            here = folder / f"jumps-{transport}"
            command = run_command(here, transport, frames=60)
            preload = {"LD_PRELOAD": str(library)}
            yield Trial(f"time of day jumps, {transport}", command, here, environment=preload, scratch=scratch_in(here))
    else:
        print("clocks: no compiler, so the time of day does not jump", flush=True)
    later = ["unshare", "--time", "--monotonic", "2000000000", "--boottime", "2000000000", "--fork"]
    if subprocess.run([*later, "true"], capture_output=True, check=False).returncode:
        print("clocks: this machine allows no other monotonic time", flush=True)
        return
    for transport in TRANSPORTS:
        here = folder / f"later-{transport}"
        yield Trial(
            f"monotonic time of 63 years, {transport}",
            [*later, *run_command(here, transport)],
            here,
            scratch=scratch_in(here),
        )


PARTS: dict[str, Callable[[Path, int], Iterator[Trial]]] = {
    "descriptors": descriptors,
    "address space": address_space,
    "clocks": clocks,
}
