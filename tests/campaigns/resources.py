"""Runs whose resources are taken away: `python tests/campaigns/resources.py --help`.

Descriptors, address space, room for temporary files, shared memory, every kind of output, cache; the clock; signals, a
terminal, a parent. After each: nothing is left, no report is lost, every recording opens, and a failure is one message.
Small file systems are mounted in a name space of mounts of this program's own. Status 1 when there is any fault.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.campaigns import resource_disks, resource_limits, resource_signals
from tests.campaigns.aftermath import Outcome, Trial, adopt_orphans, outcome

_INSIDE = "SONOLUCENT_CAMPAIGN_MOUNTS"
PARTS = {**resource_limits.PARTS, **resource_disks.PARTS, **resource_signals.PARTS}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--kills", type=int, default=50, help="random moments, of start-up and of shutdown in turn")
    options = parser.parse_args()
    enter_a_name_space()
    adopt_orphans()
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="resources-") as scratch:
        for part in options.parts:
            for trial in _trials(part, Path(scratch), options.kills):
                found = outcome(trial)
                outcomes.append((part, found))
                faults = "; ".join(found.faults) or "well"
                print(f"{part}: {found.name}: status {found.status}, {found.seconds:.1f} s: {faults}", flush=True)
                if found.faults:
                    print("    " + found.said.replace("\n", "\n    "), flush=True)
    print_table(outcomes)
    return 1 if any(found.faults for _, found in outcomes) else 0


def _trials(part: str, scratch: Path, n_kills: int) -> Iterator[Trial]:
    folder = scratch / part.replace(" ", "-").replace("/", "")
    folder.mkdir()
    begun_s = time.monotonic()
    yield from PARTS[part](folder, n_kills)
    print(f"{part}: {time.monotonic() - begun_s:.0f} s", file=sys.stderr, flush=True)


def enter_a_name_space() -> None:
    """Starts this program again where it may mount; where the machine does not allow that, it goes on without."""
    if _INSIDE in os.environ:
        return
    unshare = ["unshare", "--mount", "--propagation", "private"]
    may = subprocess.run([*unshare, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False)
    os.environ[_INSIDE] = str(int(may.returncode == 0))
    if may.returncode == 0:
        os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


def print_table(outcomes: list[tuple[str, Outcome]]) -> None:
    print("\n| what | trials | ended with | longest s | last orphan s | faults |\n|---|---|---|---|---|---|")
    for part in dict.fromkeys(part for part, _ in outcomes):
        found = [each for name, each in outcomes if name == part]
        counts = {status: sum(each.status == status for each in found) for status in sorted({e.status for e in found})}
        ended = ", ".join(f"{status}: {n}" for status, n in counts.items())
        longest, orphan = max(each.seconds for each in found), max(each.orphans_s for each in found)
        n_faults = sum(bool(each.faults) for each in found)
        print(f"| {part} | {len(found)} | {ended} | {longest:.1f} | {orphan:.1f} | {n_faults} |")


if __name__ == "__main__":
    sys.exit(main())
