"""The engines: the same bytes from all, and a worker that is killed costs nothing."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sonolucent.nn.inference.devices import is_installed
from sonolucent.stream.engines.engine_choice import EngineChoice
from sonolucent.stream.engines.extras import required
from sonolucent.stream.engines.processes import LocalEngine
from sonolucent.stream.engines.work_engine import Lost
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.reprocessing.reprocess import reprocess
from sonolucent.stream.reprocessing.work import Unit, Wish
from sonolucent.stream.reprocessing.workbench import RecordingWorkshop

from .conftest import Here, contents

WISH = Wish(enhance="cpu")


def processes_that(is_wanted: Callable[[bytes], bool]) -> list[int]:
    """The processes whose command line is wanted."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if is_wanted((path / "cmdline").read_bytes()):
                found.append(int(path.name))
    return found


def workers() -> list[int]:
    """The processes of a local engine that this process has started."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in processes_that(lambda command: b"worker_process" in command) if str(pid) in children]


@pytest.fixture
def expected(archive: Path, tmp_path: Path) -> dict[str, bytes]:
    reprocess([str(archive)], tmp_path / "expected", WISH, by=Here())
    return contents(tmp_path / "expected")


def test_processes_of_this_machine_give_the_same_bytes_though_one_is_killed(
    archive: Path, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    killed = []

    def kill_one(what: str, done: int, total: int) -> None:
        if what == "frames" and done > 0 and not killed:
            killed.append(workers()[0])
            os.kill(killed[0], signal.SIGKILL)

    report = reprocess(
        [str(archive)], tmp_path / "out", WISH, by=EngineChoice(workers=2), range_frames=2, progress=kill_one
    )
    assert (report.workers, report.threads, report.frames.out) == (2, max(1, len(os.sched_getaffinity(0)) // 2), 15)
    assert contents(tmp_path / "out") == expected
    assert killed
    assert workers() == []


def test_a_unit_whose_process_is_killed_comes_back_as_lost_and_the_one_behind_it_is_done(
    archive: Path, tmp_path: Path
) -> None:
    def unit(number: int) -> Unit:
        draft = str(tmp_path / f"{number}.h5")
        return Unit(number=number, file=str(archive / "x.h5"), first=0, end=5, draft=draft, whole=True, n_frames=5)

    with LocalEngine(RecordingWorkshop(WISH), workers=1, threads=1) as engine:
        assert engine.room == 2
        engine.submit(unit(1))
        engine.submit(unit(2))
        assert engine.room == 0
        while not workers():  # for a moment a process that begins has no command line
            time.sleep(0.01)
        os.kill(workers()[0], signal.SIGKILL)
        assert engine.next_outcome() == Lost(1, "its process was killed by SIGKILL")
        made = engine.next_outcome()
    assert (made.number, made.kind) == (2, "made")
    assert made.size_bytes == (tmp_path / "2.h5").stat().st_size


needs_slurm = pytest.mark.skipif(not is_installed("submitit"), reason="the extra slurm is not installed")
needs_ray = pytest.mark.skipif(not is_installed("ray"), reason="the extra ray is not installed")


@needs_slurm
def test_jobs_of_slurm_give_the_same_bytes(archive: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    by = EngineChoice("slurm", workers=2, slurm=("cluster=local",))
    assert reprocess([str(archive)], tmp_path / "out", WISH, by=by).frames.out == 15
    assert contents(tmp_path / "out") == expected


@needs_slurm
def test_a_parameter_of_slurm_that_is_none_is_refused(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'long' is no KEY=VALUE"):
        reprocess([str(archive)], tmp_path / "out", WISH, by=EngineChoice("slurm", workers=1, slurm=("long",)))


@pytest.fixture
def ray_ends() -> Iterator[None]:
    yield
    required("ray", "ray").shutdown()


@needs_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("ray_ends")
def test_actors_of_ray_give_the_same_bytes_though_one_is_killed(
    archive: Path, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    killed = threading.Event()

    def kill_one(what: str, done: int, total: int) -> None:
        if what == "frames" and done > 0 and not killed.is_set():
            actors = processes_that(lambda command: command.startswith(b"ray::RayBench"))
            os.kill(actors[0], signal.SIGKILL)
            killed.set()
            time.sleep(0.1)

    by = EngineChoice("ray", workers=1)
    report = reprocess([str(archive)], tmp_path / "out", WISH, by=by, range_frames=2, progress=kill_one)
    assert report.frames.out == 15
    assert contents(tmp_path / "out") == expected
    assert killed.is_set()


def test_an_engine_that_is_not_installed_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray leaves folders of its own name about, which Python would import."""
    (tmp_path / "an_empty_folder").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    for library in ("no_such_library", "an_empty_folder"):
        with pytest.raises(ConfigError, match=r"pip install 'sonolucent\[ray\]', or use --engine local"):
            required(library, "ray")
