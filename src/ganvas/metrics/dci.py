"""Disentanglement, completeness, informativeness: what trees need to predict each factor (Eastwood & Williams 2018)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.codes import check_codes, parted, sklearn_module

TESTED = 1 / 3
"""5,000 of 15,000, as published."""
MODELS = {"random-forest": "RandomForest", "gradient-boosting": "GradientBoosting"}


@dataclass(frozen=True)
class DCI:
    """Three numbers in [0, 1]; ``None`` is n/a."""

    disentanglement: float | None
    """1 where a code matters to one factor only; n/a with one factor. Codes weigh as much as they matter."""
    completeness: float | None
    """1 where a factor needs one code only; n/a with one code."""
    informativeness: float
    """Mean over factors of the held-out accuracy, or R² of continuous ones. (The paper's is an error, this is not.)"""
    importance: Tensor
    """float64 (c, f), columns adding up to 1."""
    scores: Tensor
    """float64 (f,), of which the informativeness is the mean."""


def dci(codes: Tensor, factors: Tensor, *, model: str = "random-forest", seed: int = 0) -> DCI:
    """D and C from the entropies of tree importances, I from held-out predictions.

    Args:
        codes: (N, c); the published protocol trains on 10,000 rows and tests on 5,000, here always two thirds.
        factors: (N, f): whole numbers are classified, floats regressed.
        model: ``random-forest``, or ``gradient-boosting``: the published protocol, some ten times slower.

    Raises:
        GanvasError: as of `check_codes`, an unknown model, or no scikit-learn.
    """
    check_codes(codes, factors)
    if model not in MODELS:
        raise GanvasError(f"no model of DCI is called '{model}'; known: {', '.join(MODELS)}")
    ensemble = sklearn_module("ensemble", "DCI")
    kind = "Regressor" if factors.is_floating_point() else "Classifier"
    train, test = parted(len(codes), TESTED, seed)
    importance, scores = [], []
    for j in range(factors.shape[1]):
        trees = getattr(ensemble, MODELS[model] + kind)(random_state=seed)
        _fit(trees, codes[train], factors[train, j])
        importance.append(torch.as_tensor(trees.feature_importances_, dtype=torch.float64))
        scores.append(float(trees.score(codes[test].cpu().numpy(), factors[test, j].cpu().numpy())))
    weights = torch.stack(importance, dim=1)
    held_out = torch.tensor(scores, dtype=torch.float64)
    return DCI(disentanglement(weights), completeness(weights), float(held_out.mean()), weights, held_out)


def _fit(trees: Any, codes: Tensor, factor: Tensor) -> None:
    if (factor == factor[0]).all():
        raise GanvasError("a factor has one value in all rows for training; take more samples of its others")
    trees.fit(codes.cpu().numpy(), factor.cpu().numpy())


def disentanglement(importance: Tensor) -> float | None:
    """Σ_i ρ_i (1 − H_f(P_i)) of importances (c, f), P_i a row as shares, ρ_i its part of everything."""
    return _concentration(importance)


def completeness(importance: Tensor) -> float | None:
    """The same of the columns: how few codes a factor needs."""
    return _concentration(importance.T)


def _concentration(rows: Tensor) -> float | None:
    if rows.shape[1] < 2 or not float(rows.sum()) > 0:
        return None
    mass = rows.sum(dim=1)
    shares = rows / torch.where(mass > 0, mass, 1.0)[:, None]
    evenness = -torch.xlogy(shares, shares).sum(dim=1) / math.log(rows.shape[1])
    return float(((1 - evenness) * mass).sum() / mass.sum())
