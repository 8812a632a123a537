"""How weights move along their gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import torch
from torch import nn

from ganvas.config import Family
from ganvas.games.game import Dial
from ganvas.schedule import Value


class Optimizer(Family):
    """Describes an optimizer; every number may be a schedule."""

    lr: Value = 2e-4

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimizer over these weights; its numbers are written by `dials` before every round."""
        raise NotImplementedError

    def dials(self, optimizer: torch.optim.Optimizer) -> tuple[Dial, ...]:
        """Where each number is written."""
        return (Dial(self.lr, _writes(optimizer, "lr")),)


class Adam(Optimizer):
    """Kingma & Ba 2015, fused. GANs take β1 = 0 or .5: momentum overshoots in a game (Gidel et al. 2019)."""

    kind: Literal["adam"] = "adam"
    beta1: Value = 0.0
    beta2: Value = 0.99
    eps: float = 1e-8

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, lr=0.0, betas=(0.0, 0.99), eps=self.eps, fused=True)

    def dials(self, optimizer: torch.optim.Optimizer) -> tuple[Dial, ...]:
        def write_beta(which: int) -> Callable[[float], None]:
            def write(value: float) -> None:
                for group in optimizer.param_groups:
                    betas = list(group["betas"])
                    betas[which] = value
                    group["betas"] = tuple(betas)

            return write

        return (*super().dials(optimizer), Dial(self.beta1, write_beta(0)), Dial(self.beta2, write_beta(1)))


class RMSprop(Optimizer):
    """Tieleman & Hinton 2012; WGAN's choice, since momentum made its clipped critic unstable."""

    kind: Literal["rmsprop"] = "rmsprop"
    alpha: float = 0.99
    eps: float = 1e-8

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(parameters, lr=0.0, alpha=self.alpha, eps=self.eps, foreach=True)


def _writes(optimizer: torch.optim.Optimizer, name: str) -> Callable[[float], None]:
    def write(value: Any) -> None:
        for group in optimizer.param_groups:
            group[name] = value

    return write
