"""The folder that an evaluation writes into, and the real images that it may read."""

from __future__ import annotations

from pathlib import Path

from sonolucent.stream.errors import ConfigError, OutputError


def require_new_evaluation(out: Path, data: Path | None, *, overwrite: bool) -> None:
    """Refuses a place for an evaluation before any work is done for it.

    Raises:
        OutputError: it holds one, which must not be overwritten; or data, whose names pictures of the report have.
    """
    is_there = (out / "report.json").exists()
    if data is not None and not is_there and out.resolve().is_relative_to(data.resolve()) and any(out.glob("*.*")):
        raise OutputError(f"{out}: holds data, which pictures of the report would replace; choose another folder")
    if not overwrite and is_there:
        raise OutputError(f"{out}: holds an evaluation; choose another folder, or --overwrite it")


def require_data_of(manifest: Path | None, data: Path | None) -> None:
    """Refuses a manifest without the folder whose files it names.

    Raises:
        ConfigError: there is none.
    """
    if manifest is not None and data is None:
        raise ConfigError("a manifest names files in a folder of real images; give data = FOLDER too")
