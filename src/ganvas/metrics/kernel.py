"""Kernel distance: unbiased squared maximum mean discrepancy of two feature sets (Bińkowski et al. 2018, as KID)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.metrics.features import check_pair, draw
from ganvas.metrics.interval import NORMAL_95


@dataclass(frozen=True)
class KernelDistance:
    """Mean and standard deviation (over n) of the subsets' MMD², with the 95 % interval of the mean."""

    mean: float
    std: float
    interval: tuple[float, float]
    subsets: int
    subset_size: int


def kernel_distance(
    real: Tensor, fake: Tensor, *, generator: torch.Generator, subsets: int = 100, subset_size: int = 1000
) -> KernelDistance:
    """Mean MMD² over random subsets, each drawn without replacement; unbiased at any size, so it can be negative.

    Subsets hold ``subset_size`` rows, but never more than half a set: their spread then says how far the mean can be
    trusted, by the delete-d jackknife (Wu 1986): ``std(mean) = std(subsets) · √(s / (n − s))`` for subsets of s out of
    n rows. (With s = n, as elsewhere, all subsets are the same one and the spread is 0.)

    Args:
        real: (N, d) features, N ≥ 4.
        fake: (M, d) features, M ≥ 4.
        generator: a CPU generator, which picks the subsets.
        subsets: how many subsets.
        subset_size: rows of each side in a subset.
    """
    check_pair(real, fake, least=4)
    n = min(len(real), len(fake))
    size = min(subset_size, n // 2)

    def pair() -> tuple[Tensor, Tensor]:
        return draw(real, size, generator), draw(fake, size, generator)

    values = torch.stack([squared_mmd(*pair()) for _ in range(subsets)])
    mean, std = float(values.mean()), float(values.std(correction=0))
    half = NORMAL_95 * std * (size / (n - size)) ** 0.5
    return KernelDistance(mean, std, (mean - half, mean + half), subsets, size)


def squared_mmd(x: Tensor, y: Tensor) -> Tensor:
    """Unbiased MMD² of x (N, d) and y (M, d): ``E k(x,x') + E k(y,y') − 2 E k(x,y)``, no row paired with itself.

    The kernel is the cubic ``k(x, y) = (x·y/d + 1)³``. Returns a 0-dim float64 tensor.
    """
    return _mean_of_pairs(x) + _mean_of_pairs(y) - 2.0 * _kernel(x, y).mean(dtype=torch.float64)


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return torch.addmm(x.new_ones(()), x, y.T, alpha=1.0 / x.shape[1]).pow_(3)


def _mean_of_pairs(x: Tensor) -> Tensor:
    kernel = _kernel(x, x)
    off_diagonal = kernel.sum(dtype=torch.float64) - kernel.diagonal().sum(dtype=torch.float64)
    return off_diagonal / (len(x) * (len(x) - 1))
