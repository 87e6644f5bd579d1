"""What scanners of a host must not share is refused before any of them begins."""

import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.hosting.claims import require_apart, with_ports
from sonolucent.stream.hosting.host_config import HostConfig

PAGE: dict[str, Any] = {"view": True, "metrics": 0}


def host(left: dict[str, Any], right: dict[str, Any], port: int = 0) -> HostConfig:
    return HostConfig(port, {"left": Config(**left), "right": Config(**right)})


@pytest.mark.parametrize(
    ("left", "right", "what"),
    [
        ({"view": True, "port": 8000}, {"view": True, "port": 8000}, "port 8000.*left.port and scanners.right.port"),
        ({"view": True, "port": 8000}, {"metrics": 8000}, "port 8000.*left.port and scanners.right.metrics"),
        ({"control": 8000}, {"igtl": 8000}, "port 8000.*left.control and scanners.right.igtl"),
        ({"record": "a.h5"}, {"record": "../{here}/a.h5", "overwrite": True}, "a.h5.*left.record and .*right.record"),
        ({"record": "a"}, {"trace": "a"}, "path .*/a is .*left.record and .*right.trace"),
        ({"train": "m"}, {"train": "./m"}, "left.train and .*right.train"),
        ({"source": "tcp://127.0.0.1:5555"}, {"source": "tcp://127.0.0.1:5555"}, "scanner at tcp.*left.source"),
        (
            {"endpoints": {"source>beamform": "tcp://127.0.0.1:8000"}},
            {"metrics": 8000},
            'left.endpoints."source>beamform" and scanners.right.metrics',
        ),
        ({"endpoints": {"a>b": "ipc:///tmp/x"}}, {"endpoints": {"c>d": "ipc:///tmp/x"}}, "ipc:///tmp/x"),
    ],
)
def test_two_that_want_the_same_are_named(
    left: dict[str, Any], right: dict[str, Any], what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if "record" in right:
        right = {**right, "record": right["record"].format(here=tmp_path.name)}
    with pytest.raises(ConfigError, match=what):
        require_apart(host(left, right))


def test_the_page_that_lists_them_has_a_port_of_its_own() -> None:
    with pytest.raises(ConfigError, match=r"port 8000 is asked for by port and scanners\.right\.metrics"):
        require_apart(host({}, {"metrics": 8000}, port=8000))


def test_what_is_no_conflict_passes() -> None:
    headless = {"headless": True, "source": "replay:a.h5", "record": "c.h5"}
    require_apart(host({**headless, "record": "b.h5"}, headless))  # both have the port of a page that neither shows
    require_apart(host(PAGE | {"port": 0}, PAGE | {"port": 0}))


def test_every_port_that_is_left_open_becomes_one_of_its_own() -> None:
    chosen = with_ports(host(PAGE | {"port": 0, "control": 0}, PAGE | {"port": 0, "igtl": 0}))
    left, right = chosen.scanners["left"], chosen.scanners["right"]
    ports = [chosen.port, left.port, left.metrics, left.control, right.port, right.metrics, right.igtl]
    assert len(set(ports)) == 7
    assert all(ports)
    assert (left.igtl, right.control) == (None, None)


def test_a_port_of_another_program_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"scanners\.right\.metrics: port {port} .*Address already in use"):
            with_ports(host({}, {"metrics": port}))


def test_an_address_that_is_not_this_machine_s_is_named() -> None:
    viewer = {"host": "name.invalid", "token": "a" * 16, "certificate": "c", "key": "k"}
    left = {"view": True, "viewer": viewer}
    config = HostConfig(0, {"left": msgspec.convert(left, Config)})
    with pytest.raises(ConfigError, match=r"scanners\.left\.port: port 8660 on name\.invalid cannot be used"):
        with_ports(config)


def test_what_one_replays_no_other_writes() -> None:
    headless = {"view": False, "headless": True}
    replays = headless | {"source": "replay:a.h5"}
    with pytest.raises(ConfigError, match=r"a\.h5 is replayed by scanners\.\w+ and written by scanners\.\w+\.record"):
        require_apart(host(replays, headless | {"record": "a.h5", "overwrite": True}))
    require_apart(host(replays, replays))
