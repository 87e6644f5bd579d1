"""Figures of super-resolution: those of images, and the table of methods, degradations and scales."""

from __future__ import annotations

import numpy as np
import pytest

from sonolucent.nn import Fitting
from sonolucent.nn.evaluate.super_resolution_suite import Cell, Spread, Truth, evaluate_super_resolution, image_figures


def _grey(seed: int = 0) -> np.ndarray:
    """Smooth, so that it can be got back."""
    rng = np.random.default_rng(seed)
    z, x = np.mgrid[:64, :56] / 64
    return np.asarray(0.5 + 0.3 * np.sin(9 * z + 5 * x + rng.random()) * np.cos(7 * x), np.float32)


def test_figures_are_those_of_256_levels() -> None:
    truth = np.round(255 * _grey()) / 255
    off = truth + np.where(np.arange(56) % 2, 3, -3).astype(np.float32) / 255
    figures = image_figures(off, truth)
    assert figures["psnr_db"] == pytest.approx(20 * np.log10(255 / 3), abs=1e-3)
    assert image_figures(truth + 0.001, truth)["psnr_db"] > 100, "less than half a level is none"
    assert image_figures(truth, truth)["ssim"] == pytest.approx(1)
    assert figures["ssim"] < 0.999


def test_the_spread_is_the_variance() -> None:
    assert Spread.of([1.0, 3.0]) == Spread(2.0, 1.0, 2)
    assert str(Spread(38.51234, 0.1234, 5)) == "38.51 ± 0.12"


def test_every_method_is_measured_in_every_way() -> None:
    truths = [Truth("a", "simulated", _grey()), Truth("b", "simulated", _grey(1)), Truth("c", "in vivo", _grey(2))]
    results = evaluate_super_resolution(
        truths, ["bicubic", "zssr"], scales=[2], degradations=["m1", "m3"], fitting=Fitting(steps=1)
    )
    assert set(results.figures) == {
        Cell(source, 2, way, name)
        for source in ("simulated", "in vivo")
        for way in ("m1", "m3")
        for name in ("bicubic", "zssr")
    }
    bicubic = results.figures[Cell("simulated", 2, "m1", "bicubic")]
    assert bicubic["psnr_db"].n == 2
    assert bicubic["psnr_db"].mean > results.figures[Cell("simulated", 2, "m3", "bicubic")]["psnr_db"].mean + 3
    assert list(results.pictures["in vivo", 2, "m3"]) == ["truth", "bicubic", "zssr"]
    assert results.left_out == {}


def test_a_method_that_cannot_learn_is_left_out_and_the_others_are_measured() -> None:
    results = evaluate_super_resolution(
        [Truth("a", "simulated", _grey())],
        ["bicubic", "cyclegan"],
        scales=[4],
        degradations=["m1"],
        fitting=Fitting(steps=1),
    )
    assert [cell.method for cell in results.figures] == ["bicubic"]
    assert "64 x 64 pixels at least; the image has 14" in results.left_out["cyclegan-x4 on simulated"]
