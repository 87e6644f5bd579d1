"""Compiled kernels are kept in the user's cache directory, and nowhere else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from sonolucent import beamform
from sonolucent.beamform import Acquisition, FourierBeamformer, ImageGrid, channel_data
from sonolucent.beamform.compute import compiled
from sonolucent.beamform.fourier.pair_folding import fold_pairs

pytestmark = pytest.mark.slow
PROGRAM = """
import json, logging
import numba, numpy as np
logging.basicConfig()
from sonolucent.beamform import bmode
db = bmode.log_compress(np.full((2, 2), 0.1, np.complex64), reference=1.0)
stats = bmode._compress.stats
print(json.dumps({"db": float(db[0, 0]), "hits": len(stats.cache_hits), "misses": len(stats.cache_misses),
                  "elsewhere": numba.config.CACHE_DIR}))
"""


def start(**environment):
    """Compresses one image in a process of its own; what it said, and what it warned of."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=inherited | environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout), done.stderr


def machine_code(folder):
    return set(Path(folder).rglob("*.nb?"))


def test_the_second_start_finds_what_the_first_one_compiled(tmp_path):
    beside_the_sources = machine_code(beamform.__path__[0])
    first, _ = start(XDG_CACHE_HOME=str(tmp_path))
    assert (first["hits"], first["misses"]) == (0, 1)
    assert machine_code(tmp_path / "sonolucent" / "numba")
    second, warned = start(XDG_CACHE_HOME=str(tmp_path))
    assert (second["hits"], second["misses"]) == (1, 0)
    assert second["db"] == first["db"] == pytest.approx(-20, abs=1e-3)
    assert machine_code(beamform.__path__[0]) == beside_the_sources
    assert second["elsewhere"] == ""  # what other packages compile is theirs
    assert warned == ""


def test_numba_s_own_setting_wins(tmp_path):
    start(NUMBA_CACHE_DIR=str(tmp_path / "own"), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert machine_code(tmp_path / "own")
    assert not machine_code(tmp_path / "cache")


def test_without_a_place_to_keep_them_kernels_run_all_the_same(tmp_path):
    (tmp_path / "file").touch()
    said, warned = start(XDG_CACHE_HOME=str(tmp_path / "file"))
    assert said["db"] == pytest.approx(-20, abs=1e-3)
    assert said["hits"] == 0
    assert warned.count("Set XDG_CACHE_HOME") == 1


def test_old_states_of_the_sources_make_room(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "cache_folder", lambda *within: tmp_path.joinpath(*within))
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    for age in range(6):
        folder = tmp_path / "numba" / f"state{age}"
        folder.mkdir(parents=True)
        os.utime(folder, (1e9 - age, 1e9 - age))
    (tmp_path / "numba" / compiled._state_of_the_sources()).mkdir()
    current = compiled._folder.__wrapped__()
    assert {f.name for f in (tmp_path / "numba").iterdir()} == {current.name, "state0", "state1", "state2"}


def test_importing_touches_no_file(tmp_path):
    subprocess.run(
        [sys.executable, "-c", "import sonolucent.beamform, sonolucent.sim, sonolucent.nn"],
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
        check=True,
    )
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("changed", ["beamform/bmode.py", "beamform/fourier/kaiser_bessel.py", "sim/propagation.py"])
def test_a_change_of_any_file_that_a_kernel_may_read_is_another_state(tmp_path, monkeypatch, changed):
    for name in ("beamform/compute/compiled.py", changed):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("TAPS = 4")
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "beamform/compute/compiled.py"))
    before = compiled._state_of_the_sources()
    assert compiled._state_of_the_sources() == before
    (tmp_path / changed).write_text("TAPS = 6")
    assert compiled._state_of_the_sources() != before


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_frames_that_cannot_be_written_to_need_no_kernels_of_their_own(dtype):
    """Frames out of messages are of that kind; the first one must not wait for a compiler."""
    beamform = FourierBeamformer(Acquisition(), ImageGrid.sau64())
    beamform.warm_up(dtype)
    known = {kernel.__name__: len(kernel.signatures) for kernel in (fold_pairs, channel_data._is_finite)}
    frame = np.ones(Acquisition().shape, dtype)
    frame.flags.writeable = False
    beamform(frame)
    assert {kernel.__name__: len(kernel.signatures) for kernel in (fold_pairs, channel_data._is_finite)} == known


WITHOUT_ROOM = """
import resource
from sonolucent.beamform.compute import cache_folder
cache_folder.cache_folder()
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
"""


def test_a_cache_without_room_costs_time_alone(tmp_path):
    """A limit on the size of files stands for a full disk."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | {"XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", WITHOUT_ROOM + PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["db"] == pytest.approx(-20, abs=1e-3)
    assert done.stderr.count("File too large; kernels are compiled anew at every start") == 1
