"""The table of the pipeline: its stages, and the edges with the policies that the source and the sinks ask for."""

import pytest

from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.pipeline import Stage, pipeline
from sonolucent.stream.runtime.placement import place
from sonolucent.stream.runtime.run import run
from sonolucent.stream.transport.shared_memory import AVAILABLE

EVERYTHING = {"view": True, "record": "all.h5", "record_channels": True}


def policies(config: Config) -> dict[str, str]:
    return {edge.name: edge.policy for edge in pipeline(config).edges}


def sinks(config: Config) -> list[str]:
    return [stage.name for stage in pipeline(config).stages if stage.kind == "sink"]


def test_every_arrow_of_the_diagram_is_there() -> None:
    table = pipeline(Config(**EVERYTHING))
    assert [(edge.producer, edge.consumer) for edge in table.edges] == [
        ("source", "beamform"),
        ("beamform", "enhance"),
        ("enhance", "viewer"),
        ("enhance", "recorder"),
        ("source", "recorder"),
    ]
    assert [stage.name for stage in table.stages] == ["source", "beamform", "enhance", "viewer", "recorder"]
    assert table.reporter == Stage("viewer", "sink", "viewer")


def test_the_sinks_are_those_that_options_ask_for_and_one_reports() -> None:
    assert sinks(Config()) == ["headless"]
    assert sinks(Config(view=True, record="a.h5")) == ["viewer", "recorder"]
    assert sinks(Config(headless=True, record="a.h5")) == ["headless", "recorder"]
    assert sinks(Config(record="a.h5")) == ["recorder"]
    assert pipeline(Config(headless=True, record="a.h5")).reporter.name == "headless"


def test_transforms_are_a_chain_in_the_order_asked_for() -> None:
    table = pipeline(Config(transforms=("beamform",)))
    assert [edge.name for edge in table.edges] == ["source>beamform", "beamform>headless"]


@pytest.mark.parametrize(
    ("wrong", "known"),
    [
        ({"source": "radar"}, "sim, replay:FILE, images:FILE, tcp://HOST:PORT"),
        ({"source": "sim:fast"}, "sim, replay:FILE"),
        ({"source": "replay"}, "replay:FILE"),
        ({"source": "replay:"}, "replay:FILE"),
        ({"transforms": ("beamform", "sharpen")}, "beamform, enhance"),
        ({"sinks": ("printer",)}, "headless, recorder, viewer"),
        ({"transforms": ("beamform", "beamform")}, "2 stages are called 'beamform'"),
    ],
)
def test_a_stage_that_nothing_opens_is_refused_with_those_there_are(wrong: dict[str, object], known: str) -> None:
    with pytest.raises(ConfigError, match=known):
        pipeline(Config(**wrong))


def test_a_replay_waits_for_every_stage_but_the_viewer() -> None:
    waiting = policies(Config(source="replay:a.h5", **EVERYTHING))
    assert waiting.pop("enhance>viewer") == "latest"
    assert set(waiting.values()) == {"lossless"}


def test_a_live_stream_waits_for_none() -> None:
    waiting = policies(Config(**EVERYTHING))
    assert waiting.pop("enhance>viewer") == "latest"
    assert set(waiting.values()) == {"drop_oldest"}


@pytest.mark.skipif(not AVAILABLE, reason="no memfd_create on this system")
def test_frames_are_lent_between_processes_of_one_machine_and_sent_elsewhere() -> None:
    endpoints = {"source>beamform": "ipc:///run/a", "beamform>enhance": "tcp://127.0.0.1:5000"}
    config = Config(transport="ipc", endpoints=endpoints)
    of_ipc = {edge.name: place(config, edge).lent_from for edge in pipeline(config).edges}
    assert of_ipc["source>beamform"] is not None
    assert of_ipc["beamform>enhance"] is None
    for config in (Config(), Config(transport="tcp", endpoints=endpoints)):
        assert all(place(config, edge).lent_from is None for edge in pipeline(config).edges)


def test_a_run_that_trains_looks_at_channel_data_when_it_wants_to() -> None:
    table = pipeline(Config(train="live"))
    edge = next(edge for edge in table.edges if edge.consumer == "trainer")
    assert (edge.producer, edge.policy, edge.on_demand, edge.awaited) == ("source", "latest", True, False)
    assert table.reporter.name == "headless"
    assert "enhance>trainer" not in policies(Config(train="live", as_fast_as_possible=True))
    assert policies(Config(train="live", as_fast_as_possible=True))["source>trainer"] == "latest"
    assert "trainer" not in sinks(Config())


@pytest.mark.parametrize("name", ["source>beamfrom", "enhance>viewer", "control"])
def test_an_endpoint_of_no_edge_is_refused(name: str) -> None:
    """Not left out in silence; and no word of a file opens the hub, which obeys whoever reaches it, to others."""
    config = Config(headless=True, endpoints={name: "tcp://127.0.0.1:5000"})
    with pytest.raises(ConfigError, match=f'"{name}" is no edge of this pipeline; it has source>beamform, '):
        run(config)
