"""Sliced Wasserstein distance of two feature sets, on the device where they are and by any order.

`ganvas.theory.sliced_distance` is the same W1 in NumPy, for the lessons on paper, which load no torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.features import check_pair

AT_ONCE = 64
"""Directions at a time: memory is this many columns of both sets."""


@dataclass(frozen=True)
class SlicedDistance:
    """In the features' unit. The standard error is that of the choice of directions, not of the samples."""

    value: float
    standard_error: float
    slices: int
    order: float

    def numbers(self) -> dict[str, float | None]:
        """The number by name."""
        return {"sliced_wasserstein": self.value}


def sliced_wasserstein(
    real: Tensor, fake: Tensor, *, generator: Generator, slices: int = 256, order: float = 1.0
) -> SlicedDistance:
    """``(mean over directions of W_pᵖ)^(1/p)`` of the shadows on random directions (Bonneel et al. 2015).

    Between samples of one distribution it is not 0, so read it beside a real-versus-real row.

    Args:
        real: (N, d) features.
        fake: (M, d) features.
        generator: a CPU generator, which draws the directions.
        slices: how many directions, at least 2.
        order: p ≥ 1.
    """
    check_pair(real, fake, least=1)
    if slices < 2 or order < 1:
        raise GanvasError(f"slices {slices} and order {order}: give at least 2 slices and an order of at least 1")
    directions = torch.randn(real.shape[1], slices, generator=generator, dtype=torch.float64).to(real.device)
    directions /= directions.norm(dim=0)
    centre = real.double().mean(dim=0)
    a, b = real.double() - centre, fake.double() - centre
    powers = torch.cat([_on_lines(a @ part, b @ part, order) for part in torch.split(directions, AT_ONCE, dim=1)])
    mean, error = float(powers.mean()), float(powers.std()) / slices**0.5
    value = mean ** (1 / order)
    return SlicedDistance(value, error * value / (order * mean) if mean > 0 else 0.0, slices, order)


def _on_lines(a: Tensor, b: Tensor, order: float) -> Tensor:
    """W_pᵖ of each column of a (N, s) and b (M, s): both quantile functions, on the union of their steps.

    The steps i/N and j/M are counted in whole units of 1/NM, so that none is lost to rounding.
    """
    n, m = len(a), len(b)
    steps_a = torch.arange(1, n + 1, device=a.device) * m
    steps_b = torch.arange(1, m + 1, device=a.device) * n
    ends = torch.unique(torch.cat([steps_a, steps_b]))
    widths = torch.diff(ends, prepend=ends.new_zeros(1)).double() / (n * m)
    low, high = a.sort(dim=0).values[(ends - 1) // m], b.sort(dim=0).values[(ends - 1) // n]
    return widths @ (low - high).abs().pow(order)
