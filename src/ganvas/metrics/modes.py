"""How a cloud of points covers Gaussian modes that are known exactly, and how well it fits them.

Coverage alone fools: one point makes a mode "covered" (Lin et al. 2018 count so). Hence shape and mass stand beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.errors import GanvasError

WITHIN = 3.0
"""Deviations from its mode's centre within which a point is of high quality."""


@dataclass(frozen=True)
class ModeScores:
    """What `mode_scores` finds."""

    modes: int
    modes_covered: int
    """Modes with at least one point of high quality."""
    modes_at_half_mass: int
    """Modes with at least half of the points that are due to them."""
    high_quality_share: float
    """Share of points within 3σ of some mode; the truth is 1 − exp(−9/2) = .989 in the plane."""
    reverse_kl: float
    """KL(generated ‖ true) over the modes, of points of high quality, in nats."""
    within_mode_sd_ratio: float | None
    """Deviation of those points around their own mode's mean, over what is true; 1 is right, below is too narrow. None
    where no mode has two points."""
    counts: tuple[int, ...]
    """Points of high quality by mode."""
    elsewhere: int
    """Points of no mode."""


def mode_scores(points: Tensor, centres: Tensor, sigma: float, weights: Tensor | None = None) -> ModeScores:
    """Protocol of Lin et al. 2018 (PacGAN, section 4.1), with fit beside coverage.

    Args:
        points: (N, d), any number of dimensions; the published protocol takes 2,500.
        centres: (K, d) of the true Gaussians, farther apart than 6σ.
        sigma: their deviation.
        weights: (K,) their true shares; equal by default.

    Raises:
        GanvasError: no points, points that are not finite, other dimensions than the centres', or weights of another
            number.
    """
    if points.ndim != 2 or points.shape[1] != centres.shape[1] or not len(points):
        raise GanvasError(f"points have shape {tuple(points.shape)}; (at least one, {centres.shape[1]}) is needed")
    if not points.isfinite().all():
        raise GanvasError("points hold NaN or infinite values")
    if weights is not None and weights.shape != centres.shape[:1]:
        raise GanvasError(f"weights have shape {tuple(weights.shape)}; one a centre, ({len(centres)},), is needed")
    points, centres = points.double(), centres.double()
    true = torch.full((len(centres),), 1.0 / len(centres), dtype=torch.float64) if weights is None else weights.double()
    distance, mode = torch.cdist(points, centres, compute_mode="donot_use_mm_for_euclid_dist").min(1)
    good = distance <= WITHIN * sigma
    counts = torch.bincount(mode[good], minlength=len(centres))
    share = counts.double() / max(int(counts.sum()), 1)
    return ModeScores(
        modes=len(centres),
        modes_covered=int((counts > 0).sum()),
        modes_at_half_mass=int((counts >= 0.5 * true * len(points)).sum()),
        high_quality_share=float(good.double().mean()),
        reverse_kl=float(torch.where(counts > 0, share * (share / true).log(), 0.0).sum()),
        within_mode_sd_ratio=_sd_ratio(points[good], mode[good], counts, sigma),
        counts=tuple(counts.tolist()),
        elsewhere=int((~good).sum()),
    )


def due_masses(weights: Tensor, dimensions: int) -> Tensor:
    """(K,) true shares of the modes → (K + 1,) probabilities that a true point counts for each, and for none: within 3σ
    lie P(χ²_d ≤ 9) of a mode's points, 1 − exp(−9/2) in the plane."""
    within = torch.special.gammainc(
        torch.tensor(dimensions / 2, dtype=torch.float64), torch.tensor(WITHIN**2 / 2, dtype=torch.float64)
    )
    return torch.cat([within * weights.double(), (1.0 - within)[None]])


def _sd_ratio(points: Tensor, mode: Tensor, counts: Tensor, sigma: float) -> float | None:
    """Pooled over modes, each around its own mean with n − 1 degrees of freedom, against σ cut off at 3σ."""
    freedom = int((counts - 1).clamp(min=0).sum())
    if freedom == 0:
        return None
    dimensions = points.shape[1]
    sums = torch.zeros(len(counts), dimensions, dtype=points.dtype).index_add_(0, mode, points)
    means = sums / counts.clamp(min=1)[:, None]
    squares = (points - means[mode]).square().sum()
    return float((squares / (dimensions * freedom)).sqrt()) / (sigma * _cut_off(dimensions))


def _cut_off(dimensions: int) -> float:
    """Deviation of one coordinate of a standard normal vector of which only lengths up to 3 are kept:
    √(P(χ²_{d+2} ≤ 9) / P(χ²_d ≤ 9)), .974 in the plane, for E[r²; r ≤ 3] = d · P(χ²_{d+2} ≤ 9)."""
    half = torch.tensor(WITHIN**2 / 2, dtype=torch.float64)

    def below(degrees: int) -> float:
        return float(torch.special.gammainc(torch.tensor(degrees / 2, dtype=torch.float64), half))

    return math.sqrt(below(dimensions + 2) / below(dimensions))


def energy_distance(real: Tensor, fake: Tensor) -> float:
    """Székely & Rizzo 2013: 2 E|x − y| − E|x − x′| − E|y − y′|, in the points' unit, 0 if and only if both
    distributions are the same; no point is paired with itself, so that it is unbiased and can be negative.

    Args:
        real: (N, d), N ≥ 2. fake: (M, d), M ≥ 2. Chunked over rows: memory grows with one chunk times a set.

    Raises:
        GanvasError: fewer points, different dimensions, or points that are not finite.
    """
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise GanvasError(
            f"points have shapes {tuple(real.shape)} and {tuple(fake.shape)}; (N, d) and (M, d) is needed"
        )
    if not (real.isfinite().all() and fake.isfinite().all()):
        raise GanvasError("points hold NaN or infinite values")
    real, fake = real.double(), fake.double()

    def total(x: Tensor, y: Tensor) -> float:
        chunks = torch.split(x, 1024)
        sums = [torch.cdist(part, y, compute_mode="donot_use_mm_for_euclid_dist").sum() for part in chunks]
        return float(torch.stack(sums).sum())

    n, m = len(real), len(fake)
    if min(n, m) < 2:
        raise GanvasError("the energy distance needs at least two points on each side")
    return 2 * total(real, fake) / (n * m) - total(real, real) / (n * (n - 1)) - total(fake, fake) / (m * (m - 1))
