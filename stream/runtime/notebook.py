"""The viewer in a notebook: a run on a thread of its own, and its page in a frame of the cell."""

from __future__ import annotations

import html
import os
import secrets
import socket
import threading
import time
from typing import Any

import msgspec

from sonolucent.stream.accounting.report import RunReport
from sonolucent.stream.config import Config, changed
from sonolucent.stream.errors import ConfigError, StageFailed
from sonolucent.stream.runtime.placement import _free_ports
from sonolucent.stream.runtime.run import run

_BEGIN_S = 60.0


class NotebookView:
    """A run whose viewer a notebook shows where this is the value of a cell.

    Args:
        config: the run; its viewer is served on a free port, to those alone who have the address.
        height: of the frame, in pixels.
        url: what stands before the port's page, where the notebook's browser does not reach this machine itself:
            "/proxy/{port}/" behind jupyter-server-proxy, with `config.viewer.hosts` and `origins` for its name.

    Raises:
        ConfigError, RecordingError, StageFailed: the run could not begin; as `run`.
    """

    def __init__(self, config: Config, *, height: int = 720, url: str = "http://127.0.0.1:{port}/") -> None:
        self._height, self._url = height, url
        token = config.viewer.token or secrets.token_urlsafe(24)
        viewer = msgspec.structs.replace(config.viewer, token=token)
        self._config = changed(config, view=True, browser=False, port=_free_ports(1)[0], viewer=viewer)
        self._stop = threading.Event()
        self._report: RunReport | None = None
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="notebook's run", daemon=True)
        self._thread.start()
        self._wait_until_it_listens()

    @property
    def address(self) -> str:
        """Of the page, with the token that controls it."""
        return f"{self._url.format(port=self._config.port)}?token={self._config.viewer.token}"

    @property
    def running(self) -> bool:
        """Whether frames may still come."""
        return self._thread.is_alive()

    def stop(self) -> RunReport:
        """Ends the run in order, and returns its report.

        Raises:
            StageFailed, BadInput: what the run failed with.
        """
        self._stop.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        if self._report is None:
            raise StageFailed("the run ended without a report")
        return self._report

    def _repr_html_(self) -> str:
        if not self.running:
            return "<p>This run has ended.</p>"
        address = html.escape(self.address, quote=True)
        return (
            f'<iframe src="{address}" width="100%" height="{self._height}" style="border: 0" '
            'title="Sonolucent viewer" allow="fullscreen; clipboard-write"></iframe>'
        )

    def _run(self) -> None:
        try:
            self._report = run(self._config, self._stop)
        except Exception as error:  # noqa: BLE001 - whatever it is, `stop` and the constructor raise it
            self._failure = error

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + _BEGIN_S
        while time.monotonic() < deadline and self.running:
            with socket.socket() as probe:
                if probe.connect_ex((self._config.viewer.host, self._config.port)) == 0:
                    return
            time.sleep(0.05)
        self.stop()


def show(
    source: str | os.PathLike[str], *, height: int = 720, url: str = "http://127.0.0.1:{port}/", **options: Any
) -> NotebookView:
    """Shows a source in a notebook: `show("capture.h5")`.

    Args:
        source: the path of a recording, of channel data or of images; or a source as `Config` takes it.
        height: of the frame, in pixels.
        url: as `NotebookView` takes it.
        options: of `Config`, such as model="none"; a recording waits at its last frame by default.

    Raises:
        ConfigError, RecordingError, StageFailed: it cannot be shown; the message says why.
    """
    word = os.fspath(source)
    known = word == "sim" or word.startswith(("replay:", "images:", "tcp:")) or not os.path.exists(word)
    given = {"source": word if known else f"replay:{word}", **options}
    if not known and not {"loop", "frames"} & options.keys():
        given.setdefault("hold", True)
    try:
        config = Config(**given)
    except (TypeError, ValueError) as error:
        raise ConfigError(str(error)) from error
    return NotebookView(config, height=height, url=url)
