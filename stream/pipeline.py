"""The pipeline as its own diagram.

source ──channels──> beamform ──B-mode──> enhance ──images──> viewer, recorder, headless
   └────channels──> recorder
"""

from __future__ import annotations

from sonolucent.stream.config import Config
from sonolucent.stream.transport.curve import Keys
from sonolucent.stream.transport.edge import Edge, Policy
from sonolucent.stream.transport.shared_memory import AVAILABLE, LEAST_BYTES


def arrows(config: Config) -> list[tuple[str, str]]:
    """Who passes frames to whom."""
    chain = [("source", "beamform"), ("beamform", "enhance")]
    fan_out = [("enhance", sink) for sink in config.sinks]
    raw = [("source", "recorder")] if config.record_channels else []
    return [*chain, *fan_out, *raw]


def stage_names(config: Config) -> list[str]:
    """Every stage, source first."""
    return list(dict.fromkeys(name for arrow in arrows(config) for name in arrow))


def edges(config: Config) -> list[Edge]:
    """The diagram's arrows with their policies; endpoints are those of the configuration, or inproc."""
    return [_edge(config, *arrow) for arrow in arrows(config)]


def _edge(config: Config, producer: str, consumer: str) -> Edge:
    name = f"{producer}>{consumer}"
    policy: Policy = "drop_oldest" if config.live else "lossless"
    bound = 2 if config.live else 1
    if consumer == "viewer":
        policy, bound = "latest", 1
    elif consumer == "recorder" and config.live:
        bound = 32
    endpoint = config.endpoints.get(name, f"inproc://{name}")
    lends = AVAILABLE and config.transport == "ipc" and endpoint.startswith("ipc://")
    return Edge(name, endpoint, policy, bound, Keys.of(config.keys), LEAST_BYTES if lends else None)
