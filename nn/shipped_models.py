"""The models that come with the package, by name: light-quadrant, full-quadrant, light-paper."""

from __future__ import annotations

from pathlib import Path

SHIPPED_MODELS = Path(__file__).parent / "models"
"""The folder of their folders."""


def shipped_names() -> list[str]:
    """Of all that come with the package."""
    return sorted(folder.name for folder in SHIPPED_MODELS.iterdir() if folder.is_dir())


def find_model(word: str | Path) -> Path:
    """The folder that a user means: one of that path, else a shipped model of that name, else the path as it is."""
    folder = Path(word)
    return SHIPPED_MODELS / folder if str(word) in shipped_names() and not folder.is_dir() else folder
