"""A small archive, and an engine that does its work in this very process."""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, Probe
from sonolucent.stream import write_recording
from sonolucent.stream.engines.engine_choice import EngineChoice
from sonolucent.stream.engines.work_engine import Lost
from sonolucent.stream.reprocessing.work import Outcome, Unit
from sonolucent.stream.reprocessing.workbench import RecordingWorkshop

N_FRAMES = 5
FILES = {"x.h5": 16, "inner/y.hdf5": 16, "inner/z.uff": 12}
"""Names, and the elements of their probes."""


def acquisition(n_elements: int) -> Acquisition:
    probe = Probe.linear(n_elements=n_elements, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    return Acquisition(probe, range(n_elements), 500, 25e6)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Recordings in three formats and of two geometries, whose frames fade: each range has another level."""
    folder = tmp_path / "archive"
    (folder / "inner").mkdir(parents=True)
    for seed, (name, n_elements) in enumerate(FILES.items()):
        geometry = acquisition(n_elements)
        noise = np.random.default_rng(seed).standard_normal((N_FRAMES, *geometry.shape), np.float32)
        fading = 1000 * 0.7 ** np.arange(N_FRAMES, dtype=np.float32)
        write_recording(folder / name, noise * fading[:, None, None, None], geometry, frame_rate_hz=25.0)
    return folder


@dataclass(frozen=True)
class Here(EngineChoice):
    """Work is done in this process, unless `happens` has something else happen to the n-th unit."""

    happens: dict[int, Callable[[Unit], Outcome | Lost]] = field(default_factory=dict)
    benches: list["Bench"] = field(default_factory=list)

    def engine(self, workshop: RecordingWorkshop, folder: Path) -> Any:
        self.benches.append(Bench(workshop, self.happens))
        return self.benches[-1]


class Bench:
    name, workers = "here", 1

    def __init__(self, workshop: RecordingWorkshop, happens: dict[int, Callable[[Unit], Outcome | Lost]]) -> None:
        self.bench, self._happens = workshop.bench(1), happens
        self.units: list[Unit] = []
        self._waiting: deque[Unit] = deque()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None: ...

    @property
    def room(self) -> int:
        return 2 - len(self._waiting)

    def submit(self, unit: Unit) -> None:
        self._waiting.append(unit)

    def next_outcome(self) -> Outcome | Lost:
        unit = self._waiting.popleft()
        self.units.append(unit)
        happen = self._happens.get(len(self.units), self.bench.do)
        return happen(unit)


def contents(folder: Path) -> dict[str, bytes]:
    """Every output by its name, and nothing else may be there but the manifest."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    lines = files.pop("manifest.jsonl").read_text().splitlines()
    assert all(json.loads(line) for line in lines)
    return {name: path.read_bytes() for name, path in files.items()}
