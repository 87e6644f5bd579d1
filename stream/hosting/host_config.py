"""The configuration of a host: a table for each scanner, with the keys of a run, and what they have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from sonolucent.stream.config import Config
from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.errors import ConfigError

_KEYS = {field.name: field.type for field in msgspec.structs.fields(Config)}


class HostConfig(msgspec.Struct, frozen=True):
    """What a host runs.

    Args:
        port: of the page that lists the scanners, on 127.0.0.1.
        scanners: the run of each, by its name.
    """

    port: int
    scanners: dict[str, Config]


class _HostFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scanners: dict[str, dict[str, Any]]
    defaults: dict[str, Any] = {}
    port: int = 8659


def load_host_config(path: Path) -> HostConfig:
    """The configuration in a TOML file.

    A key in `[defaults]` holds for every scanner whose own table has not got it. Their pages are shown, where a scanner
    is not `headless`, on free ports where none is given; none of them opens a browser by itself.

    Raises:
        ConfigError: the file is missing or not TOML, or a key is unknown or has a value it cannot have.
    """
    try:
        file = msgspec.toml.decode(path.read_bytes(), type=_HostFile)
        return HostConfig(_port(file.port), _scanners(file))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; check the path") from error
    except (*UNDECODABLE, ConfigError) as error:
        raise ConfigError(f"{path}: {error}; a scanner's keys are those of `sonolucent run --help`") from error


def _port(port: int) -> int:
    if not 0 <= port < 65536:
        raise ConfigError(f"port must lie in 0..65535, not {port}")
    return port


def _scanners(file: _HostFile) -> dict[str, Config]:
    if not file.scanners:
        raise ConfigError("there is no scanner; give each a table, such as [scanners.left]")
    # What stands in a table of a table may go with what a scanner adds to it.
    _require_known({key: value for key, value in file.defaults.items() if not isinstance(value, dict)}, "defaults")
    return {name: _scanner(name, table, file.defaults) for name, table in file.scanners.items()}


def _scanner(name: str, table: dict[str, Any], defaults: dict[str, Any]) -> Config:
    where = f"scanners.{name}"
    if not name.isprintable() or not name.strip():
        raise ConfigError(f"{where!r}: a scanner's name must be of characters that can be printed")
    given = _merged(defaults, table)
    _require_known(given, where)
    implied = {"view": not given.get("headless", False), "browser": False, "port": 0, "metrics": 0}
    try:
        return msgspec.convert({**implied, **given}, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}") from error


def _require_known(table: dict[str, Any], where: str) -> None:
    """Refuses a key that no run has, or a value of another type, and tells where in the file it is."""
    for key, value in table.items():
        if key not in _KEYS:
            raise ConfigError(f"{where}.{key}: no run has such a key")
        try:
            msgspec.convert(value, _KEYS[key])
        except msgspec.ValidationError as error:
            raise ConfigError(f"{where}.{key}: {error}") from error


def _merged(defaults: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """What the table says, and the defaults of what it does not; of tables within it likewise, key by key."""
    both = {**defaults, **table}
    within = {key for key in table if isinstance(table[key], dict) and isinstance(defaults.get(key), dict)}
    return both | {key: {**defaults[key], **table[key]} for key in within}
