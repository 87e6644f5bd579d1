"""What each scanner of a host must have to itself: ports, files, and the scanner that it reads."""

from __future__ import annotations

import re
import socket
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.hosting.host_config import HostConfig
from sonolucent.stream.recording.open import split_path

_LOOPBACK = "127.0.0.1"


def require_apart(host: HostConfig) -> None:
    """Refuses what two would write to, listen at, or take from each other.

    Raises:
        ConfigError: what it is, and which keys of the configuration name it.
    """
    claims: dict[str, list[str]] = defaultdict(list)
    if host.port:
        claims[f"port {host.port}"].append("port")
    for name, config in host.scanners.items():
        for key, what in _claims(config):
            claims[what].append(f"scanners.{name}.{key}")
    for what, keys in claims.items():
        if len(keys) > 1:
            raise ConfigError(f"{what} is asked for by {' and '.join(keys)}; give each one of its own")
    for name, config in host.scanners.items():
        if config.is_replay and (what := _path(split_path(config.source.partition(":")[2])[0])) in claims:
            raise ConfigError(f"{what} is replayed by scanners.{name} and written by {claims[what][0]}; write another")


def with_ports(host: HostConfig) -> HostConfig:
    """The configuration with a free port wherever it leaves the choice to this machine.

    Raises:
        ConfigError: a port is another program's.
    """
    with ExitStack() as bound:
        return HostConfig(
            _bound(bound, _LOOPBACK, host.port, "port"),
            {name: _with_ports(bound, f"scanners.{name}", config) for name, config in host.scanners.items()},
        )


def _claims(config: Config) -> Iterator[tuple[str, str]]:
    """Each key that claims something, and what that is."""
    for key in _ports(config):
        if getattr(config, key):
            yield key, f"port {getattr(config, key)}"
    for key in ("record", "trace", "train"):
        if getattr(config, key) is not None:
            yield key, _path(Path(getattr(config, key)))
    if config.source.startswith("tcp:"):
        yield "source", f"the scanner at {config.source}"
    for edge, endpoint in config.endpoints.items():
        port = re.fullmatch(r"tcp://.*:(\d+)", endpoint)
        yield f'endpoints."{edge}"', f"port {port[1]}" if port else endpoint


def _path(path: Path) -> str:
    return f"the path {path.resolve()}"


def _ports(config: Config) -> list[str]:
    """The keys of the ports that a run will listen at."""
    asked = {"port": config.view, **{key: getattr(config, key) is not None for key in ("metrics", "control", "igtl")}}
    return [key for key, wanted in asked.items() if wanted]


def _with_ports(bound: ExitStack, where: str, config: Config) -> Config:
    hosts = {"port": config.viewer.host}
    keys = _ports(config)
    ports = {key: _bound(bound, hosts.get(key, _LOOPBACK), getattr(config, key), f"{where}.{key}") for key in keys}
    return msgspec.structs.replace(config, **ports)


def _bound(bound: ExitStack, host: str, port: int, where: str) -> int:
    """The port itself, or a free one; bound until all have been found, so that none is found twice."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = bound.enter_context(socket.create_server((host, port), family=family))
    except OSError as error:
        raise ConfigError(
            f"{where}: port {port} on {host} cannot be used ({error.strerror}); give another, or 0 for any"
        ) from error
    found: int = listener.getsockname()[1]
    return found
