"""The kernel distance against its definition and torchmetrics; its interval against repetition."""

import numpy as np
import pytest
import torch

from ganvas.metrics import kernel_distance, squared_mmd


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_definition_by_hand():
    """In one dimension, x = {0, 1}, y = {1, 2}, k = (xy + 1)³: E k(x,x') = k(0,1) = 1, E k(y,y') = k(1,2) = 27,
    E k(x,y) = (1 + 1 + 8 + 27)/4 = 9.25, so MMD² = 1 + 27 − 18.5 = 9.5."""
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]])
    assert float(squared_mmd(x, y)) == pytest.approx(9.5)


def test_torchmetrics_agrees_on_whole_sets():
    from torchmetrics.image.kid import KernelInceptionDistance

    class Same(torch.nn.Identity):
        num_features = 8

    a, b = torch.randn(2, 60, 8, generator=seeded()) * torch.tensor([1.0, 1.5])[:, None, None]
    theirs = KernelInceptionDistance(feature=Same(), subsets=1, subset_size=60, normalize=True)
    theirs.update(a, real=True)
    theirs.update(b, real=False)
    assert float(squared_mmd(a, b)) == pytest.approx(float(theirs.compute()[0]), rel=1e-4)


def test_equal_distributions_give_zero_and_also_negative_values():
    a, b = torch.randn(2, 3000, 64, generator=seeded(1))
    found = kernel_distance(a, b, generator=seeded())
    assert found.mean == pytest.approx(0.0, abs=1e-3)
    assert found.interval[0] < 0 < found.interval[1]
    values = [float(squared_mmd(*torch.randn(2, 50, 64, generator=seeded(i)))) for i in range(20)]
    assert min(values) < 0 < max(values)


def test_same_seed_same_number_and_noise_raises_it():
    a, noise = torch.randn(2, 500, 16, generator=seeded(2))
    assert kernel_distance(a, noise, generator=seeded(7)) == kernel_distance(a, noise, generator=seeded(7))
    grown = [kernel_distance(a, a + level * noise, generator=seeded()).mean for level in (0.3, 1.0, 3.0)]
    assert grown == sorted(grown)
    assert grown[0] < grown[2] / 10


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """40 experiments with 300 samples a side: a 95 % interval should miss the common mean about twice; the standard
    error it is made of should be that of the 40 means, within a third."""
    found = []
    for seed in range(40):
        a, b = torch.randn(2, 300, 4, generator=seeded(seed))
        found.append(kernel_distance(a, b + 0.7, generator=seeded(), subset_size=100))
    means = np.array([one.mean for one in found])
    inside = sum(one.interval[0] <= means.mean() <= one.interval[1] for one in found)
    assert 34 <= inside <= 40
    errors = np.mean([(one.interval[1] - one.interval[0]) / 2 / 1.96 for one in found])
    assert errors == pytest.approx(means.std(), rel=0.35)


def test_subsets_never_hold_more_than_half():
    """Otherwise all subsets are alike and the spread, wrongly, 0."""
    a, b = torch.randn(2, 100, 4, generator=seeded(3))
    found = kernel_distance(a, b, generator=seeded())
    assert found.subset_size == 50
    assert found.std > 0
