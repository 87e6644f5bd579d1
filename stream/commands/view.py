"""`sonolucent view FILE`: the viewer on a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import tyro

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.commands.run import execute
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.sources.image_replay import of_images
from sonolucent.stream.viewer_settings import ViewerSettings


class ViewOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Shows a recording in the browser, of channel data or of images; it waits at its last frame.

    Args:
        file: the recording; FILE::NAME for another than the first of several recordings in it.
        images: the images that were recorded, even where there are channel data to make others of.
        model: what enhances, as `model` of `run`; images that were recorded are shown as they are by default.
        imaging: how channel data become images; `run` has the same options.
        fps: frames a second; the recorded rate, or 25, by default.
        loop: begin again behind the last frame.
        port: of the page; 0 picks a free one.
        viewer: where the page is served, and to whom.
        browser: open the page where there is a display.
        json: print one JSON document on standard output at the end and nothing else there.
    """

    file: tyro.conf.Positional[str]
    images: bool = False
    model: str | None = None
    imaging: Annotated[ImagingSettings, tyro.conf.OmitArgPrefixes] = ImagingSettings()
    fps: float | None = None
    loop: bool = False
    port: int = 8660
    viewer: ViewerSettings = ViewerSettings()
    browser: bool = True
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(ViewOptions, arguments, "view")
    if not Path(options.file.rpartition("::")[0] or options.file).exists():
        raise ConfigError(f"{options.file}: there is no such file")
    return execute(_configured(options), json=options.json)


def _configured(options: ViewOptions) -> Config:
    source = f"{'images' if options.images else 'replay'}:{options.file}"
    config = Config(
        source=source,
        transforms=("enhance",) if options.images else ("beamform", "enhance"),
        imaging=options.imaging,
        fps=options.fps,
        loop=options.loop,
        hold=not options.loop,
        view=True,
        port=options.port,
        viewer=options.viewer,
        browser=options.browser,
    )
    config = of_images(config)
    default = "none" if config.source.startswith("images:") else "auto"
    return msgspec.structs.replace(config, model=options.model or default)
