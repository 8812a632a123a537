"""Two distributions moved apart: what each distance says, and what gradient a generator gets from it.

Why the Jensen-Shannon divergence saturates and the earth mover's distance does not (Arjovsky & Bottou 2017; Arjovsky et
al. 2017, example 1). ``p`` is real and stands at 0, ``q`` is generated and stands at the distance d; gradients are with
respect to d, so that a generator that descends a positive one comes nearer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erf, expit

from ganvas.errors import GanvasError
from ganvas.theory.masses import Array, numbers

REACH, NODES = 12.0, 4801
"""Quadrature over ± REACH standard deviations. The trapezoid rule is exact to rounding for such smooth integrands as
long as its step, .005, is far below the width 2π/d of the discriminator's slope: up to d = 100."""
FARTHEST = 60.0
"""In standard deviations; beyond, exp(−d²/8) is less than 1e-195."""


@dataclass(frozen=True)
class Curves:
    """Values and gradients by name, each as long as ``distance``; NaN where there is no derivative."""

    distance: Array
    values: dict[str, Array]
    gradients: dict[str, Array]

    def fades_at(self, name: str, share: float = 1e-6) -> float | None:
        """The first distance from which on the gradient stays under ``share`` of its peak; None where it never does.

        Raises:
            GanvasError: there is no such name.
        """
        if name not in self.gradients:
            raise GanvasError(f"no gradient is called {name!r}: there are {', '.join(self.gradients)}")
        size = np.abs(self.gradients[name])
        alive = np.flatnonzero(~(size < share * size.max()))
        last = int(alive[-1]) if alive.size else -1
        return float(self.distance[last + 1]) if last + 1 < len(size) else None


def gaussians_apart(distance: ArrayLike, deviation: float = 1.0) -> Curves:
    """N(0, σ²) real against N(d, σ²) generated, for every d ≥ 0 (n,): the distances, and the generator's two losses.

    With σ = 1: KL = d²/2, TV = erf(d/√8), W1 = d, and with l(x) = log p/q = d²/2 − dx and D* = sigmoid(l)

    - JS = log 2 − E_q log(1 + eˡ), since by symmetry both halves are equal;
    - the saturating loss E_q log(1 − D*) has the gradient −E_q[D* l'] = d E_q D*, D* held where it is;
    - the non-saturating loss −E_q log D* has d E_q(1 − D*): it grows with d, like that of the KL divergence;
    - JS' = ½ d E_q D*, half the saturating one, for the minimax value is −log 4 + 2 JS and D* is at its best.

    Values are in nats (W1 in units of d); the gradients of the two losses are those of the generator's step against a
    discriminator that stands still, not the slopes of their curves of values.

    Raises:
        GanvasError: a distance that is negative or beyond `FARTHEST` deviations, or a deviation that is not above 0.
    """
    if not (np.isfinite(deviation) and deviation > 0):
        raise GanvasError(f"deviation is {deviation:g}: give a width above 0")
    far = _distances(distance)
    d = far / deviation
    if d.max() > FARTHEST:
        raise GanvasError(f"distance reaches {d.max():g} deviations: up to {FARTHEST:g} can be computed")
    fooled, soft_fake, soft_real = _expectations(d)
    values = {
        "kl": d**2 / 2,
        "js": np.log(2) - soft_fake,
        "total_variation": erf(d / 8**0.5),
        "earth_movers_distance": far,
        "saturating": -soft_fake,
        "non_saturating": soft_real,
    }
    gradients = {
        "kl": d,
        "js": d * fooled / 2,
        "total_variation": np.exp(-(d**2) / 8) / (2 * np.pi) ** 0.5,
        "earth_movers_distance": np.full_like(d, deviation),
        "saturating": d * fooled,
        "non_saturating": d * (1 - fooled),
    }
    return Curves(far, values, {name: slope / deviation for name, slope in gradients.items()})


def points_apart(distance: ArrayLike) -> Curves:
    """All mass at 0 against all mass at d, for every d ≥ 0 (n,): supports that never meet.

    For d > 0: KL = ∞, JS = log 2, TV = 1, whatever the distance, so their gradients tell nothing; W1 = d. At d = 0 they
    jump, and no gradient is defined.

    Raises:
        GanvasError: a distance that is negative, NaN or infinite.
    """
    d = _distances(distance)
    apart = d > 0
    flat = np.where(apart, 0.0, np.nan)
    values = {
        "kl": np.where(apart, np.inf, 0.0),
        "js": np.where(apart, np.log(2), 0.0),
        "total_variation": np.where(apart, 1.0, 0.0),
        "earth_movers_distance": d,
    }
    slopes = {"kl": np.full_like(d, np.nan), "js": flat, "total_variation": flat}
    return Curves(d, values, {**slopes, "earth_movers_distance": np.where(apart, 1.0, np.nan)})


def _distances(distance: ArrayLike) -> Array:
    d = numbers(distance, "distance")
    if d.ndim != 1 or d.min() < 0:
        raise GanvasError("distance must be a row of numbers, none below 0")
    return d


def _expectations(d: Array) -> tuple[Array, Array, Array]:
    """``E_q D*``, ``E_q log(1 + eˡ)`` and ``E_q log(1 + e⁻ˡ)`` for every d (n,), by the trapezoid rule.

    With x = d/2 + t the log-ratio is l = −dt, and under q the t are N(d/2, 1). The first is folded, because q and D*
    hardly meet when d is large: q(t) D* = exp(−d²/8) φ(t) / (2 cosh(dt/2)).
    """
    t = np.linspace(-REACH, REACH, NODES)
    weight = np.exp(-(t**2) / 2) / (2 * np.pi) ** 0.5 * (2 * REACH / (NODES - 1))
    logit = d[:, None] * t
    # 1 / (2 cosh y) = √(sigmoid(2y) sigmoid(−2y)), which does not overflow
    fooled = np.exp(-(d**2) / 8) * ((expit(logit) * expit(-logit)) ** 0.5 @ weight)
    shifted = d[:, None] * (t + d[:, None] / 2)  # −l at t ~ N(d/2, 1)
    return fooled, np.logaddexp(0, -shifted) @ weight, np.logaddexp(0, shifted) @ weight
