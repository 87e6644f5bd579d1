"""Scanners that know nothing of this package but docs/wire.md feed the pipeline: the C++ client and the Python one."""

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import zmq
from scipy.signal import hilbert

from sonolucent.beamform import TransmitSequence
from sonolucent.stream import Config
from sonolucent.stream.openers import open_source
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.transport.curve import make_keys

from ..campaigns.raw_peers import greeting

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
STRICT = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
TARGET_X_M, TARGET_Z_M = 2e-3, 12e-3


@pytest.fixture(scope="module")
def cpp_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C++ client's example, compiled."""
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    has_headers = subprocess.run([compiler, "-E", "-x", "c++", "-"], input=b"#include <zmq.h>", capture_output=True)
    if has_headers.returncode:
        pytest.skip("no zmq.h; install libzmq3-dev")
    program = tmp_path_factory.mktemp("client") / "example"
    source = ROOT / "csrc" / "client" / "example.cpp"
    subprocess.run([compiler, *STRICT, str(source), "-lzmq", "-o", str(program)], check=True)
    return program


def free_endpoint() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def run_with(client: list[str], endpoint: str, sonolucent: Any, *options: object) -> Any:
    with subprocess.Popen(client, stderr=subprocess.PIPE, text=True) as process:
        ended = sonolucent("run", "--source", endpoint, "--headless", "--model", "none", "--json", *options)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert ended.status == 0, ended.errors
    return ended.report


@pytest.mark.parametrize(
    "kind",
    [
        "shots",
        "frames",
        "baseband",
        "plane_waves",
    ],
)
def test_the_cpp_client_shows_its_point_where_it_is(
    cpp_example: Path, sonolucent: Any, tmp_path: Path, kind: str
) -> None:
    endpoint, record = free_endpoint(), tmp_path / "record.h5"
    client = [str(cpp_example), endpoint, "40", kind]
    report = run_with(client, endpoint, sonolucent, "--record", record)
    assert report["ledger"]["scanner>source"] == {"acquired": 40, "delivered": 40, "dropped": {}}
    recording = Recording(record)
    grid, image = recording.stream.grid, recording.image(0).bmode
    z, x = np.argwhere(image > -3).mean(axis=0)
    assert np.interp(x, range(grid.n_x), grid.x_m) == pytest.approx(TARGET_X_M, abs=0.1e-3)
    assert np.interp(z, range(grid.n_z), grid.z_m) == pytest.approx(TARGET_Z_M, abs=0.1e-3)


def test_the_cpp_client_sends_plane_waves_shot_by_shot(cpp_example: Path) -> None:
    endpoint = free_endpoint()
    with subprocess.Popen([str(cpp_example), endpoint, "3", "plane_waves"]) as process:
        source = open_source(Config(source=endpoint), Event())
        frames = [frame for frame in source.frames if not frame.ahead]
        assert process.wait(60) == 0
    acquisition = source.stream.acquisition
    angles_rad = np.arcsin([-0.2, -0.1, 0.0, 0.1, 0.2])
    expected = TransmitSequence.plane_waves(acquisition.probe, angles_rad, acquisition.sound_speed_m_s)
    assert acquisition.sequence is not None
    np.testing.assert_allclose(acquisition.sequence.delays_s, expected.delays_s, atol=1e-15)
    assert np.array_equal(acquisition.sequence.apodization, expected.apodization)
    assert [frame.data.shape for frame in frames] == [(5, 32, 640)] * 3
    # The wave straight ahead reaches the point first at depth z, and comes back to the element above it.
    trace = np.abs(hilbert(frames[0].data[2, 22].astype(float)))
    assert acquisition.time_s[trace.argmax()] == pytest.approx(2 * TARGET_Z_M / 1540.0, abs=0.1e-6)


def test_the_cpp_client_says_what_is_wrong(cpp_example: Path) -> None:
    wrong = subprocess.run([cpp_example, "tcp://nowhere", "1"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert "binding tcp://nowhere" in wrong.stderr


def test_the_python_client_feeds_the_pipeline(sonolucent: Any) -> None:
    endpoint = free_endpoint()
    client = [sys.executable, str(ROOT / "examples" / "scanner_client.py"), endpoint, "30"]
    report = run_with(client, endpoint, sonolucent)
    assert report["ledger"]["scanner>source"] == {"acquired": 30, "delivered": 30, "dropped": {}}, json.dumps(report)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    make_keys(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.mark.parametrize("client", ["cpp", "python"])
def test_clients_with_keys_feed_a_pipeline_that_lists_them(
    request: pytest.FixtureRequest, sonolucent: Any, keys: Path, client: str
) -> None:
    endpoint = free_endpoint()
    if client == "cpp":
        command = [str(request.getfixturevalue("cpp_example")), endpoint, "20", "frames", str(keys)]
    else:
        command = [sys.executable, str(ROOT / "examples" / "scanner_client.py"), endpoint, "20", str(keys)]
    report = run_with(command, endpoint, sonolucent, "--keys", keys)
    assert report["ledger"]["scanner>source"] == {"acquired": 20, "delivered": 20, "dropped": {}}


def test_the_cpp_client_says_which_key_is_missing(cpp_example: Path, tmp_path: Path) -> None:
    command = [cpp_example, free_endpoint(), "1", "frames", tmp_path]
    wrong = subprocess.run(command, capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert "no key in" in wrong.stderr
    assert "server.public" in wrong.stderr


@pytest.mark.parametrize("client", ["cpp", "python"])
def test_clients_with_keys_take_no_large_part_of_a_stranger(
    request: pytest.FixtureRequest, keys: Path, client: str
) -> None:
    endpoint = free_endpoint()
    if client == "cpp":
        command = [str(request.getfixturevalue("cpp_example")), endpoint, "1000000", "frames", str(keys)]
    else:
        command = [sys.executable, str(ROOT / "examples" / "scanner_client.py"), endpoint, "1000000", str(keys)]
    with subprocess.Popen(command) as process:
        try:
            with connected(int(endpoint.rpartition(":")[2])) as stranger:
                stranger.sendall(greeting(b"CURVE") + b"\6" + (1 << 28).to_bytes(8, "big"))
                with pytest.raises(ConnectionError):
                    stranger.sendall(bytes(1 << 28))
        finally:
            process.kill()


def connected(port: int) -> socket.socket:
    """A connection to a port on which somebody will listen soon."""
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=20)
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise AssertionError(f"nobody listens on {port}")


def test_the_cpp_client_says_that_it_has_two_readers(cpp_example: Path) -> None:
    endpoint = free_endpoint()
    with (
        subprocess.Popen([cpp_example, endpoint, "1000000", "shots"], stderr=subprocess.PIPE, text=True) as client,
        zmq.Context() as context,
        context.socket(zmq.PULL) as first,
        context.socket(zmq.PULL) as second,
    ):
        try:
            for reader in (first, second):
                reader.connect(endpoint)
                assert reader.poll(20_000)
            assert client.stderr is not None
            assert "2 readers are connected" in client.stderr.readline()
        finally:
            client.kill()
