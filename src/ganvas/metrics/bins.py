"""Statistically different bins: cells of the real data that the generator fills too rarely or too often."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.clusters import assign, k_means
from ganvas.metrics.features import check_pair, check_set
from ganvas.metrics.neighbours import centred, nearest

ALPHA = 0.05
"""Error level of one bin's test."""
FEWEST = 10
"""Real rows a bin needs on average: five to place it and five to count, as a normal approximation asks."""


@dataclass(frozen=True)
class BinCounts:
    """K bins (Richardson & Weiss 2018, NDB). A bin differs if a two-proportion z test says so at 5 %.

    So a perfect generator has about K/20 different bins. `low` and `high` hold a bin only at 5 % / K, so that on equal
    distributions they are nearly always empty, and what they name can be shown.
    """

    real: Tensor
    """int64 (K,): held-out real rows in each bin."""
    fake: Tensor
    """int64 (K,): generated rows in each bin."""
    z: Tensor
    """float64 (K,): below 0 where the generator makes too few."""
    example: Tensor
    """int64 (K,): index of the real row nearest to the bin's centre, to show."""
    alpha: float

    @property
    def different(self) -> int:
        """NDB, the number of different bins."""
        return int((self.z.abs() > quantile(self.alpha)).sum())

    @property
    def low(self) -> Tensor:
        """Bins filled significantly too rarely, the worst first: int64 (≤ K,)."""
        return self._beyond(-self.z)

    @property
    def high(self) -> Tensor:
        """Bins filled significantly too often, the worst first: int64 (≤ K,)."""
        return self._beyond(self.z)

    def _beyond(self, z: Tensor) -> Tensor:
        order = z.argsort(descending=True)
        return order[z[order] > quantile(self.alpha / len(z))]

    @property
    def js(self) -> float:
        """Jensen-Shannon divergence of the bins' shares, in nats; compare with `js_by_chance`."""
        p, q = self.real / self.real.sum(), self.fake / self.fake.sum()
        return float((torch.special.entr((p + q) / 2) - (torch.special.entr(p) + torch.special.entr(q)) / 2).sum())

    @property
    def js_by_chance(self) -> float:
        """What `js` is on average for equal distributions: (K − 1)/8 · (1/N + 1/M), to first order in 1/N."""
        return (len(self.z) - 1) / 8 * (1 / int(self.real.sum()) + 1 / int(self.fake.sum()))

    def numbers(self) -> dict[str, float | None]:
        """The numbers by name."""
        return {
            "bins_different": self.different,
            "bins_different_share": self.different / len(self.z),
            "bins_low": len(self.low),
            "bins_high": len(self.high),
            "bins_js": self.js,
            "bins_js_by_chance": self.js_by_chance,
        }


def bin_counts(real: Tensor, fake: Tensor, *, generator: Generator, bins: int = 100, alpha: float = ALPHA) -> BinCounts:
    """Cells of k-means on one random half of the real rows; counts of the other half against the generated rows.

    The paper counts the rows that placed the centres. They lie nearer to them than any new sample, so that bins differ
    where nothing does: 36 of 100 between two samples of 4,000 normals of 256 dimensions, 2 with halves.

    Args:
        real: (N, d) features, N ≥ 10·bins.
        fake: (M, d) features, M ≥ 5·bins.
        generator: a CPU generator.
        bins: K; the paper takes 100.
        alpha: of one test.
    """
    if bins < 2 or not 0 < alpha < 1:
        raise GanvasError(f"bins {bins} and alpha {alpha}: give at least 2 bins and an alpha between 0 and 1")
    check_pair(real, fake, least=bins * FEWEST // 2)
    check_set("real", real, least=bins * FEWEST)
    real, fake = centred(real, fake)
    order = torch.randperm(len(real), generator=generator).to(real.device)
    place, count = order.tensor_split(2)
    centres, _ = k_means(real[place], bins, generator=generator)
    in_real = torch.bincount(assign(real[count], centres), minlength=bins).cpu()
    in_fake = torch.bincount(assign(fake, centres), minlength=bins).cpu()
    example = nearest(centres, real)[1][:, 0].cpu()
    return BinCounts(in_real, in_fake, two_proportions(in_real, in_fake), example, alpha)


def two_proportions(real: Tensor, fake: Tensor) -> Tensor:
    """z of fake share − real share in each bin, with pooled variance; 0 in a bin that holds nobody, or everybody."""
    n, m = int(real.sum()), int(fake.sum())
    pooled = (real + fake).double() / (n + m)
    error = (pooled * (1 - pooled) * (1 / n + 1 / m)).sqrt()
    return torch.where(error > 0, (fake.double() / m - real.double() / n) / error, 0.0)


def quantile(alpha: float) -> float:
    """Of the standard normal, two-sided: 1.96 at .05."""
    return float(torch.special.ndtri(torch.tensor(1 - alpha / 2, dtype=torch.float64)))
