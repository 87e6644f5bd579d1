"""`sonolucent model export|info|check FOLDER`: what it becomes, what it is, whether all compute it right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import tyro

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.stream.commands import info
from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.errors import BadInput, ConfigError, StageFailed
from sonolucent.stream.printable import say


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Writes the TorchScript file of a model, `network.ts`, into its folder; for a CPU also a compiled package.

    Args:
        folder: of the model, or the name of one that comes with the package.
        package: compile it for images of so many rows and columns (620 256, say), which takes a minute and a C++
            compiler. Networks other than light ones then run faster, on this machine alone.
        json: print one JSON document.
    """

    folder: tyro.conf.Positional[Path]
    package: tuple[int, int] | None = None
    json: bool = False


class CheckOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Runs a model by everything here that can, and compares with eager torch; status 1 when one is off.

    Args:
        folder: of the model, or the name of one that comes with the package.
        shape: rows and columns of the image; those of the reference grid by default.
        json: print one JSON document.
    """

    folder: tyro.conf.Positional[Path]
    shape: tuple[int, int] = ImageGrid.sau64().shape
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    name, *rest = list(arguments) or ["--help"]
    if name in ("-h", "--help"):
        say(f"usage: sonolucent model {{{','.join(_ACTIONS)}}} FOLDER [OPTIONS]\n\n{__doc__}")
        return 0
    if name not in _ACTIONS:
        raise BadInput(f"model: no action {name!r}; try one of {', '.join(_ACTIONS)}")
    return _ACTIONS[name](rest)


def export(arguments: Sequence[str]) -> int:
    """Status 1 when there is no compiler."""
    from sonolucent.nn import ModelError, export_package, export_torchscript, find_model

    options = parse(ExportOptions, arguments, "model export")
    folder = find_model(options.folder)
    try:
        files = [export_torchscript(folder)]
        if options.package is not None:
            files.append(export_package(folder, options.package))
    except ModelError as error:
        raise ConfigError(str(error)) from error
    except RuntimeError as error:
        raise StageFailed(f"{options.folder}: no package: {error}") from error
    if options.json:
        print_json({"files": list(map(str, files))})
    else:
        for file in files:
            say(f"{file}: {file.stat().st_size / 1e6:.1f} MB")
    return 0


def check(arguments: Sequence[str]) -> int:
    """Status 1 when a backend is off."""
    from sonolucent.nn import check_model, find_model

    options = parse(CheckOptions, arguments, "model check")
    try:
        checks = check_model(find_model(options.folder), options.shape)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if options.json:
        print_json([{**msgspec.to_builtins(check), "verdict": check.verdict} for check in checks])
    else:
        say(f"{'backend':<16}{'difference':>12}{'allowed':>10}  verdict")
        for check in checks:
            difference = "" if check.max_difference is None else f"{check.max_difference:.1e}"
            say(f"{check.backend:<16}{difference:>12}{check.tolerance:>10.0e}  {check.verdict} {check.reason}")
    return int(any(check.verdict == "off" for check in checks))


_ACTIONS: dict[str, Callable[[Sequence[str]], int]] = {"export": export, "info": info.main, "check": check}
