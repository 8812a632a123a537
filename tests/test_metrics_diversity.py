"""Vendi score: orthogonal, equal and published values, both forms, orders, intervals."""

import numpy as np
import pytest
import torch

from ganvas.errors import GanvasError
from ganvas.metrics import vendi_interval, vendi_ratio, vendi_score


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("order", [0.0, 0.5, 1.0, 2.0, torch.inf])
def test_orthogonal_rows_count_each_and_equal_rows_count_once(order: float):
    assert vendi_score(torch.eye(5), order=order) == pytest.approx(5.0)
    assert vendi_score(torch.eye(5).repeat(3, 1), order=order) == pytest.approx(5.0)
    assert vendi_score(torch.full((30, 7), 0.1), order=order) == pytest.approx(1.0)


def test_rows_of_zeros_are_one_more_kind():
    """A black picture has no direction; two kinds, half each, are worth 2."""
    assert vendi_score(torch.cat([torch.zeros(4, 3), torch.ones(4, 3)])) == pytest.approx(2.0)
    assert vendi_score(torch.zeros(9, 3)) == pytest.approx(1.0)


def test_the_order_changes_the_value():
    """200 × 16 normals: 15.45 at order 1, 10.61 at order ∞."""
    features = torch.from_numpy(np.random.default_rng(0).normal(size=(200, 16)))
    assert vendi_score(features) == pytest.approx(15.452, abs=1e-3)
    assert vendi_score(features, order=torch.inf) == pytest.approx(10.611, abs=1e-3)
    falling = [vendi_score(features, order=order) for order in (0, 0.5, 0.999, 1, 1.001, 2, 100, torch.inf)]
    assert falling == sorted(falling, reverse=True)


def test_both_forms_agree_with_the_definition():
    """exp of the entropy of the eigenvalues of the n × n kernel, with more rows than dimensions and with fewer."""
    for rows in (8, 60):
        features = torch.randn(rows, 20, generator=seeded(1)).double()
        unit = features / features.norm(dim=1, keepdim=True)
        shares = np.linalg.eigvalsh((unit @ unit.T / rows).numpy()).clip(1e-300)
        assert vendi_score(features) == pytest.approx(float(np.exp(-(shares * np.log(shares)).sum())), rel=1e-9)


def test_collapse_lowers_the_ratio_and_equal_laws_leave_it_at_one():
    real, fake = torch.randn(600, 16, generator=seeded(2)), torch.randn(400, 16, generator=seeded(3))
    same = vendi_ratio(real, fake, generator=seeded())
    assert same.rows == 400
    assert same.interval[0] < 1 < same.interval[1]
    collapsed = vendi_ratio(real, fake[:3].repeat(100, 1), generator=seeded())
    assert collapsed.ratio < 0.25
    assert collapsed.interval[1] < 0.3
    assert collapsed.numbers()["vendi_score"] == pytest.approx(vendi_score(fake[:3]), rel=1e-6)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """40 sets of 300 normals: a 95 % interval should miss the common mean about twice, and not be far too wide."""
    sets = [torch.randn(300, 8, generator=seeded(seed)) + 0.5 for seed in range(40)]
    values = np.array([vendi_score(features) for features in sets])
    intervals = [vendi_interval(features, generator=seeded()) for features in sets]
    assert sum(low <= values.mean() <= high for low, high in intervals) >= 36
    errors = np.mean([high - low for low, high in intervals]) / 2 / 1.96
    assert errors == pytest.approx(values.std(), rel=0.35)


def test_bad_input():
    with pytest.raises(GanvasError, match="NaN"):
        vendi_score(torch.full((5, 2), torch.nan))
    with pytest.raises(GanvasError, match="order is -1"):
        vendi_score(torch.eye(3), order=-1)
    with pytest.raises(GanvasError, match="fake: 3 samples are too few"):
        vendi_ratio(torch.eye(4), torch.eye(4)[:3], generator=seeded())
