"""Birthday paradox: how many different samples a generator can make, from how soon two of them are alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.features import check_pair, draw
from ganvas.metrics.interval import NORMAL_95
from ganvas.metrics.neighbours import centred, nearest, squared_distances

CLOSEST = 0.01
"""Share of the real samples whose nearest neighbour is called a duplicate."""
SHOWN = 20
"""Closest pairs kept to look at, as in the paper."""


@dataclass(frozen=True)
class Support:
    """Pairs of one set that are alike, and the number of different samples they speak for."""

    pairs: int
    """Pairs nearer than the threshold."""
    of: int
    """Pairs there are: n (n − 1) / 2."""
    duplicated: float
    """Share of the samples that have a duplicate."""
    interval: tuple[float, float | None]
    """95 % of the support; None where it has no upper end, for want of duplicates."""

    @property
    def size(self) -> float | None:
        """1 / P(two samples are alike): the support if all of it were alike often. None where no pair is."""
        return self.of / self.pairs if self.pairs else None


@dataclass(frozen=True)
class Birthday:
    """The same count on both sides; the reals' is the scale to read the fakes' by."""

    real: Support
    fake: Support
    threshold: float
    """Distance up to which two samples are called alike, in the features' unit."""
    rows: int
    """Rows of each side."""
    closest: Tensor
    """int64 (≤ 20, 2): the fakes that are most alike, nearest first, as indices into the given set."""

    def numbers(self) -> dict[str, float | None]:
        """The numbers by name; None is n/a."""
        return {
            "birthday_support": self.fake.size,
            "birthday_support_real": self.real.size,
            "duplicate_pairs": self.fake.pairs,
            "duplicate_pairs_real": self.real.pairs,
            "duplicate_share": self.fake.duplicated,
            "duplicate_share_real": self.real.duplicated,
        }


def birthday(
    real: Tensor, fake: Tensor, *, generator: Generator, closest: float = CLOSEST, chunk: int = 512
) -> Birthday:
    """Duplicates within each set and the support they allow (Arora & Zhang 2017, section 2), at equal size.

    In the paper a person says what a duplicate is. Here two samples are alike if they are as near as the ``closest``
    share of real samples is to its nearest other real one. Of a uniform support of size S, a share 1/S of all pairs is
    alike; of any other law, S is its effective size, 1/Σp², which a few very frequent samples make small.

    Args:
        real: (N, d) features, N ≥ 20.
        fake: (M, d) features, M ≥ 20.
        generator: a CPU generator, which cuts the larger set.
        closest: share of the reals, between 0 and 1.
        chunk: rows at a time; memory is chunk × min(N, M).
    """
    check_pair(real, fake, least=20)
    if not 0 < closest < 1:
        raise GanvasError(f"closest is {closest}: give a share between 0 and 1")
    rows = min(len(real), len(fake))
    chosen = torch.randperm(len(fake), generator=generator)[:rows].to(fake.device)
    a, b = centred(draw(real, rows, generator), fake[chosen])
    squared, _ = nearest(a, a, chunk=chunk, exclude_itself=True)
    threshold = max(squared.double().flatten().cpu().quantile(closest).item(), _rounding(a))
    alike, partner = nearest(b, b, chunk=chunk, exclude_itself=True)
    return Birthday(
        real=_support(a, threshold, chunk),
        fake=_support(b, threshold, chunk),
        threshold=math.sqrt(threshold),
        rows=rows,
        closest=chosen[_closest(alike[:, 0], partner[:, 0])].cpu(),
    )


def _rounding(points: Tensor) -> float:
    """Squared distance below which matmul cannot tell points apart, so that exact copies are found."""
    return 16 * torch.finfo(points.dtype).eps * float(points.square().sum(dim=1).max())


def _support(points: Tensor, threshold: float, chunk: int) -> Support:
    """Counts, and the variance of c, their share (a U-statistic, Hoeffding 1948): 4 Var(degree)/((n−1)² n) − 2c/n²."""
    n = len(points)
    degrees = torch.zeros(n, dtype=torch.int64, device=points.device)
    for rows, distances in squared_distances(points, points, chunk):
        here = torch.arange(rows.start, rows.stop, device=points.device)
        distances[here - rows.start, here] = torch.inf
        degrees[rows] = (distances <= threshold).sum(dim=1)
    pairs, of = int(degrees.sum()) // 2, n * (n - 1) // 2
    rate = pairs / of
    noise = 2 * rate * (1 - rate) / n**2
    variance = max(4 * float(degrees.double().var()) / ((n - 1) ** 2 * n) - noise, noise)
    low, high = _rate_interval(pairs, of, variance)
    return Support(pairs, of, float((degrees > 0).double().mean()), (1 / high, 1 / low if low > 0 else None))


def _rate_interval(pairs: int, of: int, variance: float) -> tuple[float, float]:
    """On the log scale, on which a rate of few pairs is more nearly normal; of no pairs, 3 is the 95 % bound."""
    if pairs == 0:
        return 0.0, 3 / of
    rate = pairs / of
    factor = math.exp(NORMAL_95 * math.sqrt(variance) / rate)
    return rate / factor, min(rate * factor, 1.0)


def _closest(squared: Tensor, partner: Tensor) -> Tensor:
    """The pairs (≤ 20, 2) of samples and nearest neighbours at the smallest distances, each pair once."""
    found: list[tuple[int, int]] = []
    for i in squared.argsort().tolist():
        j = int(partner[i])
        if (min(i, j), max(i, j)) not in found:
            found.append((min(i, j), max(i, j)))
        if len(found) == SHOWN:
            break
    return torch.tensor(found, device=squared.device)
