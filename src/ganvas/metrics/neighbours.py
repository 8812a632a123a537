"""Precision, recall, density, coverage: who lies within whose nearest-neighbour balls. One chunked engine for all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.metrics.features import check_pair

ROUNDING = 16.0
"""Squared distances that differ by fewer epsilons than this, times the squared norms, are equal. Those by matmul were
off by at most 5 on real pictures up to 3072 dimensions, and two of them are compared."""


@dataclass(frozen=True)
class NeighbourScores:
    """One value per sample, so that a mean has an interval and a sample a rank; the scores are the means.

    precision: bool (M,), is this fake within a real ball?  recall: bool (N,), is this real within a fake ball?
    density: float (M,), this fake's number of real balls over k.  coverage: bool (N,), does this real ball hold a fake?
    """

    precision: Tensor
    recall: Tensor
    density: Tensor
    coverage: Tensor

    def means(self) -> dict[str, float]:
        """The four scores by name."""
        return {name: float(values.double().mean()) for name, values in vars(self).items()}


def neighbour_scores(
    real: Tensor, fake: Tensor, *, k_manifold: int = 3, k_density: int = 5, chunk: int = 512
) -> NeighbourScores:
    """Precision and recall (Kynkäänniemi et al. 2019) and density and coverage (Naeem et al. 2020).

    A ball's radius is the distance from its centre to the centre's k-th neighbour in its own set, itself excluded.
    Precision and recall take closed balls (distance ≤ radius) with k = 3; density and coverage open ones (<) with
    k = 5, as their papers do. A ball holds its centre even at radius 0: so sets whose rows are all equal score 1, not
    0. The package ``prdc`` takes open balls for all four and without that exception; they differ in ties only.

    Args:
        real: (N, d) features, N > k.
        fake: (M, d) features, M > k.
        k_manifold: k of precision and recall.
        k_density: k of density and coverage.
        chunk: real rows at a time; memory is chunk × max(N, M), the result does not depend on it.

    Returns:
        The values per sample. Density alone can exceed 1.
    """
    check_pair(real, fake, least=max(k_manifold, k_density) + 1)
    centre = real.mean(dim=0)  # distances by matmul lose their digits far from the origin
    real, fake = real - centre, fake - centre
    real_closed, real_open = _thresholds(real, squared_radii(real, (k_manifold, k_density), chunk))
    fake_closed, _ = _thresholds(fake, squared_radii(fake, (k_manifold, k_manifold), chunk))

    precision = torch.zeros(len(fake), dtype=torch.bool, device=fake.device)
    balls = torch.zeros(len(fake), dtype=torch.int64, device=fake.device)
    recall, coverage = [], []
    for rows, distances in _squared_distances(real, fake, chunk):
        precision |= (distances <= real_closed[rows, None]).any(dim=0)
        balls += (distances <= real_open[rows, None]).sum(dim=0)
        recall.append((distances <= fake_closed).any(dim=1))
        coverage.append(distances.amin(dim=1) <= real_open[rows])
    return NeighbourScores(precision, torch.cat(recall), balls / k_density, torch.cat(coverage))


def squared_radii(points: Tensor, ks: tuple[int, ...], chunk: int = 512) -> Tensor:
    """Squared distance of each of the centred points (N, d) to its k-th neighbour, itself excluded: (len(ks), N)."""
    radii = []
    for rows, distances in _squared_distances(points, points, chunk):
        here = torch.arange(rows.start, rows.stop, device=points.device)
        distances[here - rows.start, here] = torch.inf
        nearest = distances.topk(max(ks), dim=1, largest=False).values
        radii.append(nearest[:, [k - 1 for k in ks]])
    return torch.cat(radii).T


def _squared_distances(points: Tensor, others: Tensor, chunk: int) -> Iterator[tuple[slice, Tensor]]:
    """Slices of the points' rows, each with its (rows, M) squared distances to the others."""
    norms = others.square().sum(dim=1)
    for start in range(0, len(points), chunk):
        rows = slice(start, min(start + chunk, len(points)))
        block = points[rows]
        distances = torch.addmm(norms, block, others.T, alpha=-2.0)
        yield rows, distances.add_(block.square().sum(dim=1, keepdim=True)).clamp_(min=0)


def _thresholds(points: Tensor, squared: Tensor) -> tuple[Tensor, Tensor]:
    """What a squared distance may be at most to lie in the closed ball (of the first k) and in the open one (second).

    A tie is decided by what the distances mean, not by how the matmul rounded them: the closed ball is larger and the
    open one smaller by the rounding error, and the open one no smaller than its centre.
    """
    first, second = squared
    slack = ROUNDING * torch.finfo(points.dtype).eps * (points.square().sum(dim=1) + squared)
    return first + slack[0], torch.maximum(second - slack[1], slack[1])
