"""Programs that a test starts end with it, also when it fails: a run that is waited for would go on for ever."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[Any]:
    """A process, as `subprocess.Popen` makes it; killed at the end of the block unless it has ended."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()
