"""The diagram's arrows, with the policies that the source and the sinks ask for."""

import pytest

from sonolucent.stream.config import Config
from sonolucent.stream.pipeline import edges, stage_names
from sonolucent.stream.transport.shared_memory import AVAILABLE

EVERYTHING = {"view": True, "record": "all.h5", "record_channels": True}


def test_every_arrow_of_the_diagram_is_there() -> None:
    config = Config(**EVERYTHING)
    assert [edge.name for edge in edges(config)] == [
        "source>beamform",
        "beamform>enhance",
        "enhance>viewer",
        "enhance>recorder",
        "source>recorder",
    ]
    assert stage_names(config) == ["source", "beamform", "enhance", "viewer", "recorder"]


def test_a_replay_waits_for_every_stage_but_the_viewer() -> None:
    policies = {edge.name: edge.policy for edge in edges(Config(source="replay:a.h5", **EVERYTHING))}
    assert policies.pop("enhance>viewer") == "latest"
    assert set(policies.values()) == {"lossless"}


def test_a_live_stream_waits_for_none() -> None:
    policies = {edge.name: edge.policy for edge in edges(Config(**EVERYTHING))}
    assert policies.pop("enhance>viewer") == "latest"
    assert set(policies.values()) == {"drop_oldest"}


@pytest.mark.skipif(not AVAILABLE, reason="no memfd_create on this system")
def test_frames_are_lent_between_processes_of_one_machine_and_sent_elsewhere() -> None:
    endpoints = {"source>beamform": "ipc:///run/a", "beamform>enhance": "tcp://127.0.0.1:5000"}
    of_ipc = {edge.name: edge.lent_from for edge in edges(Config(transport="ipc", endpoints=endpoints))}
    assert of_ipc["source>beamform"] is not None
    assert of_ipc["beamform>enhance"] is None
    for config in (Config(), Config(transport="tcp", endpoints=endpoints)):
        assert all(edge.lent_from is None for edge in edges(config))
