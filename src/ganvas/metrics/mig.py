"""Mutual information gap: does one code, and no second one, tell a factor (Chen et al. 2018, section 4.1)?"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganvas.metrics.codes import BINS, check_codes, discrete, entropies, gaps, mutual_information


@dataclass(frozen=True)
class InformationGap:
    """1 where every factor stands in one code alone, 0 where two know it equally well."""

    value: float
    by_factor: Tensor
    """float64 (f,), of which the value is the mean."""
    information: Tensor
    """float64 (c, f): mutual information in nats."""


def mutual_information_gap(codes: Tensor, factors: Tensor, bins: int = BINS) -> InformationGap:
    """``mean_j (I(c_best; v_j) − I(c_second; v_j)) / H(v_j)``, codes in 20 equally wide bins (Locatello et al. 2019).

    Args:
        codes: (N, c ≥ 2); the published protocol takes 10,000 rows. A constant code has no information.
        factors: (N, f); continuous ones are binned like codes.

    Raises:
        GanvasError: too few rows or codes, NaN, a constant factor.
    """
    check_codes(codes, factors, least_codes=2)
    values = discrete(factors, bins)
    information = mutual_information(discrete(codes.double(), bins), values)
    by_factor = gaps(information) / entropies(values)
    return InformationGap(float(by_factor.mean()), by_factor, information)
