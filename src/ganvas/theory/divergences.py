"""How far a generated distribution is from the real one, exactly, on histograms and gridded densities; in nats.

Everywhere ``p`` is real and comes first, ``q`` is generated. Both are counts, masses or densities over the same cells
of any shape, and each is divided by its own sum; a density must therefore lie on an even grid. Bad masses (negative,
NaN, all zero, other shapes) are a `GanvasError` that names them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import rel_entr

from ganvas.theory.masses import Array, probability_pair


def kl(p: ArrayLike, q: ArrayLike) -> float:
    """``KL(p ‖ q) = Σ p log(p / q)`` in nats, ≥ 0; infinite where the generator never goes but reality does."""
    return _sum(rel_entr(*probability_pair(p, q)))


def total_variation(p: ArrayLike, q: ArrayLike) -> float:
    """``½ Σ |p − q|``: the mass that would have to be moved, in [0, 1]."""
    real, fake = probability_pair(p, q)
    return float(np.abs(real - fake).sum() / 2)


@dataclass(frozen=True)
class JSSplit:
    """The Jensen-Shannon divergence in nats, taken apart in two ways; each pair adds up to ``total``.

    The textbook's halves (Prince, Understanding Deep Learning, section 15.2.1), with the mixture m = (p + q) / 2. Each
    is at most (log 2) / 2. Neither is blind to the other's fault: mass missing in one place is too much elsewhere.

    The signed split cuts the same integral by *where* it comes from; its integrand is never negative.
    """

    quality: float
    """½ KL(q ‖ m): samples where there is no real data."""
    coverage: float
    """½ KL(p ‖ m): real data where there are no samples."""
    over_generated: float
    """The share from cells where q > p."""
    under_generated: float
    """The share from cells where q < p."""

    @property
    def total(self) -> float:
        """The divergence itself, in [0, log 2]."""
        return self.quality + self.coverage


def js_split(p: ArrayLike, q: ArrayLike) -> JSSplit:
    """The Jensen-Shannon divergence of ``p`` and ``q`` in its two pairs of parts; see `JSSplit`."""
    real, fake = probability_pair(p, q)
    both = real + fake  # not halved: p log(p / m) = ½ (2p) log(2p / (p + q)), where no tiny mass vanishes
    coverage, quality = rel_entr(2 * real, both) / 4, rel_entr(2 * fake, both) / 4
    there = coverage + quality
    return JSSplit(
        quality=_sum(quality),
        coverage=_sum(coverage),
        over_generated=_sum(there[fake > real]),
        under_generated=_sum(there[fake < real]),
    )


def js(p: ArrayLike, q: ArrayLike) -> float:
    """``JS(p, q) = ½ KL(p ‖ m) + ½ KL(q ‖ m)``, m = (p + q) / 2, in nats: 0 for equal, log 2 for disjoint."""
    return js_split(p, q).total


def _sum(parts: Array) -> float:
    return max(float(parts.sum()), 0.0)  # rounding alone could take equal distributions below zero
