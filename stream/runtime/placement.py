"""Where the ends of each edge meet: where the configuration says, else in this process, a folder, or at free ports."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Protocol

import msgspec

from sonolucent.stream.config import Config
from sonolucent.stream.control.hub import EDGE, USERS
from sonolucent.stream.pipeline import pipeline
from sonolucent.stream.transport.consumer import Consumer
from sonolucent.stream.transport.curve import Keys
from sonolucent.stream.transport.edge import Edge, Place
from sonolucent.stream.transport.producer import Producer
from sonolucent.stream.transport.shared_memory import AVAILABLE, LEAST_BYTES
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer
from sonolucent.stream.transport.sockets import Context


class Ends(Protocol):
    """The two ends of every edge of a pipeline."""

    def producer(self, edge: Edge) -> Producer:
        """That which pushes."""

    def consumer(self, edge: Edge) -> Consumer:
        """That which pulls."""


class SocketEnds:
    """Those that meet at addresses, so that each may be in a process of its own."""

    def __init__(self, config: Config, context: Context, abort: Event) -> None:
        self._config, self._context, self._abort = config, context, abort

    def producer(self, edge: Edge) -> Producer:
        return SocketProducer(edge, place(self._config, edge), self._context, self._abort)

    def consumer(self, edge: Edge) -> Consumer:
        return SocketConsumer(edge, place(self._config, edge), self._context, self._abort)


def place(config: Config, edge: Edge) -> Place:
    """Where `edge` is bound: at its endpoint in the configuration, or within this process."""
    endpoint = config.endpoints.get(edge.name, f"inproc://{edge.name}")
    lends = AVAILABLE and config.transport == "ipc" and endpoint.startswith("ipc://")
    return Place(endpoint, Keys.of(config.keys), LEAST_BYTES if lends else None)


@contextmanager
def placed(config: Config) -> Iterator[tuple[Config, Path]]:
    """The configuration with an address for every edge, the viewer and the metrics, and the folder of the sockets."""
    with tempfile.TemporaryDirectory(prefix="sonolucent-") as folder:
        endpoints = {**_endpoints(config, Path(folder)), **_of_the_hub(folder), **config.endpoints}
        port, metrics = config.port or _free_ports(1)[0], config.metrics
        metrics = _free_ports(1)[0] if metrics == 0 else metrics
        yield msgspec.structs.replace(config, endpoints=endpoints, port=port, metrics=metrics), Path(folder)


def _of_the_hub(folder: str) -> dict[str, str]:
    return {EDGE: f"ipc://{folder}/control", USERS: f"ipc://{folder}/users"}


def _endpoints(config: Config, folder: Path) -> dict[str, str]:
    edges = pipeline(config).edges
    if config.transport == "ipc":
        return {edge.name: f"ipc://{folder}/{edge.producer}-{edge.consumer}" for edge in edges}
    return {edge.name: f"tcp://127.0.0.1:{port}" for edge, port in zip(edges, _free_ports(len(edges)), strict=True)}


def _free_ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
