"""Intervals: closed values, corners, and how often they cover the truth."""

import pytest
import torch

from ganvas.metrics import bootstrap_mean, wilson


def test_wilson_in_closed_form():
    """At p = 1/2 the middle is 1/2 and the half width z/2·√(1/(n + z²)): n = 100 gives .5 ± .09616."""
    assert wilson(0.5, 100) == pytest.approx((0.40383, 0.59617), abs=1e-5)


def test_wilson_is_never_empty():
    """500 of 500 right proves little more than 99.2 %: n/(n + z²)."""
    low, high = wilson(1.0, 500)
    assert (low, high) == pytest.approx((500 / (500 + 1.959964**2), 1.0))
    assert wilson(0.0, 500) == pytest.approx((1 - high, 1 - low))


def test_the_bootstrap_of_a_normal_mean():
    """The interval of a mean of 1000 standard normals is about ±1.96/√1000 = ±.062 around it; same seed, same one."""
    values = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    low, high = bootstrap_mean(values, torch.Generator().manual_seed(1))
    assert low < float(values.mean()) < high
    assert high - low == pytest.approx(0.124, rel=0.1)
    assert (low, high) == bootstrap_mean(values, torch.Generator().manual_seed(1))
