"""What the disentanglement metrics share: codes (N, c) beside the factors (N, f) that they should tell apart.

Factors of an integer type are discrete, of a floating type continuous. Rows are samples, never columns: a transposed
array gives plausible and wrong numbers, so shapes that cannot be right are refused.
"""

from __future__ import annotations

import importlib
from typing import Any

import torch
from torch import Tensor

from ganvas.errors import GanvasError

BINS = 20
LEAST_ROWS = 50


def check_codes(codes: Tensor, factors: Tensor, *, least_codes: int = 1, least_factors: int = 1) -> None:
    """Both are finite matrices with the same rows, enough of them, and no factor is constant.

    Raises:
        GanvasError: naming what is wrong.
    """
    for name, values, least in (("codes", codes, least_codes), ("factors", factors, least_factors)):
        if values.ndim != 2:
            raise GanvasError(f"{name} have shape {tuple(values.shape)}; a metric needs (samples, {name})")
        if not values.isfinite().all():
            raise GanvasError(f"{name} hold NaN or infinite values")
        if values.shape[1] < least:
            raise GanvasError(f"{values.shape[1]} {name}: this metric needs at least {least}")
    if len(codes) != len(factors):
        raise GanvasError(f"{len(codes)} rows of codes, {len(factors)} of factors; row i of both is sample i")
    if len(codes) < LEAST_ROWS:
        raise GanvasError(f"{len(codes)} samples are too few to tell factors apart; take at least {LEAST_ROWS}")
    for j in range(factors.shape[1]):
        if (factors[:, j] == factors[0, j]).all():
            raise GanvasError(f"factor {j} has the same value in all samples; leave it out")


def discrete(values: Tensor, bins: int = BINS) -> Tensor:
    """int64 (N, m): whole numbers become the index of the value, others one of ``bins`` equally wide bins.

    The bins are those of the histogram of Locatello et al. 2019: from the smallest value to the largest, which belongs
    to the last bin. A constant column has only bin 0.
    """
    if not values.is_floating_point():
        return torch.stack([torch.unique(column, return_inverse=True)[1] for column in values.T], dim=1)
    values = values.double()
    low, high = values.amin(dim=0), values.amax(dim=0)
    width = torch.where(high > low, high - low, 1.0)
    return ((values - low) / width * bins).long().clamp_(max=bins - 1)


def mutual_information(a: Tensor, b: Tensor) -> Tensor:
    """Plug-in I(a_i; b_j) in nats of int64 (N, c) and (N, f): float64 (c, f).

    Its bias is about +(values of a − 1)(values of b − 1) / 2N; differences of two codes have nearly none.
    """
    sides = [_one_hot(a), _one_hot(b)]
    joint = (sides[0].flatten(1).T @ sides[1].flatten(1)).double() / len(a)
    joint = joint.view(*sides[0].shape[1:], *sides[1].shape[1:]).permute(0, 2, 1, 3)  # (c, f, values, values)
    entropy = [_entropy(joint.sum(dim=3)), _entropy(joint.sum(dim=2))]
    return (entropy[0] + entropy[1] - _entropy(joint.flatten(2))).clamp_(min=0)


def entropies(values: Tensor) -> Tensor:
    """Plug-in entropy in nats of each column of int64 (N, m): float64 (m,)."""
    return _entropy(_one_hot(values).double().mean(dim=0))


def gaps(scores: Tensor) -> Tensor:
    """(c, f) → (f,): how far the best code of each factor is ahead of the second best; c ≥ 2."""
    best = scores.topk(2, dim=0).values
    return best[0] - best[1]


def sklearn_module(name: str, metric: str) -> Any:
    """``sklearn.<name>``, which only some metrics need.

    Raises:
        GanvasError: it is not installed, or does not import.
    """
    try:
        return importlib.import_module(f"sklearn.{name}")
    except Exception as error:  # a broken installation raises anything
        raise GanvasError(f"{metric} needs scikit-learn: pip install 'ganvas[disentanglement]'") from error


def parted(count: int, tested: float, seed: int) -> tuple[Tensor, Tensor]:
    """Rows for training and the share ``tested`` for testing, disjoint, by chance."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    held_out = round(count * tested)
    return order[held_out:], order[:held_out]


def _one_hot(ids: Tensor) -> Tensor:
    """float32 (N, m, values): counts by a matrix product are exact up to 2²⁴."""
    return torch.nn.functional.one_hot(ids, int(ids.max()) + 1).float()


def _entropy(shares: Tensor) -> Tensor:
    return -torch.xlogy(shares, shares).sum(dim=-1)
