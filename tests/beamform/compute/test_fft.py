"""The two FFT libraries behind one set of plans."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform import FourierBeamformer
from sonolucent.beamform.compute import fft

IMAGE_WITHOUT_FFTW = """
import sys
sys.modules["pyfftw"] = None
import numpy as np
from sonolucent.beamform import Acquisition, FourierBeamformer, ImageGrid
from sonolucent.beamform.compute import fft
assert fft.LIBRARY == "scipy.fft"
image = FourierBeamformer(Acquisition(), ImageGrid.sau64(), threads=1)(np.load(sys.argv[1]))
np.save(sys.argv[2], image)
"""


def test_without_fftw_the_image_is_the_same(tmp_path: Path, acquisition, grid, wires):
    np.save(tmp_path / "channels.npy", wires)
    command = [sys.executable, "-c", IMAGE_WITHOUT_FFTW, tmp_path / "channels.npy", tmp_path / "image.npy"]
    subprocess.run(command, check=True)
    image = FourierBeamformer(acquisition, grid, threads=1)(wires)
    assert np.abs(np.load(tmp_path / "image.npy") - image).max() < 1e-5 * np.abs(image).max()


def test_plans_are_unnormalised_and_undo_each_other():
    rows = fft.complex_buffer(3, 20)
    forward, backward = fft.plan_forward(rows), fft.plan_backward(rows)
    rng = np.random.default_rng(0)
    values = (rng.standard_normal((3, 20)) + 1j * rng.standard_normal((3, 20))).astype(np.complex64)
    rows[...] = values
    fft.execute(forward.call)
    assert rows == pytest.approx(np.fft.fft(values), abs=1e-4)
    fft.execute(backward.call)
    assert rows == pytest.approx(20 * values, abs=1e-3)


def test_a_plan_wants_rows_of_whole_complex_numbers():
    with pytest.raises(ValueError, match="contiguous complex64"):
        fft.plan_forward(np.zeros((4, 16), np.complex64)[:, ::2])


def test_wisdom_outlives_the_process_and_a_folder_that_cannot_be_written_does_not_matter(tmp_path, monkeypatch, caplog):
    if fft.LIBRARY != "FFTW":
        pytest.skip("needs pyFFTW")
    monkeypatch.setattr(fft, "_wisdom_file", lambda: tmp_path / "wisdom")
    monkeypatch.setattr(fft, "_recalled", b"")
    fft.remember_plans()
    assert (tmp_path / "wisdom").read_bytes().startswith(b"(fftw")
    fft.recall_plans()
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(fft, "_wisdom_file", lambda: tmp_path / "file" / "wisdom")
    fft.remember_plans()
    assert "could not be kept" in caplog.text


def test_of_two_processes_that_have_learnt_different_things_one_is_believed_by_both(tmp_path, monkeypatch):
    pyfftw = pytest.importorskip("pyfftw")
    before = pyfftw.export_wisdom()
    monkeypatch.setattr(fft, "_wisdom_file", lambda: tmp_path / "wisdom")
    monkeypatch.setattr(fft, "_recalled", b"")
    try:
        kept, own = two_kinds_of_wisdom(pyfftw)
        (tmp_path / "wisdom").write_bytes(kept)
        believe(pyfftw, own)
        fft.recall_plans()
        assert transformed() == transformed_by(pyfftw, kept) != transformed_by(pyfftw, own)
        believe(pyfftw, own)
        fft._recalled = b""
        fft.remember_plans()
        assert transformed_by(pyfftw, (tmp_path / "wisdom").read_bytes()) == transformed_by(pyfftw, kept)
    finally:
        pyfftw.forget_wisdom()
        pyfftw.import_wisdom(before)


def two_kinds_of_wisdom(pyfftw):
    """FFTW times its candidates, and the clock does not always agree with itself."""
    seen = {}
    for _ in range(300):
        pyfftw.forget_wisdom()
        bits = transformed()
        seen[bits] = pyfftw.export_wisdom()[1]
        if len(seen) == 2:
            return seen.values()
    pytest.skip("here FFTW chooses the same plan every time")


def believe(pyfftw, wisdom):
    pyfftw.forget_wisdom()
    pyfftw.import_wisdom((b"", wisdom, b""))


def transformed_by(pyfftw, wisdom):
    believe(pyfftw, wisdom)
    return transformed()


def transformed():
    """Bits of a transform, planned with what this process knows."""
    rows = fft.complex_buffer(16, 1200)
    plan = fft.plan_forward(rows)
    rows[...] = np.random.default_rng(0).standard_normal((16, 2400), np.float32).view(np.complex64)
    fft.execute(plan.call)
    return rows.tobytes()


def test_processes_plan_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    other = "from sonolucent.beamform.compute import fft\nwith fft.planning(): print('planning')"
    with fft.planning():
        process = subprocess.Popen([sys.executable, "-c", other], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=5)
    assert process.communicate(timeout=60) == ("planning\n", None)
