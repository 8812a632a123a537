"""Modularity: does a code tell of one factor only (Ridgeway & Mozer 2018, section 3)?"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.codes import BINS, check_codes, discrete, mutual_information


@dataclass(frozen=True)
class Modularity:
    """1 where each code tells of one factor, 0 where it tells equally of all."""

    value: float
    by_code: Tensor
    """float64 (active codes,), of which the value is the mean."""
    active: Tensor
    """bool (c,): codes that tell of anything at all."""


def modularity(codes: Tensor, factors: Tensor, bins: int = BINS) -> Modularity:
    """``mean_i 1 − Σ_{j≠best} I_ij² / (I_i,best² (f − 1))``.

    Codes with no information (constant ones) are left out; Locatello et al. 2019 count them as 0. A code of mere noise
    has the small plug-in information of every factor and counts with whatever chance gives it: read it beside the same
    number of shuffled factors.

    Args:
        codes: (N, c).
        factors: (N, f ≥ 2); continuous ones are binned like codes.

    Raises:
        GanvasError: too few rows or factors, NaN, a constant factor, no active code.
    """
    check_codes(codes, factors, least_factors=2)
    squares = mutual_information(discrete(codes.double(), bins), discrete(factors, bins)).square()
    best = squares.amax(dim=1)
    active = best > 1e-20
    if not active.any():
        raise GanvasError("no code tells anything of any factor; are they all constant?")
    squares, best = squares[active], best[active]
    by_code = 1 - (squares.sum(dim=1) - best) / (best * (squares.shape[1] - 1))
    return Modularity(float(by_code.mean()), by_code, active)
