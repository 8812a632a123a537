"""Networks as they are used once trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Literal

import torch
from torch import nn

from ganvas.nn.chance import reseed


@contextmanager
def as_tested(network: nn.Module, mode: Literal["train", "eval"], seed: int = 0) -> Iterator[None]:
    """Within: no gradients, and the network in this mode. `train` keeps dropout on, drawn from ``seed``, and normalises
    by the pictures' own statistics (Isola et al. 2017, section 3.3); afterwards the network, its buffers and torch's
    chance are as before."""
    trains = mode == "train"
    modes = [(module, module.training) for module in network.modules()]
    kept = [buffer.clone() for buffer in network.buffers()] if trains else []
    cuda = {parameter.device for parameter in islice(network.parameters(), 1) if parameter.device.type == "cuda"}
    with torch.no_grad(), torch.random.fork_rng(devices=list(cuda)):
        reseed(seed)
        try:
            if any(was != trains for _, was in modes):
                network.train(trains)
            yield
        finally:
            for module, was in modes:
                if module.training != was:
                    module.training = was
            for buffer, value in zip(network.buffers(), kept, strict=False):
                buffer.copy_(value)
