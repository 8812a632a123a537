"""Fréchet distance between two feature sets taken as Gaussians (Dowson & Landau 1982; Heusel et al. 2017, as FID)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganvas.metrics.features import check_pair
from ganvas.metrics.symmetric import congruent, eigenvalues, gram, whole


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """``|μ₁ − μ₂|² + Tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½)``, with covariances over N − 1, in float64.

    Biased upwards by about c/N, so compare only at equal N, and read it beside a real-versus-real row. It may be called
    FID only for the features of the Inception network that FID is defined by.

    Args:
        real: (N, d) features, N ≥ 2.
        fake: (M, d) features, M ≥ 2.

    Returns:
        The squared distance, ≥ 0, in squared units of the features.
    """
    check_pair(real, fake, least=2)
    mean_real, rows_real = _mean_and_rows(real)
    mean_fake, rows_fake = _mean_and_rows(fake)
    between = (mean_real - mean_fake).square().sum()
    return max(float(between + _between_spreads(rows_real, rows_fake)), 0.0)


def _mean_and_rows(features: Tensor) -> tuple[Tensor, Tensor]:
    """The mean (d,) and the centred rows (N, d), both float64."""
    rows = features.to(torch.float64, copy=True)
    mean = rows.mean(dim=0)
    return mean, rows.sub_(mean)


def _between_spreads(a: Tensor, b: Tensor) -> Tensor:
    """``Tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½)`` for Σ₁ = AᵀA / (N − 1) and Σ₂ = BᵀB / (M − 1); never by a matrix square root, which
    fails where Σ has no full rank.

    The eigenvalues of AᵀA BᵀB are the squared singular values of ABᵀ: exact and cheap with fewer rows than
    dimensions. Otherwise, with Cholesky's AᵀA = LLᵀ, they are the eigenvalues of the symmetric Lᵀ BᵀB L.
    """
    n, m = len(a) - 1, len(b) - 1
    if min(len(a), len(b)) < a.shape[1]:
        spread: Tensor = a.square().sum() / n + b.square().sum() / m
        roots: Tensor = torch.linalg.svdvals(_short(a) @ _short(b).T)
    else:
        one, two = gram(a), gram(b)
        spread = one.trace() / n + two.trace() / m
        roots = eigenvalues(_product(one, two)).clamp_(min=0).sqrt()
    return spread - 2.0 * roots.sum() / math.sqrt(n * m)


def _short(rows: Tensor) -> Tensor:
    """At most d rows A with the same AᵀA: 50,000 real rows against few generated ones need no 50,000 columns."""
    if len(rows) <= rows.shape[1]:
        return rows
    square = gram(rows)
    factor, failed = torch.linalg.cholesky_ex(square)
    short: Tensor = (_factor(square) if failed.item() else factor).T
    return short


def _product(one: Tensor, two: Tensor) -> Tensor:
    """A symmetric matrix with the eigenvalues of the product of two such."""
    factor, failed = torch.linalg.cholesky_ex(one)
    if not failed.item():
        return congruent(factor, two)
    factor = _factor(one)
    return factor.T @ whole(two) @ factor


def _factor(square: Tensor) -> Tensor:
    """L with S = LLᵀ from the eigenvectors, where Cholesky's fails for want of rank (some pixels never change)."""
    values, vectors = torch.linalg.eigh(square)
    factor: Tensor = vectors * values.clamp_(min=0).sqrt()
    return factor
