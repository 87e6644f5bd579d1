"""The configuration refuses what it does not know or cannot mean."""

from pathlib import Path

import pytest

from sonolucent.stream.config import Config, changed, load_config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.viewer_settings import ViewerSettings


def test_a_file_gives_what_it_says_and_defaults_for_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('source = "replay:a.h5"\nfps = 10.0\n[endpoints]\n"source>beamform" = "tcp://127.0.0.1:5000"\n')
    config = load_config(path)
    assert config == Config(source="replay:a.h5", fps=10.0, endpoints={"source>beamform": "tcp://127.0.0.1:5000"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("suorce = 'sim'", "suorce"),
        ("frames = 'many'", r"\$\.frames"),
        ("frames = 0", "frames must be positive"),
        ("transport = 'pigeon'", "transport"),
        ("port = 70000", "port must lie"),
        ("record_channels = true", "needs a file"),
        ("view = true\nheadless = true", "exclude"),
        ("fps = 5.0\nas_fast_as_possible = true", "exclude"),
        ("source = 'replay:a.h5'\nfirst = 5\nlast = 4", "in order"),
        ("loop = true", "belong to a replay"),
        ("source = 'tcp://127.0.0.1:5555'\nlast = 3", "belong to a replay"),
        ("source = 'tcp://127.0.0.1:5555'\nfps = 10.0", "sets its own pace"),
        ("source = 'tcp://127.0.0.1:5555'\nphantom = 'cysts'", "belong to the source sim"),
        ("source = 'replay:a.h5'\nseed = 2", "belong to the source sim"),
        ("transforms = []", "one stage at least"),
        ("sinks = ['viewer']", "for viewer there is view"),
        ("sinks = ['trainer']", "for trainer there is train"),
        ("train = 'live'\nsource = 'images:a.h5'", "train needs channel data"),
        ("train = 'live'\nevery = 8", "train looks at whole frames"),
        ("train = 'live'\ntransforms = ['beamform']", "train needs the stage enhance"),
        ("[training]\nframes = 9", "training.frames must be 10 at least"),
        ("[training]\nsteps = 0", "training.steps must be positive"),
        ("[training]\nevery_s = -1.0", "training.every_s must not be negative"),
        ("budget = 'warp'", "'warp'.*cpu-25fps"),
        ("not toml", "c.toml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / "c.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml"):
        load_config(tmp_path / "gone.toml")


def test_changes_are_checked() -> None:
    assert changed(Config(), frames=3).frames == 3
    with pytest.raises(ConfigError, match="frames"):
        changed(Config(), frames=-3)


def test_who_sets_the_pace() -> None:
    assert Config().live
    assert not Config(as_fast_as_possible=True).live
    assert not Config(source="replay:a.h5").live


@pytest.mark.parametrize("name", ["source", "model", "record", "trace", "train", "keys"])
def test_names_that_are_not_utf8_are_refused_before_reports_and_recordings_need_them(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}: .*a\\udcff.h5 is not UTF-8; rename that file"):
        Config(**{name: "replay:a\udcff.h5" if name == "source" else "a\udcff.h5"})


def test_so_are_those_within_other_settings_and_those_that_a_run_is_told_later() -> None:
    with pytest.raises(ValueError, match="viewer is not UTF-8; rename"):
        Config(viewer=ViewerSettings(certificate="a\udcff.pem", key="b.pem"))
    with pytest.raises(ConfigError, match=r"record: .* is not UTF-8"):
        changed(Config(), record="/home/cwd\udcff/sonolucent-1.h5")
