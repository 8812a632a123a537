"""Networks as they are used once trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn


@contextmanager
def as_tested(network: nn.Module, mode: Literal["train", "eval"], seed: int = 0) -> Iterator[None]:
    """Within: no gradients, and the network in this mode. `train` keeps dropout on, drawn from ``seed``, and normalises
    by the pictures' own statistics (Isola et al. 2017, section 3.3); afterwards the network, its buffers and torch's
    chance are as before."""
    before, training = [buffer.clone() for buffer in network.buffers()], network.training
    cuda = {p.device for p in network.parameters() if p.device.type == "cuda"}
    with torch.no_grad(), torch.random.fork_rng(devices=list(cuda)):
        torch.manual_seed(seed)
        try:
            network.train(mode == "train")
            yield
        finally:
            network.train(training)
            for buffer, value in zip(network.buffers(), before, strict=True):
                buffer.copy_(value)
