"""A stage that dies is started again, at whatever moment of its supervisor's round it does."""

import io
import subprocess
import tempfile
from threading import Event
from typing import Any

import pytest

from sonolucent.stream.config import Config
from sonolucent.stream.pipeline import pipeline
from sonolucent.stream.runtime.stage_process import Order
from sonolucent.stream.runtime.supervisor import _Supervisor

CONFIG = Config(source="sim", headless=True, transport="ipc")
MOST_LOOKS = 12


class Process:
    """A process that is killed just before it is asked a certain time whether it runs; it says nothing."""

    def __init__(self, stage: str, looks: int | None) -> None:
        self.stage, self._looks = stage, looks
        self.stdin, self.stdout = io.BytesIO(), io.BytesIO()

    def poll(self) -> int | None:
        if self._looks is None:
            return None
        self._looks -= 1
        return None if self._looks > 0 else -9

    def kill(self) -> None:
        self._looks = 0

    def wait(self) -> int:
        return -9


@pytest.mark.parametrize("looks", range(1, MOST_LOOKS))
@pytest.mark.parametrize("victim", ["source", "beamform", "headless"])
def test_a_stage_that_dies_is_started_again_and_no_other_is_ended(
    monkeypatch: pytest.MonkeyPatch, victim: str, looks: int
) -> None:
    begun: list[Process] = []

    def begin(command: list[str], **options: Any) -> Process:
        first = all(process.stage != command[-1] for process in begun)
        begun.append(Process(command[-1], looks if first and command[-1] == victim else None))
        return begun[-1]

    monkeypatch.setattr(subprocess, "Popen", begin)
    table = pipeline(CONFIG)
    with tempfile.TemporaryFile() as journal:
        orders = {stage.name: Order(stage.name, CONFIG, journal.fileno(), "") for stage in table.stages}
        supervisor = _Supervisor(orders, table)
        for _ in range(MOST_LOOKS):
            supervisor.tend(Event(), Event())
            assert supervisor.running
    assert supervisor.restarts == {victim: 1}
    replaced = next(process for process in begun if process.stage == victim)
    assert [process.stdin.closed for process in begun] == [process is replaced for process in begun]
