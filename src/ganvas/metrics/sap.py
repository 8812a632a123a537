"""Separated attribute predictability: how far one code predicts a factor better than the next (Kumar et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.codes import check_codes, gaps, parted, sklearn_module

TESTED = 1 / 3
REGULARISATION = 0.01
"""C of the support vector machine (Locatello et al. 2019)."""


@dataclass(frozen=True)
class Predictability:
    """0 where two codes predict a factor equally well; a balanced binary factor gives at most ½, by chance the rest."""

    value: float
    by_factor: Tensor
    """float64 (f,), of which the value is the mean."""
    scores: Tensor
    """float64 (c, f): held-out accuracy of each code alone, or R² of continuous factors."""


def attribute_predictability(codes: Tensor, factors: Tensor, *, seed: int = 0) -> Predictability:
    """Mean over factors of the gap between the two codes that predict it best.

    A discrete factor is predicted by a linear support vector machine (C = 0.01, classes balanced) fitted on two thirds
    and scored on the rest; of a continuous one the squared correlation is taken. A constant code predicts what chance
    would.

    Args:
        codes: (N, c ≥ 2).
        factors: (N, f): whole numbers are discrete, floats continuous.

    Raises:
        GanvasError: as of `check_codes`; a discrete factor without scikit-learn.
    """
    check_codes(codes, factors, least_codes=2)
    scores = _squared_correlations(codes, factors) if factors.is_floating_point() else _accuracies(codes, factors, seed)
    by_factor = gaps(scores)
    return Predictability(float(by_factor.mean()), by_factor, scores)


def _squared_correlations(codes: Tensor, factors: Tensor) -> Tensor:
    x, y = (values.double() - values.double().mean(dim=0) for values in (codes, factors))
    spread = x.square().sum(dim=0)[:, None] * y.square().sum(dim=0)
    return torch.where(spread > 0, (x.T @ y).square() / spread, 0.0).cpu()


def _accuracies(codes: Tensor, factors: Tensor, seed: int) -> Tensor:
    svm = sklearn_module("svm", "SAP")
    train, test = parted(len(codes), TESTED, seed)
    x, y = codes.double().cpu().numpy(), factors.cpu().numpy()
    scores = torch.empty(codes.shape[1], factors.shape[1], dtype=torch.float64)
    for j in range(factors.shape[1]):
        if factors[train, j].min() == factors[train, j].max():
            raise GanvasError(f"factor {j} has one value in all rows for training; take more samples of its others")
        for i in range(codes.shape[1]):
            machine = svm.LinearSVC(C=REGULARISATION, class_weight="balanced", dual=False)
            machine.fit(x[train, i : i + 1], y[train, j])
            scores[i, j] = machine.score(x[test, i : i + 1], y[test, j])
    return scores
