"""What a training leaves beside the model: its curve and example images, for the eye."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from sonolucent.beamform.bmode import ReferenceLevel, log_compress, to_grey
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.inference.decibels import Decibels
from sonolucent.nn.model_folder import ModelInfo
from sonolucent.nn.training.frames import Beamformed
from sonolucent.nn.training.state import Trained
from sonolucent.nn.unet import UNet

_EXAMPLES = 3


def write_report(
    folder: Path,
    trained: Trained,
    info: ModelInfo,
    shown: Sequence[Beamformed],
    grid: ImageGrid,
    facts: dict[str, str],
) -> None:
    """Writes report.md, curve.png and examples.jpg into `folder`.

    Args:
        folder: made if it is missing.
        trained: the network and its curve.
        info: what `model.json` says.
        shown: frames that become examples, the first three of them; held-out ones, where there are any.
        grid: their pixels.
        facts: more lines of the report, by their names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _draw_curve(folder / "curve.png", trained)
    _draw_examples(folder / "examples.jpg", trained.network, shown[:_EXAMPLES], grid, info.dynamic_range_db)
    last = trained.curve[-1]
    errors = [point.error_db for point in trained.curve if point.error_db is not None]
    error = f"{min(errors):.3f} dB" if errors else "nothing held out"
    began = {} if trained.began_db is None else {"validation error before": f"{trained.began_db:.3f} dB"}
    lines = {
        "data": info.training.data,
        "recipe": info.training.recipe,
        "network": info.kind,
        "steps": f"{info.training.steps}, the weights are those of step {trained.step}",
        "seed": str(info.training.seed),
        "loss at the end": f"{last.loss:.2f} dB",
        **({"began with": info.training.began_with} if info.training.began_with else {}),
        **began,
        "validation error": error,
        **facts,
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in lines.items())
    (folder / "report.md").write_text(
        f"# {info.name}\n\n| | |\n|---|---|\n{table}\n\n![curve](curve.png)\n\n"
        "Plain above, enhanced below, on frames that were "
        f"{'held out' if errors else 'trained on: there was one subject alone'}:\n\n"
        "![examples](examples.jpg)\n",
        encoding="utf-8",
    )


def _draw_curve(path: Path, trained: Trained) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.5), layout="constrained")
    loss = figure.subplots()
    steps = [point.step for point in trained.curve]
    loss.plot(steps, [point.loss for point in trained.curve], "C0")
    loss.set(xlabel="step", ylabel="training loss, dB")
    errors = [point.error_db for point in trained.curve if point.error_db is not None]
    if errors:
        error = loss.twinx()
        error.plot(steps, errors, "C1.-")
        error.set_ylabel("validation error (dB)", color="C1")
    loss.axvline(trained.step, color="0.6", lw=0.8)
    figure.savefig(path, dpi=110)


def _draw_examples(
    path: Path, network: UNet, shown: Sequence[Beamformed], grid: ImageGrid, dynamic_range_db: float
) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(shown), 8), layout="constrained")
    axes = figure.subplots(2, len(shown), squeeze=False)
    enhance = Decibels(network, dynamic_range_db)
    extent = tuple(1e3 * edge for edge in (grid.x_m[0], grid.x_m[-1], grid.z_m[-1], grid.z_m[0]))
    for column, frame in zip(axes.T, shown, strict=True):
        image = np.asarray(frame.image, np.complex64)
        plain = log_compress(image, dynamic_range_db=dynamic_range_db, reference=ReferenceLevel().update(image))
        with torch.inference_mode():
            enhanced = enhance(torch.from_numpy(plain)[None, None])[0, 0].numpy()
        for axis, image in zip(column, (plain, enhanced), strict=True):
            axis.imshow(to_grey(image, dynamic_range_db), cmap="gray", vmin=0, vmax=255, extent=extent)
        column[0].set_title(frame.name, fontsize=9)
    figure.supxlabel("x (mm)")
    figure.supylabel("z (mm)")
    # Speckle is noise, which PNG hardly compresses.
    figure.savefig(path, dpi=80, pil_kwargs={"quality": 85})
