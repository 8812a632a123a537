"""The Fréchet distance freed of its bias: extrapolated to infinitely many samples, with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.features import check_pair, draw
from ganvas.metrics.frechet import frechet_distance
from ganvas.metrics.interval import NORMAL_95

POINTS = 15


@dataclass(frozen=True)
class FrechetLine:
    """Fréchet distances of growing subsets, and where the line through them in 1/N ends."""

    infinity: float
    """The distance at 1/N = 0, in squared units of the features; about 0 for equal distributions, so also below."""
    interval: tuple[float, float]
    """95 %: the sampling error of the distance and the line's own, added in squares."""
    slope: float
    """The bias is about slope / N."""
    sizes: tuple[int, ...]
    """Generated rows of each subset."""
    distances: tuple[float, ...]

    def numbers(self) -> dict[str, float | None]:
        """The number by name."""
        return {"frechet_distance_infinity": self.infinity}


def frechet_infinity(
    real: Tensor, fake: Tensor, *, generator: Generator, points: int = POINTS, fixed_real: bool = False
) -> FrechetLine:
    """FD∞ (Chong & Forsyth 2020, section 3): the intercept of the least-squares line of the distance in 1/N.

    Subsets grow from a tenth of the rows, as in the paper (5,000 of 50,000), but from 2·d at least, below which there
    is no line, to all. Both sets shrink by the same share, which takes out the bias of both. ``fixed_real`` leaves the
    real set whole, as the paper does, for which it is the distribution itself.

    Args:
        real: (N, d) features, N ≥ 4·d.
        fake: (M, d) features, M ≥ 4·d.
        generator: a CPU generator, which picks the subsets.
        points: subsets, at least 3.

    Raises:
        GanvasError: too few rows for a line, or fewer than three points. Kernel distance is unbiased at any size.
    """
    check_pair(real, fake, least=4)
    dimension, rows = real.shape[1], len(fake)
    fewest = min(len(fake), len(fake) if fixed_real else len(real))
    if fewest < 4 * dimension:
        raise GanvasError(
            f"{fewest} samples of {dimension} dimensions are too few to extrapolate the Fréchet distance: give "
            f"{4 * dimension}, or take the kernel distance, which has no bias"
        )
    if points < 3:
        raise GanvasError(f"points is {points}: a line with an error needs at least 3")
    smallest = max(0.1, 2 * dimension / fewest)
    shares = [smallest + (1 - smallest) * i / (points - 1) for i in range(points)]
    sizes = [round(share * rows) for share in shares]
    pairs = [(len(real) if fixed_real else round(share * len(real)), n) for share, n in zip(shares, sizes, strict=True)]
    found = [frechet_distance(draw(real, n, generator), draw(fake, m, generator)) for n, m in pairs]
    infinity, slope, error = _line([1 / size for size in sizes], found)
    half = NORMAL_95 * (error**2 + frechet_error(real, fake) ** 2) ** 0.5
    return FrechetLine(infinity, (infinity - half, infinity + half), slope, tuple(sizes), tuple(found))


def frechet_error(real: Tensor, fake: Tensor) -> float:
    """Standard error of the Fréchet distance, to first order in the samples (the delta method; no resampling).

    The distance moves with one fake x, c = x − μ₂, by ``2 (μ₂ − μ₁)·c + cᵀ(I − T)c``, where T is the linear map that
    carries N(μ₂, Σ₂) to N(μ₁, Σ₁) at least cost (Givens & Shortt 1984); with one real alike, by T⁻¹. For equal
    distributions it is 0, and what remains is the bias, c/N.

    Args:
        real: (N, d) features. fake: (M, d) features. N and M above d.
    """
    check_pair(real, fake, least=real.shape[-1] + 1)
    a, b = real.double(), fake.double()
    shift = b.mean(dim=0) - a.mean(dim=0)
    a, b = a - a.mean(dim=0), b - b.mean(dim=0)
    values, vectors = torch.linalg.eigh(b.T @ b / (len(b) - 1))
    deviations = _floored(values).sqrt()
    factor, white = vectors * deviations, b @ (vectors / deviations)
    middle, turn = torch.linalg.eigh(factor.T @ (a.T @ a / (len(a) - 1)) @ factor)
    root = _floored(middle).sqrt()  # T = L⁻ᵀ (LᵀΣ₁L)^½ L⁻¹ for Σ₂ = LLᵀ, T⁻¹ = L (LᵀΣ₁L)^-½ Lᵀ
    moved_fake = (white @ turn).square() @ root
    moved_real = (a @ factor @ turn).square() @ root.reciprocal()
    of_fake = 2 * b @ shift + b.square().sum(dim=1) - moved_fake
    of_real = -2 * a @ shift + a.square().sum(dim=1) - moved_real
    return float((of_fake.var() / len(b) + of_real.var() / len(a)).sqrt())


def _floored(eigenvalues: Tensor) -> Tensor:
    """Rising eigenvalues, none 0: a feature that never changes can be divided by, and adds nothing."""
    return eigenvalues.clamp(min=max(float(eigenvalues[-1]) * 1e-12, torch.finfo(eigenvalues.dtype).tiny))


def _line(x: list[float], y: list[float]) -> tuple[float, float, float]:
    """Intercept, slope and the intercept's standard error of the least-squares line.

    Small subsets scatter more and pull more than large ones, so the error is the one that allows for it (HC3, MacKinnon
    & White 1985).
    """
    xs, ys = torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
    around = xs - xs.mean()
    spread = around.square().sum()
    slope = (around * ys).sum() / spread
    intercept = ys.mean() - slope * xs.mean()
    pull = 1 / len(x) - xs.mean() * around / spread  # the intercept is Σ pull · y
    left = (ys - intercept - slope * xs) / (1 - 1 / len(x) - around.square() / spread)
    return float(intercept), float(slope), float((pull * left).square().sum().sqrt())
