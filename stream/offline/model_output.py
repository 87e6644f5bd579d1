"""The folder that a training writes its model into."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from sonolucent.stream.errors import ConfigError, OutputError


def require_new_model(out: Path, *, overwrite: bool) -> None:
    """Refuses a place for a model before any work is done for it.

    Raises:
        ConfigError: it holds a model, which must not be overwritten.
        OutputError: it is a file.
    """
    if (out / "model.json").exists() and not overwrite:
        raise ConfigError(f"{out} holds a model already; give another --out, or --overwrite it")
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: cannot be written: it is a file, and a model is a folder; give another --out")


@contextmanager
def model_folder(out: Path) -> Iterator[None]:
    """Within, the folder is there; where that fails before anything is in it, it is not left behind."""
    made = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if made and not any(out.iterdir()):
            out.rmdir()
        raise


def code_version() -> str:
    """The version of the program, and the commit where it runs from a checkout."""
    number = version("sonolucent")
    if shutil.which("git") is None:
        return number
    asked = subprocess.run(
        ["git", "-C", Path(__file__).parent, "rev-parse", "--short=12", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{number} {asked.stdout.strip()}" if asked.returncode == 0 else number
