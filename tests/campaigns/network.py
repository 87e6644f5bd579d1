"""A scanner and a run on two hosts whose network loses packets, is too narrow, or is out: `python
tests/campaigns/network.py` prints what became of the frames.

The hosts are network namespaces of this machine, so this needs Linux, root, and the commands `ip`, `tc` and `nft`. The
stream is encrypted, as between any two machines.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sonolucent.beamform import Acquisition, Probe
from sonolucent.stream import write_recording
from sonolucent.stream.transport.curve import make_keys

FPS, STEADY_S, OUT_S = 25, 5.0, (1.0, 4.0, 15.0)
RECOVERY_S = 5.0
HOSTS = {"scanner": "10.77.0.1", "run": "10.77.0.2"}
METRICS = 9100
_POLL_S, _PATIENCE_S = 0.05, 60.0
_ASK = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{METRICS}/metrics', timeout=5).read().decode())"
SONOLUCENT = [sys.executable, "-m", "sonolucent"]


class Outcome(NamedTuple):
    """What a run says at its end, and how long after the network was whole again its next frame came."""

    report: dict[str, Any]
    recovery_s: float


class Network:
    """Two hosts and the link between them; faults are at the end of the run."""

    def __init__(self) -> None:
        self.names = {role: f"sonolucent-{role}-{os.getpid()}" for role in HOSTS}
        for name in self.names.values():
            command("ip", "netns", "add", name)
        a, b = self.names.values()
        command("ip", "-n", a, "link", "add", "link0", "type", "veth", "peer", "name", "link0", "netns", b)
        for role, address in HOSTS.items():
            self.at(role, "ip", "address", "add", f"{address}/24", "dev", "link0")
            for link in ("lo", "link0"):
                self.at(role, "ip", "link", "set", link, "up")

    def at(self, role: str, *words: str) -> None:
        """A command on one of the hosts."""
        command(*self.on(role), *words)

    def on(self, role: str) -> list[str]:
        """What a command begins with that is to run on a host."""
        return ["ip", "netns", "exec", self.names[role]]

    def lose(self, percent: int) -> None:
        """Loses packets at random, both ways."""
        for role in HOSTS:
            self.at(role, "nft", "add table ip faults; add chain ip faults in { type filter hook input priority 0; }")
            self.at(role, "nft", f"add rule ip faults in iifname link0 numgen random mod 100 < {percent} drop")

    def narrow(self, megabit: int) -> None:
        """Lets so much through, and keeps a twentieth of a second waiting."""
        rate = ["rate", f"{megabit}mbit", "burst", "64kb", "latency", "50ms"]
        self.at("scanner", "tc", "qdisc", "replace", "dev", "link0", "root", "tbf", *rate)

    def cut(self) -> None:
        """The cable is out."""
        self.at("run", "ip", "link", "set", "link0", "down")

    def mend(self) -> None:
        """All is well again."""
        self.at("run", "ip", "link", "set", "link0", "up")
        for role in HOSTS:
            subprocess.run([*self.on(role), "nft", "delete table ip faults"], stderr=subprocess.DEVNULL, check=False)
            subprocess.run(
                [*self.on(role), "tc", "qdisc", "del", "dev", "link0", "root"], stderr=subprocess.DEVNULL, check=False
            )

    def close(self) -> None:
        """Removes the hosts."""
        for name in self.names.values():
            command("ip", "netns", "delete", name)


def command(*words: str) -> None:
    """Runs a command of the system, which must succeed."""
    subprocess.run(words, check=True)


@contextmanager
def process(words: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Within, it runs; it is ended in order, and must end."""
    with subprocess.Popen(words, text=True, **options) as started:
        try:
            yield started
        finally:
            started.send_signal(signal.SIGINT)
            try:
                started.wait(_PATIENCE_S)
            finally:
                started.kill()


def frames_so_far(network: Network) -> int:
    """How many frames the run has shown, by its metrics; 0 before there are any."""
    found = subprocess.run(
        [*network.on("run"), sys.executable, "-c", _ASK], check=False, capture_output=True, text=True
    )
    counted = re.search(r"^sonolucent_frames_out_total (\d+)", found.stdout, re.MULTILINE)
    return int(counted[1]) if counted else 0


def first_frame_after(network: Network, frames: int) -> float:
    """How long until more than so many frames have been shown."""
    begun_s = time.monotonic()
    while frames_so_far(network) <= frames:
        assert time.monotonic() - begun_s < _PATIENCE_S, "the run went deaf"
        time.sleep(_POLL_S)
    return time.monotonic() - begun_s


@contextmanager
def streaming(network: Network, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Within, a scanner on one host streams to a run on the other; the run."""
    keys = ["--keys", str(folder / "keys")]
    scanner = [
        *SONOLUCENT,
        "scanner",
        "--host",
        HOSTS["scanner"],
        "--source",
        f"replay:{folder / 'small.h5'}",
        "--frames",
        "100000",
    ]
    source = ["--source", f"tcp://{HOSTS['scanner']}:5555"]
    run = [*SONOLUCENT, "run", *source, *keys, "--headless", "--metrics", str(METRICS), "--json"]
    with ExitStack() as stack:
        stack.enter_context(
            process([*network.on("scanner"), *scanner, "--fps", str(FPS), *keys], stdout=subprocess.DEVNULL)
        )
        yield stack.enter_context(process([*network.on("run"), *run], stdout=subprocess.PIPE))


def attempt(network: Network, folder: Path, fault: str, value: float) -> Outcome:
    """One run over a network with one fault."""
    with streaming(network, folder) as run:
        first_frame_after(network, 0)
        {"lose": network.lose, "narrow": network.narrow, "cut": lambda _: network.cut()}[fault](int(value))
        time.sleep(value if fault == "cut" else STEADY_S)
        network.mend()
        recovery_s = first_frame_after(network, frames_so_far(network))
        time.sleep(1.0)
        run.send_signal(signal.SIGINT)
        assert run.stdout is not None
        report = json.loads(run.stdout.read())
    return Outcome(report, recovery_s)


def check(outcome: Outcome) -> None:
    """Whether every frame is accounted for, and the run was not deaf."""
    for name, edge in outcome.report["ledger"].items():
        assert edge["acquired"] == edge["delivered"] + sum(edge["dropped"].values()), (name, edge)
    assert outcome.recovery_s < RECOVERY_S, outcome.recovery_s


def main() -> int:
    missing = [name for name in ("ip", "tc", "nft") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        print(f"skipped: this needs root{''.join(f', {name}' for name in missing)}")
        return 0
    faults = [("lose", 1, "1 % of the packets lost"), ("lose", 5, "5 % of the packets lost")]
    faults += [("narrow", 30, "30 Mbit/s for 52"), *(("cut", s, f"cable out for {s:.0f} s") for s in OUT_S)]
    print("| network | frames shown | lost, by reason | next frame after s |\n|---|---|---|---|")
    network = Network()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            make_keys(folder / "keys")
            write_small_recording(folder / "small.h5")
            for fault, value, what in faults:
                outcome = attempt(network, folder, fault, value)
                check(outcome)
                lost = outcome.report["dropped"]
                print(f"| {what} | {outcome.report['frames_out']} | {lost} | {outcome.recovery_s:.2f} |", flush=True)
    finally:
        network.close()
    return 0


def write_small_recording(path: Path) -> None:
    """Noise of a small probe, 262 kB a frame."""
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe=probe, tx_elements=range(16), n_samples=512, sampling_frequency_hz=25e6)
    noise = np.random.default_rng(1).normal(0, 1000, (8, *acquisition.shape)).astype(np.int16)
    write_recording(path, noise, acquisition, frame_rate_hz=FPS)


if __name__ == "__main__":
    sys.exit(main())
