"""Vendi score: how many different samples a set is worth."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from ganvas.errors import GanvasError
from ganvas.metrics.features import check_pair, check_set, draw
from ganvas.metrics.interval import NORMAL_95

HALVES = 20
"""Random half-sets that an interval comes from."""


@dataclass(frozen=True)
class VendiRatio:
    """Diversity of the fakes over that of as many reals; about 1 is right, far below is collapse."""

    real: float
    fake: float
    rows: int
    """Rows of each side."""
    interval: tuple[float, float]
    """95 %, of the ratio."""

    @property
    def ratio(self) -> float:
        """Fake over real."""
        return self.fake / self.real

    def numbers(self) -> dict[str, float | None]:
        """The numbers by name."""
        return {"vendi_score": self.fake, "vendi_score_real": self.real, "vendi_ratio": self.ratio}


def vendi_score(features: Tensor, *, order: float = 1.0) -> float:
    """The effective number of samples: exp of the Rényi entropy of the eigenvalues of K/n, K the cosine similarities.

    From 1 (all alike) to n (all orthogonal). Friedman & Dieng 2023, definition 3.1; orders other than 1 Pasarkar &
    Dieng 2024: a large one counts what is common, a small one what is rare; ∞ is 1 over the largest eigenvalue, 0 the
    rank. In float64, by the d × d matrix of the features where that is the smaller (section 3.2).

    It grows with n, so compare at equal n. Rows of nothing but zeros, which have no direction, are alike to each other
    and unlike all others.

    Args:
        features: (n, d).
        order: q ≥ 0.
    """
    check_set("given", features, least=1)
    if not order >= 0:
        raise GanvasError(f"order is {order}: the order of a Vendi score is at least 0")
    rows = features.double()
    nothing = (rows == 0).all(dim=1, keepdim=True).double()
    rows = normalize(torch.cat([rows, nothing], dim=1), dim=1, eps=torch.finfo(torch.float64).tiny)
    matrix = rows.T @ rows if len(rows) > rows.shape[1] else rows @ rows.T
    shares = torch.linalg.eigvalsh(matrix / len(rows)).clamp(min=0)
    return _number(shares / shares.sum(), order)


def _number(shares: Tensor, order: float) -> float:
    """Hill's number of order q of shares that sum to 1."""
    if order == torch.inf:
        return float(1 / shares.max())
    if order == 1:
        return float(torch.special.entr(shares).sum().exp())
    there = shares[shares > torch.finfo(shares.dtype).eps * len(shares)]
    return float(there.pow(order).sum().pow(1 / (1 - order)))


def vendi_interval(features: Tensor, *, generator: Generator, order: float = 1.0) -> tuple[float, float]:
    """95 % around the Vendi score, from its spread over random half-sets (the delete-d jackknife, Wu 1986, d = n/2).

    A bootstrap would not do: its repeated rows lower every resampled score.

    Args:
        features: (n, d), n ≥ 4.
        generator: a CPU generator.
        order: as for `vendi_score`.
    """
    check_set("given", features, least=4)
    value = vendi_score(features, order=order)
    half = NORMAL_95 * value * _relative_error(features, generator, order)
    return value - half, value + half


def vendi_ratio(real: Tensor, fake: Tensor, *, generator: Generator, order: float = 1.0) -> VendiRatio:
    """The Vendi scores of both sets at equal size, the larger cut at random, and their ratio.

    Args:
        real: (N, d) features, N ≥ 4.
        fake: (M, d) features, M ≥ 4.
        generator: a CPU generator.
        order: as for `vendi_score`.
    """
    check_pair(real, fake, least=4)
    rows = min(len(real), len(fake))
    real, fake = draw(real, rows, generator), draw(fake, rows, generator)
    of_real, of_fake = vendi_score(real, order=order), vendi_score(fake, order=order)
    errors = [_relative_error(features, generator, order) for features in (real, fake)]
    ratio = of_fake / of_real
    half = NORMAL_95 * ratio * (errors[0] ** 2 + errors[1] ** 2) ** 0.5
    return VendiRatio(of_real, of_fake, rows, (ratio - half, ratio + half))


def _relative_error(features: Tensor, generator: Generator, order: float) -> float:
    """Standard error over value. Of half-sets in n rows the jackknife's factor √(s / (n − s)) is 1."""
    size = len(features) // 2
    scores = [vendi_score(draw(features, size, generator), order=order) for _ in range(HALVES)]
    values = torch.tensor(scores, dtype=torch.float64)
    return float(values.std() / values.mean())
