"""Precision, recall, density, coverage, realism, rarity: who lies within whose balls. One chunked kNN engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.metrics.features import check_pair, check_set

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
    real, fake = centred(real, fake)
    real_closed, real_open = _thresholds(real, squared_radii(real, (k_manifold, k_density), chunk))
    fake_closed, _ = _thresholds(fake, squared_radii(fake, (k_manifold, k_manifold), chunk))

    precision = torch.zeros(len(fake), dtype=torch.bool, device=fake.device)
    balls = torch.zeros(len(fake), dtype=torch.int64, device=fake.device)
    recall, coverage = [], []
    for rows, distances in squared_distances(real, fake, chunk):
        precision |= (distances <= real_closed[rows, None]).any(dim=0)
        balls += (distances <= real_open[rows, None]).sum(dim=0)
        recall.append((distances <= fake_closed).any(dim=1))
        coverage.append(distances.amin(dim=1) <= real_open[rows])
    return NeighbourScores(precision, torch.cat(recall), balls / k_density, torch.cat(coverage))


@dataclass(frozen=True)
class SampleScores:
    """How real and how rare each fake looks by itself; to rank samples by, and to choose which to show.

    realism: float (M,), at least 1 inside a real ball; finite also where a fake equals a real sample.
    rarity: float (M,), in the features' unit; NaN outside every real ball, where it has no meaning.
    """

    realism: Tensor
    rarity: Tensor

    def numbers(self) -> dict[str, float | None]:
        """The medians; rarity's over the fakes that have one, None where none has."""
        rare = self.rarity[~self.rarity.isnan()]
        return {"realism": float(self.realism.median()), "rarity": float(rare.median()) if len(rare) else None}


def sample_scores(real: Tensor, fake: Tensor, *, k: int = 3, chunk: int = 512) -> SampleScores:
    """Realism (Kynkäänniemi et al. 2019, section 5) and rarity (Han et al. 2022, section 3) of every fake.

    Realism is the largest radius over distance among the real balls, of which the larger half is left out, for a ball
    in an empty region calls anything real. Rarity is the radius of the smallest real ball that holds the fake.

    Args:
        real: (N, d) features, N > k.
        fake: (M, d) features.
        k: neighbour that gives a ball its radius.
        chunk: real rows at a time; memory is chunk × max(N, M).
    """
    check_pair(real, fake, least=1)
    check_set("real", real, least=k + 1)
    real, fake = centred(real, fake)
    squared = squared_radii(real, (k,), chunk)[0]
    slack = _slack(real, squared)
    kept = squared <= squared.median()
    realism = torch.zeros(len(fake), dtype=real.dtype, device=real.device)
    rarity = torch.full_like(realism, torch.inf)
    for rows, distances in squared_distances(real, fake, chunk):
        own, error = squared[rows, None], slack[rows, None]
        inside = torch.where(distances <= own + error, own, torch.inf)
        rarity = torch.minimum(rarity, inside.amin(dim=0))
        ratios = torch.where(kept[rows, None], (own + error) / (distances + error), 0.0)  # equal points: 1, not 0 / 0
        realism = torch.maximum(realism, ratios.amax(dim=0))
    return SampleScores(realism.sqrt(), torch.where(rarity.isinf(), torch.nan, rarity).sqrt())


def centred(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets moved by the real mean: distances by matmul lose their digits far from the origin."""
    centre = real.mean(dim=0)
    return real - centre, fake - centre


def squared_radii(points: Tensor, ks: tuple[int, ...], chunk: int = 512) -> Tensor:
    """Squared distance of each of the centred points (N, d) to its k-th neighbour, itself excluded: (len(ks), N)."""
    squared, _ = nearest(points, points, max(ks), chunk, exclude_itself=True)
    return squared[:, [k - 1 for k in ks]].T


def nearest(
    points: Tensor, others: Tensor, k: int = 1, chunk: int = 512, *, exclude_itself: bool = False
) -> tuple[Tensor, Tensor]:
    """Squared distances and indices (N, k) of the k others (M, d) nearest to each of the points (N, d), nearest first.

    Both sets are centred together (`centred`). With ``exclude_itself`` they are one set, and no point its own
    neighbour.
    """
    squared, indices = [], []
    for rows, distances in squared_distances(points, others, chunk):
        if exclude_itself:
            here = torch.arange(rows.start, rows.stop, device=points.device)
            distances[here - rows.start, here] = torch.inf
        found = distances.topk(k, dim=1, largest=False)
        squared.append(found.values)
        indices.append(found.indices)
    return torch.cat(squared), torch.cat(indices)


def squared_distances(points: Tensor, others: Tensor, chunk: int) -> Iterator[tuple[slice, Tensor]]:
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
    slack = _slack(points, squared)
    return first + slack[0], torch.maximum(second - slack[1], slack[1])


def _slack(points: Tensor, squared: Tensor) -> Tensor:
    """Rounding error of squared distances up to ``squared`` (…, N) from the points (N, d); never quite 0."""
    numbers = torch.finfo(points.dtype)
    return ROUNDING * numbers.eps * (points.square().sum(dim=1) + squared) + numbers.tiny
