"""Where the ends of an edge meet."""

import socket
from pathlib import Path

import pytest
import zmq

from sonolucent.stream.transport.edge import Place

SOCKETS = ("inproc", "ipc", "tcp", "shared memory")


@pytest.fixture(params=SOCKETS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return _place(request.param, tmp_path)


@pytest.fixture(params=[*SOCKETS, "threads"])
def any_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place | None:
    """None: between threads, without a socket."""
    return None if request.param == "threads" else _place(request.param, tmp_path)


@pytest.fixture(params=["inproc", "threads"])
def in_process(request: pytest.FixtureRequest, tmp_path: Path) -> Place | None:
    """Between threads of this process, with sockets or without."""
    return None if request.param == "threads" else _place(request.param, tmp_path)


@pytest.fixture
def free_endpoint() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def _place(kind: str, tmp_path: Path) -> Place:
    if kind == "tcp":
        with zmq.Context() as scratch, scratch.socket(zmq.PULL) as probe:
            return Place(f"tcp://127.0.0.1:{probe.bind_to_random_port('tcp://127.0.0.1')}")
    scheme = "inproc" if kind == "inproc" else "ipc"
    return Place(f"{scheme}://{tmp_path / 'edge'}", lent_from=1 if kind == "shared memory" else None)
