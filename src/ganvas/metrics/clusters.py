"""A small k-means, for the metrics that cut feature space into cells."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from ganvas.metrics.neighbours import nearest


def k_means(points: Tensor, count: int, *, generator: Generator, iterations: int = 100) -> tuple[Tensor, Tensor]:
    """Centres (count, d) and each point's own (N,): Lloyd 1982, started as Arthur & Vassilvitskii 2007 do (k-means++).

    Args:
        points: (N, d), centred, N ≥ count. Where fewer than ``count`` differ, some centres are equal and have no point.
        count: how many cells.
        generator: a CPU generator.
        iterations: at most; it stops when no point changes its cell.
    """
    centres = _start(points, count, generator)
    labels = assign(points, centres)
    for _ in range(iterations):
        counts = torch.bincount(labels, minlength=count)
        sums = torch.zeros_like(centres).index_add_(0, labels, points)
        centres = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], centres)
        before, labels = labels, assign(points, centres)
        if torch.equal(before, labels):
            break
    return centres, labels


def assign(points: Tensor, centres: Tensor) -> Tensor:
    """Index (N,) of the centre nearest to each of the points (N, d)."""
    return nearest(points, centres, chunk=4096)[1][:, 0]


def _start(points: Tensor, count: int, generator: Generator) -> Tensor:
    """Each next centre is a point drawn with odds as its squared distance to the nearest centre so far."""
    chosen = [int(torch.randint(len(points), (1,), generator=generator))]
    odds = torch.full((len(points),), torch.inf, dtype=torch.float64)
    for _ in range(count - 1):
        odds = torch.minimum(odds, (points - points[chosen[-1]]).square().sum(dim=1).double().cpu())
        weights = odds if bool(odds.any()) else torch.ones_like(odds)  # all points are centres already
        chosen.append(int(torch.multinomial(weights, 1, generator=generator)))
    return points[chosen].clone()
