"""What a run does: one definition for the configuration file (TOML) and the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import tyro

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.nn.inference.image_grain import chosen_grain
from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.printable import printable, require_utf8
from sonolucent.stream.training_settings import TrainingSettings
from sonolucent.stream.viewer_settings import ViewerSettings

Transport = Literal["inproc", "ipc", "tcp"]
_PHANTOM, _SEED = "moving", 1
_OPTION_OF_SINK = {"headless": "headless", "viewer": "view", "recorder": "record", "igtl": "igtl", "trainer": "train"}


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The live pipeline: source, beamformer, enhancement, sinks.

    Args:
        source: "sim", "replay:FILE" (a recording), "tcp://HOST:PORT" (a scanner), or what an installed package brings.
        frames: stop after this many frames; a replay starts over as often as it takes.
        first: the frame at which a replay starts; a recording's frames count from 0.
        last: the frame at which a replay ends; the last of the recording by default.
        loop: replay over and over until stopped, as for a viewer.
        hold: a replay waits at its last frame, until it is told to go on or stopped.
        fps: frames a second from `sim` and `replay`; the recorded rate, or 25, by default.
        every: an image after every so many shots, of the latest shot of each transmit (a sliding synthetic aperture);
            each is a frame of its own.
        as_fast_as_possible: no pacing; every frame is waited for.
        phantom: what `sim` images: one of those that `sonolucent simulate` has, a picture:FILE among them.
        seed: of the phantom and its noise.
        transforms: the stages between source and sinks, in order; installed packages may bring more.
        model: "auto", "adaptive" (auto, but a lighter one and at last none for as long as the stage exceeds its
            budget), "cpu", "cuda:N", "none", a filter (median, srad, nlm, obnlm), a model of the package
            (light-quadrant, full-quadrant, light-paper), or the path of a model folder.
        strength: how much of the enhancement is shown, in dB: 0 the plain image, 1 the enhanced one.
        grain: "auto" measures the speckle grain of the first image that shows enough of it, and shows a network images
            at the grain that it was trained on; "off" does not; "1.4x1.8" gives half-widths of a grain in pixels, rows
            x columns.
        imaging: how channel data become images; the other programs have the same options.
        beamform_device: "cpu", or the GPU that beamforms, such as "cuda:0".
        beamform_threads: threads of the beamformer; all cores by default.
        enhance_threads: threads of the network; by default as many as suit it, or half the cores `as_fast_as_possible`,
            when the beamformer works at the same time.
        enhance_backend: what runs a network on the CPU, such as "fused-bf16" (bf16 in the pointwise convolutions of a
            light one) or "torchscript"; the fastest in f32 by default.
        view: show the images in a browser.
        headless: only measure. What happens when there is no other sink.
        sinks: further sinks, by the names under which installed packages bring them.
        port: of the viewer; 0 picks a free one.
        viewer: where the viewer is served, and to whom.
        browser: open the viewer's page where there is a display.
        record: write images, and with `record_channels` channel data, to this new HDF5 file.
        record_channels: record the raw channel data as well.
        train: fine-tune the model in use on frames of this stream, beside it, and go over to what comes of it where
            that is better; this new folder is given frames and model.
        training: how many frames, and how long.
        igtl: serve the images to 3D Slicer over OpenIGTLink on this port of 127.0.0.1 (18944 is usual); 0 picks a free
            one.
        overwrite: let `record` and `trace` replace files that are there.
        transport: "inproc" (threads of one process), "ipc" or "tcp" (one process a stage).
        keys: a folder that `sonolucent keys` made: tcp is then encrypted, and may leave this machine.
        endpoints: where an edge is bound, by its name such as "source>beamform", for stages on their own.
        budget: the profile of budgets.toml that the stages are held to.
        metrics: serve the run's figures on this port of 127.0.0.1, for `sonolucent top` (which looks at 8661) and
            Prometheus; 0 picks a free one.
        verbose: tell on standard error what every stage has planned.
        control: take changes of settings and model on this port of 127.0.0.1, for `sonolucent control` (which looks at
            8662); 0 picks a free one.
        trace: write the times of the last frames to this JSON file, for ui.perfetto.dev.
    """

    source: str = "sim"
    frames: int | None = None
    first: int = 0
    last: int | None = None
    loop: bool = False
    hold: bool = False
    fps: float | None = None
    every: int | None = None
    as_fast_as_possible: bool = False
    phantom: str = _PHANTOM
    seed: int = _SEED
    transforms: tuple[str, ...] = ("beamform", "enhance")
    model: str = "auto"
    strength: float = 1.0
    grain: str = "auto"
    imaging: Annotated[ImagingSettings, tyro.conf.OmitArgPrefixes] = ImagingSettings()
    beamform_device: str = "cpu"
    beamform_threads: int | None = None
    enhance_threads: int | None = None
    enhance_backend: str | None = None
    view: bool = False
    headless: bool = False
    sinks: tuple[str, ...] = ()
    port: int = 8660
    viewer: ViewerSettings = ViewerSettings()
    browser: bool = True
    record: str | None = None
    record_channels: bool = False
    train: str | None = None
    training: TrainingSettings = TrainingSettings()
    igtl: int | None = None
    overwrite: bool = False
    transport: Transport = "inproc"
    keys: str | None = None
    endpoints: dict[str, str] = msgspec.field(default_factory=dict)
    budget: str = "cpu-25fps"
    metrics: int | None = None
    control: int | None = None
    trace: str | None = None
    verbose: bool = False

    def __post_init__(self) -> None:
        self._require_utf8()
        for name in ("frames", "fps", "every", "beamform_threads", "enhance_threads"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be positive, not {value}")
        if self.first < 0 or (self.last is not None and self.last < self.first):
            raise ValueError(f"first and last must be in order and not negative, not {self.first} and {self.last}")
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength must lie within 0..1, not {self.strength}")
        chosen_grain(self.grain)
        load_budgets(self.budget)
        self._require_options_of_the_source()
        if not self.transforms and not self.source.startswith("images:"):
            raise ValueError("transforms must name one stage at least, such as beamform")
        for name, option in _OPTION_OF_SINK.items():
            if name in self.sinks:
                raise ValueError(f"sinks are those that installed packages bring; for {name} there is {option}")
        if self.record_channels and self.record is None:
            raise ValueError("record_channels needs a file; give record = FILE too")
        if self.record_channels and self.source.startswith("images:"):
            raise ValueError(f"record_channels needs channel data; {self.source} has images alone")
        if self.record_channels and self.every is not None:
            raise ValueError("record_channels records whole frames; leave every out")
        self._require_what_can_be_trained_on()
        if self.view and self.headless:
            raise ValueError("view and headless exclude each other")
        if self.fps is not None and self.as_fast_as_possible:
            raise ValueError("fps and as_fast_as_possible exclude each other")
        for name in ("port", "metrics", "control", "igtl"):
            if not 0 <= (getattr(self, name) or 0) < 65536:
                raise ValueError(f"{name} must lie in 0..65535, not {getattr(self, name)}")

    def _require_utf8(self) -> None:
        """Texts go into reports, recordings and messages, all of which are UTF-8."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            told = f"{name}: {printable(value)}" if isinstance(value, str) else name
            require_utf8(value, named=told)

    def _require_what_can_be_trained_on(self) -> None:
        if self.train is None:
            return
        if self.source.startswith("images:"):
            raise ValueError(f"train needs channel data; {self.source} has images alone")
        if self.every is not None:
            raise ValueError("train looks at whole frames; leave every out")
        if "enhance" not in self.transforms:
            raise ValueError("train needs the stage enhance in transforms")

    def _require_options_of_the_source(self) -> None:
        """What a source would ignore is refused. Plug-ins may make of it what they like."""
        kind = self.source.partition(":")[0]
        replayed = (self.first, self.last, self.loop, self.hold) != (0, None, False, False)
        simulated = (self.phantom, self.seed) != (_PHANTOM, _SEED)
        if replayed and kind in ("sim", "tcp"):
            raise ValueError(f"first, last, loop and hold belong to a replay, not to {self.source}")
        if self.hold and (self.loop or self.frames is not None):
            raise ValueError("hold ends a replay at its last frame; leave loop and frames out")
        if simulated and kind in ("replay", "images", "tcp"):
            raise ValueError(f"phantom and seed belong to the source sim, not to {self.source}")
        if self.fps is not None and kind == "tcp":
            raise ValueError(f"fps is for sim and replay: the scanner {self.source} sets its own pace")

    @property
    def sets_pace(self) -> bool:
        """Whether this program, not a scanner, decides when a frame comes."""
        return self.source == "sim" or self.is_replay

    @property
    def live(self) -> bool:
        """Whether the source sets the pace; then a slow stage loses frames (and counts them) instead of waiting."""
        return not self.as_fast_as_possible and not self.is_replay

    @property
    def is_replay(self) -> bool:
        """Whether the source is a file."""
        return self.source.startswith(("replay:", "images:"))

    @property
    def is_controlled(self) -> bool:
        """Whether the run takes requests while frames flow: on a port, from the viewer's page, or of its training."""
        return self.control is not None or (self.view and self.viewer.controls) or self.train is not None


def load_config(path: Path) -> Config:
    """The configuration in a TOML file.

    Raises:
        ConfigError: the file is missing or not TOML, or a key is unknown or has a value it cannot have.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Config)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; check the path") from error
    except UNDECODABLE as error:
        raise ConfigError(f"{path}: {error}; `sonolucent run --help` lists what there is") from error


def changed(config: Config, **changes: Any) -> Config:
    """`config` with some values replaced, checked again.

    Raises:
        ConfigError: the values do not go together.
    """
    try:
        return msgspec.convert({**msgspec.structs.asdict(config), **changes}, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(str(error)) from error
