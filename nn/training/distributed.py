"""Training in several processes at once, on several GPUs or machines, started by `torchrun`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed
from numpy.typing import NDArray
from torch import nn

from sonolucent.nn.training.frames import Frame, TrainingError

_PATIENCE = timedelta(days=1)
"""How long a process waits for another, which may have recordings to read that take longer. `torchrun` ends those that
wait for one that has died."""


@dataclass(frozen=True)
class Rank:
    """One process of a training: its number, how many there are, and the device it computes on."""

    number: int
    n_processes: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports."""
        return self.number == 0

    def parallel(self, network: nn.Module) -> nn.Module:
        """The network whose gradients are the mean over all processes; itself when there is only one."""
        if self.n_processes == 1:
            return network
        return nn.parallel.DistributedDataParallel(network)

    def share(self, frames: Sequence[Frame]) -> Sequence[Frame]:
        """Those that this process learns from: every `n_processes`-th.

        Raises:
            TrainingError: there are fewer frames than processes.
        """
        if len(frames) < self.n_processes:
            raise TrainingError(f"{len(frames)} frame(s) are too few for {self.n_processes} processes; start fewer")
        return frames[self.number :: self.n_processes]

    def total(self, values: NDArray[Any]) -> NDArray[Any]:
        """The sum of an array over all processes; the same bits in each."""
        if self.n_processes == 1:
            return np.asarray(values)
        tensor = torch.from_numpy(np.array(values)).to(self.device)
        torch.distributed.all_reduce(tensor)
        return np.asarray(tensor.cpu().numpy())

    def rows(self, values: NDArray[Any]) -> NDArray[Any]:
        """The arrays of all processes, (n_processes, *values.shape)."""
        rows = np.zeros((self.n_processes, *values.shape), values.dtype)
        rows[self.number] = values
        return self.total(rows)

    def most(self, number: int) -> int:
        """The largest number of any process."""
        return int(self.rows(np.array(number)).max())


@contextmanager
def ranked(device: str) -> Iterator[Rank]:
    """This process's place among those that `torchrun` started, or alone. Within, it may be asked for again.

    Args:
        device: "cpu", "cuda" (each process on the machine takes the GPU of its own number), or "cuda:N".
    """
    n_processes = int(os.environ.get("WORLD_SIZE", 1))
    if n_processes == 1:
        yield Rank(0, 1, torch.device(device))
        return
    own = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if device.startswith("cuda") else torch.device(device)
    with _process_group(own):
        yield Rank(torch.distributed.get_rank(), n_processes, own)


@contextmanager
def _process_group(device: torch.device) -> Iterator[None]:
    if torch.distributed.is_initialized():
        yield
        return
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()
