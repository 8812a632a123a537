"""Fréchet distance between two feature sets taken as Gaussians (Dowson & Landau 1982; Heusel et al. 2017, as FID)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganvas.metrics.features import check_pair


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
    mean_real, root_real = _mean_and_root(real)
    mean_fake, root_fake = _mean_and_root(fake)
    spread = root_real.square().sum() + root_fake.square().sum()  # Tr Σ₁ + Tr Σ₂
    distance = (mean_real - mean_fake).square().sum() + spread - 2.0 * _trace_of_root(root_real, root_fake)
    return max(float(distance), 0.0)


def _mean_and_root(features: Tensor) -> tuple[Tensor, Tensor]:
    """The mean (d,) and the centred rows A (N, d), scaled so that Σ = AᵀA."""
    points = features.double()
    mean = points.mean(dim=0)
    return mean, (points - mean) / (len(points) - 1) ** 0.5


def _trace_of_root(a: Tensor, b: Tensor) -> Tensor:
    """``Tr (Σ₁Σ₂)^½`` for Σ₁ = AᵀA, Σ₂ = BᵀB; never by a matrix square root, which fails where Σ has no full rank.

    The eigenvalues of AᵀA BᵀB are the squared singular values of ABᵀ: exact and cheap with fewer rows than
    dimensions. Otherwise, with any factor Σ₁ = LLᵀ, they are the eigenvalues of the symmetric LᵀΣ₂L.
    """
    if min(len(a), len(b)) < a.shape[1]:
        roots: Tensor = torch.linalg.svdvals(_short(a) @ _short(b).T)
    else:
        factor = _factor(a.T @ a)
        roots = torch.linalg.eigvalsh(factor.T @ (b.T @ b) @ factor).clamp_(min=0).sqrt()
    return roots.sum()


def _short(rows: Tensor) -> Tensor:
    """At most d rows A with the same AᵀA: 50,000 real rows against few generated ones need no 50,000 columns."""
    return rows if len(rows) <= rows.shape[1] else _factor(rows.T @ rows).T


def _factor(covariance: Tensor) -> Tensor:
    """L with Σ = LLᵀ: Cholesky's when Σ has full rank, else from its eigenvectors (some pixels never change)."""
    factor: Tensor
    factor, failed = torch.linalg.cholesky_ex(covariance)
    if failed.item():
        values, vectors = torch.linalg.eigh(covariance)
        factor = vectors * values.clamp_(min=0).sqrt()
    return factor
