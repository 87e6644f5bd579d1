"""Where the ends of an edge meet."""

from pathlib import Path

import pytest
import zmq

from sonolucent.stream.transport.edge import Place


@pytest.fixture(params=["inproc", "ipc", "tcp", "shared memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "tcp":
        with zmq.Context() as scratch, scratch.socket(zmq.PULL) as probe:
            return Place(f"tcp://127.0.0.1:{probe.bind_to_random_port('tcp://127.0.0.1')}")
    scheme = "inproc" if request.param == "inproc" else "ipc"
    return Place(f"{scheme}://{tmp_path / 'edge'}", lent_from=1 if request.param == "shared memory" else None)
