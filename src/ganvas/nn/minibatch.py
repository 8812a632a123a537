"""What a discriminator may know about a whole batch: statistics across samples, attached to its features.

A generator that draws one mode only is betrayed by its batch, not by any of its pictures. Real and generated batches
are judged apart, and the generator's gradient goes through the statistic.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ganvas.config import Family


class Statistic(Family):
    """Describes a statistic across the batch, of features (N, width)."""

    def module(self, width: int) -> nn.Module:
        """(N, width) → (N, `size`)."""
        raise NotImplementedError

    @property
    def size(self) -> int:
        """How many numbers a sample gets."""
        raise NotImplementedError


class Deviation(Statistic):
    """Karras et al. 2018, section 3: each feature's standard deviation over the batch, averaged to one number."""

    kind: Literal["deviation"] = "deviation"

    def module(self, width: int) -> nn.Module:
        return _Deviation()

    @property
    def size(self) -> int:
        return 1


class _Deviation(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        # + tiny: the root's own derivative is infinite where all samples agree
        spread = (features.var(0, correction=0) + 1e-8).sqrt().mean()
        return spread.expand(len(features), 1)


class Discrimination(Statistic):
    """Salimans et al. 2016, section 3.2: how close each sample lies to the others under ``kernels`` learned projections
    to ``dimension`` numbers: o(x_i)_b = mean over j ≠ i of exp(−‖M_ib − M_jb‖₁), M = f(x)·T.

    The paper sums over j; the mean does not change its size with the batch.
    """

    kind: Literal["discrimination"] = "discrimination"
    kernels: int = Field(default=16, ge=1)
    dimension: int = Field(default=8, ge=1)

    def module(self, width: int) -> nn.Module:
        return _Discrimination(width, self.kernels, self.dimension)

    @property
    def size(self) -> int:
        return self.kernels


class _Discrimination(nn.Module):
    def __init__(self, width: int, kernels: int, dimension: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, kernels * dimension, bias=False)
        self.shape = (kernels, dimension)

    def forward(self, features: Tensor) -> Tensor:
        places = self.project(features).unflatten(1, self.shape)
        distances = (places[:, None] - places[None]).abs().sum(3)
        closeness = torch.exp(-distances).sum(1) - 1.0  # everybody is at distance 0 of himself
        return closeness / max(len(features) - 1, 1)


class Attached(nn.Module):
    """Features (N, width) or maps (N, C, h, w) with the statistic's numbers beside them, as further features or as
    constant maps; None in its place attaches nothing."""

    def __init__(self, statistic: Statistic | None, width: int) -> None:
        super().__init__()
        self.measure = statistic.module(width) if statistic is not None else None
        self.size = statistic.size if statistic is not None else 0

    def forward(self, features: Tensor) -> Tensor:
        if self.measure is None:
            return features
        numbers = self.measure(features.flatten(1))
        maps = numbers.view(*numbers.shape, *[1] * (features.ndim - 2)).expand(-1, -1, *features.shape[2:])
        return torch.cat([features, maps], dim=1)
