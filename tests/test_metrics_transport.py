"""Sliced Wasserstein distance: closed forms, POT, the NumPy one of the theory, unequal sizes."""

import numpy as np
import ot
import pytest
import torch

from ganvas.errors import GanvasError
from ganvas.metrics import sliced_wasserstein
from ganvas.theory.samples import sliced_distance


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_shift_on_a_line():
    """In one dimension every direction is ±1: the distance of a set from itself moved by 3 is 3 at any order."""
    x = torch.randn(50, 1, generator=seeded())
    for order in (1.0, 2.0):
        assert sliced_wasserstein(x, x + 3, generator=seeded(), order=order).value == pytest.approx(3.0, rel=1e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_pot_agrees_on_a_line_at_unequal_sizes(order: int):
    x, y = torch.randn(70, 1, generator=seeded(1)).double(), torch.randn(41, 1, generator=seeded(2)).double() * 2
    theirs = ot.wasserstein_1d(x.numpy()[:, 0], y.numpy()[:, 0], p=order) ** (1 / order)
    assert sliced_wasserstein(x, y, generator=seeded(), order=order).value == pytest.approx(float(theirs), rel=1e-9)


def test_a_shift_in_the_plane():
    """Seen along an even direction a shift of 1 is |cos φ| long, 2/π on average; its mean square is 1/2."""
    x = torch.randn(100, 2, generator=seeded(3))
    moved = x + torch.tensor([1.0, 0.0])
    first = sliced_wasserstein(x, moved, generator=seeded(), slices=4000)
    assert first.value == pytest.approx(2 / np.pi, abs=4 * first.standard_error)
    second = sliced_wasserstein(x, moved, generator=seeded(), slices=4000, order=2)
    assert second.value == pytest.approx(0.5**0.5, abs=4 * second.standard_error)
    assert 0 < first.standard_error < 0.01


def test_the_theorys_own_agrees():
    """Other directions, same mean: within four standard errors of both."""
    a, b = torch.randn(300, 8, generator=seeded(4)), torch.randn(200, 8, generator=seeded(5)) * 1.5
    ours = sliced_wasserstein(a, b, generator=seeded(), slices=500)
    theirs = sliced_distance(a.double().numpy(), b.double().numpy(), slices=500)
    assert ours.value == pytest.approx(theirs.value, abs=4 * (ours.standard_error**2 + theirs.standard_error**2) ** 0.5)


def test_corners():
    same = torch.full((30, 4), 0.1)
    assert sliced_wasserstein(same, same[:20], generator=seeded()).value == pytest.approx(0.0, abs=1e-12)
    first, second = (sliced_wasserstein(same, same + 1, generator=seeded()) for _ in range(2))
    assert first == second
    with pytest.raises(GanvasError, match="at least 2 slices"):
        sliced_wasserstein(same, same, generator=seeded(), slices=1)
    with pytest.raises(GanvasError, match="real features hold NaN"):
        sliced_wasserstein(same * torch.nan, same, generator=seeded())
