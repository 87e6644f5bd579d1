"""The configuration of a host: what it says of each scanner, and what it refuses, by the key's path."""

from pathlib import Path

import pytest

from sonolucent.beamform import ImagingSettings
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.hosting.host_config import load_host_config

TWO = """
port = 8700

[defaults]
model = "none"
fps = 10.0
imaging = { depth_mm = [1, 30], gain_db = 6.0 }

[scanners.left]
port = 8701
imaging = { gain_db = 3.0 }

[scanners."the right one"]
model = "cpu"
headless = true
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "host.toml"
    path.write_text(text)
    return path


def test_a_scanner_has_its_own_keys_before_the_defaults(tmp_path: Path) -> None:
    host = load_host_config(written(tmp_path, TWO))
    left, right = host.scanners["left"], host.scanners["the right one"]
    assert host.port == 8700
    assert (left.model, right.model, left.fps, right.fps) == ("none", "cpu", 10.0, 10.0)
    assert left.imaging == ImagingSettings(depth_mm=(1.0, 30.0), gain_db=3.0)
    assert right.imaging == ImagingSettings(depth_mm=(1.0, 30.0), gain_db=6.0)


def test_each_has_a_page_and_figures_unless_it_is_headless_and_opens_no_browser(tmp_path: Path) -> None:
    host = load_host_config(written(tmp_path, TWO))
    left, right = host.scanners["left"], host.scanners["the right one"]
    assert (left.view, left.port, left.browser, left.metrics) == (True, 8701, False, 0)
    assert (right.view, right.headless, right.metrics) == (False, True, 0)


def test_a_scanner_may_be_an_empty_table(tmp_path: Path) -> None:
    host = load_host_config(written(tmp_path, "[scanners.only]"))
    assert host.port == 8659
    assert host.scanners == {"only": Config(view=True, browser=False, port=0, metrics=0)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[scanners.a]\nsuorce = 'sim'", r"scanners\.a\.suorce: no run has such a key"),
        ("[defaults]\nsuorce = 'sim'\n[scanners.a]", r"defaults\.suorce: no run has such a key"),
        ("[scanners.a]\nframes = 'many'", r"scanners\.a\.frames: Expected `int \| null`, got `str`"),
        ("[defaults]\nframes = 'many'\n[scanners.a]", r"defaults\.frames: Expected"),
        ("[scanners.a]\n[scanners.a.imaging]\ndeep = 3", r"scanners\.a\.imaging: .*`deep`"),
        ("[defaults.imaging]\ndeep = 3\n[scanners.a]", r"scanners\.a\.imaging: .*`deep`"),
        ("[scanners.a]\n[scanners.b]\nframes = -1", r"scanners\.b: frames must be positive"),
        ("[defaults]\nview = true\n[scanners.a]\nheadless = true", r"scanners\.a: view and headless exclude"),
        ("prot = 1\n[scanners.a]", "prot"),
        ("port = 70000\n[scanners.a]", "port must lie in"),
        ("[scanners]", "there is no scanner"),
        ("port = 8000", "scanners"),
        ('[scanners."\\u001b[2J"]', "can be printed"),
        ("not toml", "host.toml"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        load_host_config(written(tmp_path, text))
    assert "host.toml" in str(refused.value)


def test_a_table_of_the_defaults_may_go_with_what_a_scanner_adds(tmp_path: Path) -> None:
    """Alone, the host would be refused: beyond this machine it takes what stands in the defaults."""
    text = """
    [defaults.viewer]
    token = "controls-aVeryLongSecret"
    certificate = "host.pem"
    key = "host.key"
    [scanners.a.viewer]
    host = "192.0.2.1"
    """
    viewer = load_host_config(written(tmp_path, text)).scanners["a"].viewer
    assert (viewer.host, viewer.certificate) == ("192.0.2.1", "host.pem")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml: No such file"):
        load_host_config(tmp_path / "gone.toml")
