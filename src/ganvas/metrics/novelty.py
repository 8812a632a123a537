"""Memorised? How near the generated samples lie to the training set, and whether nearer than they should."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from ganvas.errors import GanvasError
from ganvas.metrics.clusters import assign, k_means
from ganvas.metrics.features import check_pair
from ganvas.metrics.frechet import frechet_distance
from ganvas.metrics.neighbours import centred, nearest

COMPONENTS, CELLS, FEWEST = 64, 3, 20
"""Of the CT test: principal components, cells, and generated rows that a cell needs to count."""
COSINE_THRESHOLD, COSINE_FLOOR = 0.1, 1e-14
"""Of MiFID's penalty: the distance from which there is none, and what keeps it finite for exact copies."""


@dataclass(frozen=True)
class Novelty:
    """One value per generated sample."""

    nearest: Tensor
    """int64 (M,): index of the nearest training sample."""
    distance: Tensor
    """float (M,): Euclidean distance to it, exactly 0 for a copy."""
    authentic: Tensor
    """bool (M,): farther from it than its own nearest training sample is."""

    def numbers(self) -> dict[str, float | None]:
        """The share of authentic samples, AuthPct / 100, and the median distance."""
        return {
            "authentic_share": float(self.authentic.double().mean()),
            "nearest_train_distance": float(self.distance.median()),
        }


def novelty(train: Tensor, fake: Tensor, *, chunk: int = 512) -> Novelty:
    """Authenticity (Alaa et al. 2022, section 3.3, as AuthPct in Stein et al. 2023) and the nearest training samples.

    A perfect generator, too, comes so near at times (its share is .83 on normals of 64 dimensions): compare with
    held-out real samples.

    Args:
        train: (N, d) features of the training set, N ≥ 2.
        fake: (M, d) features.
        chunk: rows at a time; memory is chunk × N.
    """
    check_pair(train, fake, least=1)
    if len(train) < 2:
        raise GanvasError("the training set has one sample; its neighbours need at least 2")
    a, b = centred(train, fake)
    index = nearest(b, a, chunk=chunk)[1][:, 0]
    asked, back = torch.unique(index, return_inverse=True)
    two = nearest(a[asked], a, 2, chunk)[1]  # itself, at 0, and the nearest other
    radii = torch.stack([_apart(train[asked], train[two[:, i]]) for i in range(2)]).amax(dim=0)
    distance = _apart(fake, train[index])
    return Novelty(index, distance, distance > radii[back])


def _apart(a: Tensor, b: Tensor) -> Tensor:
    """Distances of rows to rows, by subtraction: a copy is at 0, which matmul cannot promise."""
    distance: Tensor = torch.linalg.vector_norm(a - b, dim=1)
    return distance


@dataclass(frozen=True)
class CopyingTest:
    """The three-sample test for data copying: about 0, within ±1, where generated and held-out samples are alike.

    Below −3 the generator lies nearer to the training set than held-out data: it copies. Above 3 it lies farther: it
    underfits.
    """

    value: float | None
    """CT, the mean of z by the held-out samples in each cell; None where no cell can be tested."""
    z: Tensor
    """float64 (cells,): of each cell, NaN where it has too few generated or held-out samples."""
    held_out: Tensor
    """int64 (cells,)."""
    fake: Tensor
    """int64 (cells,)."""

    def numbers(self) -> dict[str, float | None]:
        """The number by name; None is n/a."""
        return {"ct_score": self.value}


def copying_test(
    train: Tensor, held_out: Tensor, fake: Tensor, *, generator: Generator, cells: int = CELLS, fewest: int = FEWEST
) -> CopyingTest:
    """CT (Meehan, Chaudhuri & Dasgupta 2020, section 3): are fakes nearer to the training set than held-out samples?

    In each of three k-means cells of the training set, Mann-Whitney's z of the distances to the cell's training rows.
    Features of more than 64 dimensions are reduced to 64 principal components of the training set.

    Args:
        train: (T, d) features. held_out: (N, d), real and never trained on. fake: (M, d).
        generator: a CPU generator, for k-means.
        cells: of k-means.
        fewest: generated samples a cell needs; the paper's τ is this over M.
    """
    check_pair(train, fake, least=cells)
    check_pair(held_out, fake, least=fewest)
    centre = train.mean(dim=0)
    basis = _principal(train - centre)
    a, p, q = ((points - centre) @ basis for points in (train, held_out, fake))
    centres, own = k_means(a, cells, generator=generator)
    of_p, of_q = assign(p, centres), assign(q, centres)
    z = torch.full((cells,), torch.nan, dtype=torch.float64)
    for cell in range(cells):
        inside = [a[own == cell], p[of_p == cell], q[of_q == cell]]
        if len(inside[0]) and len(inside[1]) and len(inside[2]) >= fewest:
            z[cell] = mann_whitney(*(_nearest_distance(points, inside[0]) for points in inside[1:]))
    count_p, count_q = (torch.bincount(labels, minlength=cells).cpu() for labels in (of_p, of_q))
    tested = ~z.isnan()
    value = float((z * count_p)[tested].sum() / count_p[tested].sum()) if bool(tested.any()) else None
    return CopyingTest(value, z, count_p, count_q)


def _principal(points: Tensor) -> Tensor:
    """The first 64 principal directions (d, 64) of centred points; all of them, the identity, where d is no more."""
    dimension = points.shape[1]
    if dimension <= COMPONENTS:
        return torch.eye(dimension, dtype=points.dtype, device=points.device)
    vectors: Tensor = torch.linalg.eigh(points.double().T @ points.double()).eigenvectors
    return vectors[:, -COMPONENTS:].to(points.dtype)


def _nearest_distance(points: Tensor, others: Tensor) -> Tensor:
    return _apart(points, others[nearest(points, others)[1][:, 0]])


def mann_whitney(first: Tensor, second: Tensor) -> float:
    """z of U (Mann & Whitney 1947): below 0 where ``second`` (M,) tends to be smaller than ``first`` (N,); ties count
    half and shrink the variance. 0 where all values are equal."""
    n, m = len(first), len(second)
    _, place, counts = torch.unique(torch.cat([first, second]), return_inverse=True, return_counts=True)
    ranks = (counts.cumsum(0) - (counts - 1) / 2).double()[place]
    u = float(ranks[n:].sum()) - m * (m + 1) / 2
    ties = float((counts.double() ** 3 - counts).sum())
    variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    return (u - n * m / 2) / variance**0.5 if variance > 0 else 0.0


@dataclass(frozen=True)
class MemorisedFrechet:
    """A Fréchet distance with a penalty for copies."""

    frechet: float
    cosine_distance: float
    """Mean over the generated samples of the smallest cosine distance to a training sample, in [0, 2]."""

    @property
    def penalised(self) -> bool:
        """Whether the samples lie nearer to the training set than .1."""
        return self.cosine_distance < COSINE_THRESHOLD

    @property
    def value(self) -> float:
        """The Fréchet distance, over the cosine distance where that is under .1; enormous for exact copies."""
        return self.frechet / (self.cosine_distance + COSINE_FLOOR) if self.penalised else self.frechet

    def numbers(self) -> dict[str, float | None]:
        """The numbers by name."""
        return {"memorised_frechet_distance": self.value, "train_cosine_distance": self.cosine_distance}


def memorised_frechet(train: Tensor, fake: Tensor, *, chunk: int = 512) -> MemorisedFrechet:
    """The formula of MiFID (Bai et al. 2021): each *generated* sample is compared with the training set.

    Averaged over the training set instead, as torchmetrics does by the order of its arguments, copies of five pictures
    go unnoticed. It may be called MiFID only for Inception's features, for which its threshold of .1 was chosen. Where
    rows of features are nearly parallel, as raw pixels are, the penalty says nothing: read it beside held-out samples.

    Args:
        train: (N, d) features of the training set, N ≥ 2.
        fake: (M, d) features, M ≥ 2.
        chunk: rows at a time; memory is chunk × N.
    """
    check_pair(train, fake, least=2)
    directions = normalize(train.double(), dim=1)
    nearest_cosine = [
        (normalize(part.double(), dim=1) @ directions.T).amax(dim=1).clamp(max=1) for part in torch.split(fake, chunk)
    ]
    return MemorisedFrechet(frechet_distance(train, fake), float(1 - torch.cat(nearest_cosine).mean()))
