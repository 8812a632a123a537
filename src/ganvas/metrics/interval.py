"""How far a number measured on so many samples can be trusted: 95 % intervals, the other set held fixed."""

from __future__ import annotations

import torch
from torch import Tensor

NORMAL_95 = 1.959963984540054
"""97.5 % quantile of the standard normal."""


def wilson(share: float, n: int) -> tuple[float, float]:
    """Interval of a share of n yes-or-no samples (Wilson 1927): never empty, never outside [0, 1], even at 0 and 1."""
    z2 = NORMAL_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_95 * ((share * (1 - share) + z2 / (4 * n)) / n) ** 0.5 / (1 + z2 / n)
    return round(middle - half, 12), round(middle + half, 12)  # at 0 and 1 the halves cancel but for the last bits


def bootstrap_mean(values: Tensor, generator: torch.Generator, resamples: int = 1000) -> tuple[float, float]:
    """Percentile bootstrap (Efron 1979) of the mean of ``values`` (N,): 2.5 and 97.5 % over the resamples."""
    values = values.detach().double().cpu()
    means = torch.empty(resamples, dtype=torch.float64)
    for i in range(resamples):
        means[i] = values[torch.randint(len(values), (len(values),), generator=generator)].mean()
    low, high = means.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return low, high
