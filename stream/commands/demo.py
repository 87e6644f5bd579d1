"""`sonolucent demo`: simulated scanner, beamformer, network, browser; no hardware, no download."""

from __future__ import annotations

from collections.abc import Sequence

from sonolucent.stream.commands.parsing import parse_run
from sonolucent.stream.commands.run import execute
from sonolucent.stream.config import Config, changed


def main(arguments: Sequence[str]) -> int:
    config, json = parse_run(arguments, "demo", Config())
    # When nobody watches, show what the machine can do instead of keeping to the display's pace.
    pace = {"as_fast_as_possible": config.fps is None} if config.headless else {"view": True}
    return execute(changed(config, **pace), json=json)
