"""JSON and TOML from outside that are nested without end are refused in words, as any that are wrong."""

import ast
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sonolucent.stream import open_recording
from sonolucent.stream.config import load_config
from sonolucent.stream.errors import BadInput
from sonolucent.stream.hosting.host_config import load_host_config
from sonolucent.stream.offline.evaluation_manifest import load_manifest
from sonolucent.stream.reprocessing.manifest import NAME, read_manifest

ROOT = Path(__file__).parents[2]
NESTED = "[" * 100_000 + "]" * 100_000


def _opened_arrays(toml: Path) -> None:
    np.save(toml.with_suffix(".npy"), np.zeros((1, 4, 4, 40), np.int16))
    open_recording(toml.with_suffix(".npy"))


READERS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "a configuration": ("a.toml", f"source = {NESTED}", load_config),
    "a host's configuration": ("a.toml", f"scanners = {NESTED}", load_host_config),
    "a manifest of an evaluation": ("a.toml", f"captures = {NESTED}", lambda path: load_manifest(path.parent, path)),
    "what arrays are": ("a.toml", f"pitch_m = {NESTED}", _opened_arrays),
    "a manifest of outputs": (NAME, f'{{"more":{NESTED}}}\n', lambda path: read_manifest(path.parent)),
}


@pytest.mark.parametrize("what", READERS)
def test_what_is_nested_without_end_is_refused(tmp_path: Path, what: str) -> None:
    name, text, read = READERS[what]
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=rf"{name}.*recursion"):
        read(tmp_path / name)


def test_whoever_decodes_knows_of_nesting() -> None:
    """There are many who decode, and each had to learn of it by itself."""
    forgetful = []
    for package in ("beamform", "sim", "nn", "stream"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                caught = ast.unparse(node.type) if isinstance(node, ast.ExceptHandler) and node.type else ""
                decodes = "msgspec.DecodeError" in caught or "TOMLDecodeError" in caught
                if decodes and "RecursionError" not in caught:
                    forgetful.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert forgetful == []
