"""A run that serves 3D Slicer, as a user starts it."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pyigtl
import pytest

from sonolucent.beamform import ImageGrid
from sonolucent.stream import open_recording

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_client_reads_along_and_costs_no_frame(small_recording: Path, transport: str) -> None:
    options = ["--source", f"replay:{small_recording}", "--loop", "--model", "median", "--igtl", "0", "--json"]
    command = [sys.executable, "-m", "sonolucent", "run", *options, "--transport", transport]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        line = next(line for line in run.stderr if line.startswith("igtl:"))
        port = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert port is not None
        client = pyigtl.OpenIGTLinkClient("127.0.0.1", int(port[1]))
        messages = [client.wait_for_message(f"Sonolucent_{name}", 60) for name in ("Plain", "Enhanced")]
        client.stop()
        run.send_signal(signal.SIGINT)
        output, _ = run.communicate(timeout=60)
    grid = ImageGrid.for_acquisition(open_recording(small_recording).acquisition)
    for message in messages:
        assert message.image.shape == (1, *grid.shape)
        assert -message.ijk_to_world_matrix[0, 0] == pytest.approx(1e3 * grid.dx_m)
    report = json.loads(output)
    assert report["balanced"]
    assert report["ledger"]["igtl>clients"]["delivered"] >= 1
    assert report["ledger"]["beamform>enhance"]["dropped"] == {}
