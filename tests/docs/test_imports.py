"""What documents and examples import from Sonolucent, the four packages export."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator

import pytest
from documents import ROOT, python_programs

PACKAGES = ("sonolucent.beamform", "sonolucent.sim", "sonolucent.nn", "sonolucent.stream")


def _programs() -> Iterator[tuple[str, str]]:
    for programs in python_programs().values():
        yield from ((block.place, block.text) for block in programs)
    for path in sorted((ROOT / "examples").glob("*.py")):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def _imported(text: str) -> Iterator[tuple[str, str]]:
    """Module and name of every import from Sonolucent."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sonolucent":
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == "sonolucent")


@pytest.mark.parametrize(("place", "text"), [pytest.param(*program, id=program[0]) for program in _programs()])
def test_imports_come_from_the_four_packages(place: str, text: str) -> None:
    for module, name in _imported(text):
        assert module in PACKAGES, f"{place} imports {name or module} from {module}, which is inside a package"
        package = importlib.import_module(module)
        assert name == "" or name in package.__all__, f"{place}: {module} does not export {name}"
        assert name == "" or hasattr(package, name), f"{module} lists {name} and does not have it"
