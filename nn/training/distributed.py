"""Training in several processes at once, on several GPUs or machines, started by `torchrun`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed
from torch import nn


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


@contextmanager
def ranked(device: str) -> Iterator[Rank]:
    """This process's place among those that `torchrun` started, or alone.

    Args:
        device: "cpu", "cuda" (each process on the machine takes the GPU of its own number), or "cuda:N".
    """
    n_processes = int(os.environ.get("WORLD_SIZE", 1))
    if n_processes == 1:
        yield Rank(0, 1, torch.device(device))
        return
    own = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if device.startswith("cuda") else torch.device(device)
    torch.distributed.init_process_group("nccl" if own.type == "cuda" else "gloo")
    try:
        yield Rank(torch.distributed.get_rank(), n_processes, own)
    finally:
        torch.distributed.destroy_process_group()
