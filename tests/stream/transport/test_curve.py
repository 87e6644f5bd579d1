"""Encrypted sockets: listed keys get through, any other key and no key do not."""

import errno
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.sim.faults import FaultRates
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.commands import main
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError, EdgeError
from sonolucent.stream.messages import Channels, End, Stream
from sonolucent.stream.scanner_box.box import BoxedScanner
from sonolucent.stream.scanner_box.push_socket import PushSocket
from sonolucent.stream.sources.pacing import paced
from sonolucent.stream.sources.scanner import open_source as scanner
from sonolucent.stream.sources.source import Source
from sonolucent.stream.transport.curve import Keys, make_keys
from sonolucent.stream.transport.edge import Edge, Place
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer
from sonolucent.stream.transport.sockets import check_endpoint, open_context

PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 64, 25e6), ImageGrid.sau64())
FRAME = np.ones(STREAM.acquisition.shape, np.int16)
SOON_S = 0.7
ROOT = Path(__file__).parents[3]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    make_keys(tmp_path / "keys")
    return Keys(tmp_path / "keys")


@pytest.fixture
def other_keys(tmp_path: Path, keys: Keys) -> Keys:
    """Keys of somebody who knows the server's public key, and is not listed."""
    make_keys(tmp_path / "other")
    (tmp_path / "other" / "server.public").write_bytes((keys.folder / "server.public").read_bytes())
    return Keys(tmp_path / "other")


@pytest.fixture
def endpoint() -> str:
    with zmq.Context() as scratch, scratch.socket(zmq.PULL) as probe:
        return f"tcp://127.0.0.1:{probe.bind_to_random_port('tcp://127.0.0.1')}"


Crossing = Callable[[Keys | None, Keys | None], Channels | None]


@pytest.fixture
def crossing(endpoint: str) -> Crossing:
    """What crosses an edge whose producer and consumer have these keys."""

    def cross(producer: Keys | None, consumer: Keys | None) -> Channels | None:
        abort = Event()
        with open_context(producer) as here, open_context(consumer) as there:
            push = SocketProducer(Edge("a", "b"), Place(endpoint, keys=producer), here, abort)
            pull = SocketConsumer(Edge("a", "b"), Place(endpoint, keys=consumer), there, abort)
            push.push(STREAM)
            push.push(Channels(7, FRAME))
            assert pull.pull(SOON_S) in (STREAM, None)
            frame = pull.pull(SOON_S)
            pull.socket.close(linger=0)
            abort.set()
            push.close(patience_s=0)
        return frame if isinstance(frame, Channels) else None

    return cross


def test_frames_cross_with_listed_keys(crossing: Crossing, keys: Keys) -> None:
    frame = crossing(keys, keys)
    assert frame is not None
    assert np.array_equal(frame.data, FRAME)


def test_a_producer_whose_key_is_not_listed_is_turned_away(
    crossing: Crossing, keys: Keys, other_keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    assert crossing(other_keys, keys) is None
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["127.0.0.1 turned away"]


def test_a_consumer_that_is_not_the_server_gets_nothing(crossing: Crossing, keys: Keys, tmp_path: Path) -> None:
    make_keys(tmp_path / "impostor")
    assert crossing(keys, Keys(tmp_path / "impostor")) is None


def test_without_keys_nothing_crosses_in_either_direction(crossing: Crossing, keys: Keys) -> None:
    assert crossing(None, keys) is None


def test_a_consumer_without_keys_gets_nothing(crossing: Crossing, keys: Keys) -> None:
    assert crossing(keys, None) is None


def test_a_key_that_is_taken_off_the_list_is_turned_away(crossing: Crossing, keys: Keys) -> None:
    (keys.folder / "clients" / "client.public").unlink()
    assert crossing(keys, keys) is None


@pytest.mark.parametrize("listed", [True, False])
def test_a_scanner_serves_the_run_that_lists_it(keys: Keys, other_keys: Keys, listed: bool) -> None:
    stop = Event()
    mine = keys if listed else other_keys
    with open_context(mine) as context:
        socket = PushSocket(context, "tcp://127.0.0.1:*", 4, stop, mine)
        source = Source(STREAM, paced([FRAME] * 3, None, stop))
        box = BoxedScanner(source, socket, 1, FaultRates(), 1, live=False)
        thread = threading.Thread(target=box.run)
        thread.start()
        config = Config(source=socket.endpoint, keys=str(keys.folder))
        if listed:
            assert len(list(scanner(config, stop, JournalEntry()).frames)) == 3
        else:
            threading.Timer(SOON_S, stop.set).start()
            with pytest.raises(ConfigError, match="never described"):
                scanner(config, stop, JournalEntry())
        thread.join()
        socket.close()


@pytest.mark.parametrize("manner", ["silent", "stranger"])
def test_no_verdict_on_one_client_is_taken_for_the_next_ones(manner: str) -> None:
    """In a process of its own: libzmq 4.3.5 let the stranger in, or ended the whole program."""
    command = [sys.executable, "-m", "tests.campaigns.curve_attack", manner]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "nothing\n"), ended.stderr


def test_other_addresses_need_keys(keys: Keys) -> None:
    check_endpoint("tcp://192.168.1.7:5555", keys)
    with pytest.raises(EdgeError, match="sonolucent keys FOLDER"):
        check_endpoint("tcp://192.168.1.7:5555", None)


def test_keys_are_made_once_and_their_secrets_are_the_owners(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "keys"
    assert main.main(["keys", str(folder)]) == 0
    made = {Path(line) for line in capsys.readouterr().out.split()}
    assert made == {path for path in folder.rglob("*") if path.is_file()}
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in made if path.suffix == ".secret"} == {
        "server.secret": 0o600,
        "client.secret": 0o600,
    }
    before = {path: path.read_bytes() for path in made}
    assert main.main(["keys", str(folder)]) == 2
    assert "never overwritten" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in made} == before


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "server.secret").unlink(), "No such file.*docs/how-to/security.md"),
        (lambda folder: (folder / "server.secret").chmod(0o644), "read by others.*chmod 600"),
        (lambda folder: (folder / "server.secret").write_text("short\n"), "40 characters"),
        (lambda folder: (folder / "server.secret").write_text("~" * 40), "40 characters"),
        (lambda folder: (folder / "server.secret").write_text("#" * 40), "40 characters"),
    ],
)
def test_keys_that_cannot_be_used_are_refused(
    keys: Keys, endpoint: str, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(keys.folder)
    with open_context(keys) as context, pytest.raises(ConfigError, match=words):
        SocketConsumer(Edge("a", "b"), Place(endpoint, keys=keys), context, Event())


def test_the_stream_ends_in_order_over_encrypted_sockets(endpoint: str, keys: Keys) -> None:
    abort = Event()
    with open_context(keys) as here, open_context(keys) as there:
        push = SocketProducer(Edge("a", "b"), Place(endpoint, keys=keys), here, abort)
        pull = SocketConsumer(Edge("a", "b"), Place(endpoint, keys=keys), there, abort)
        push.push(STREAM)
        push.push(End(0))
        ends = threading.Thread(target=push.close)
        ends.start()
        assert pull.pull(20) == STREAM
        assert pull.pull(20) == End(0)
        pull.close()
        ends.join()


def passed_on(keys: Keys, context: zmq.Context[zmq.Socket[bytes]]) -> bool:
    """Whether a message of a listed client comes through over a new connection."""
    with context.socket(zmq.PULL) as pull, zmq.Context() as other, other.socket(zmq.PUSH) as push:
        keys.secure_receiver(pull)
        port = pull.bind_to_random_port("tcp://127.0.0.1")
        keys.secure_sender(push)
        push.setsockopt(zmq.LINGER, 0)
        push.setsockopt(zmq.IMMEDIATE, 1)
        push.connect(f"tcp://127.0.0.1:{port}")
        return bool(push.poll(2000, zmq.POLLOUT) and push.send(b"x") is None and pull.poll(2000))


def test_who_is_listed_is_let_in_again_when_the_list_could_not_be_read(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(self: Path, pattern: str) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with open_context(keys) as context:
        assert passed_on(keys, context)
        broken = keys.folder / "clients" / "a.public"
        broken.write_text("#" * 40)
        assert not passed_on(keys, context)
        broken.unlink()
        with monkeypatch.context() as patched:
            patched.setattr(Path, "glob", none_left)
            assert not passed_on(keys, context)
        assert passed_on(keys, context)
