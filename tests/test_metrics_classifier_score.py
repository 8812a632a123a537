"""Classifier score: its two ends, torchmetrics, and why samples are shuffled."""

import pytest
import torch

from ganvas.errors import GanvasError
from ganvas.metrics import classifier_score


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_from_one_to_the_number_of_classes():
    """Sure of each of 10 classes equally often: exp(log 10 − 0) = 10. One class, or no idea: exp 0 = 1."""
    sure = 1000 * torch.eye(10)[torch.arange(1000) % 10]
    assert classifier_score(sure, generator=seeded(), splits=1).mean == pytest.approx(10.0)
    for idle in (sure[:1].repeat(100, 1), torch.zeros(100, 10)):
        assert classifier_score(idle, generator=seeded()).mean == pytest.approx(1.0)


def test_by_hand():
    """p(y|x) = (.9, .1) and (.1, .9): p(y) = (½, ½), KL = .9 log 1.8 + .1 log .2 = .36806, its exp 1.44493."""
    logits = torch.tensor([[0.9, 0.1], [0.1, 0.9]]).log()
    assert classifier_score(logits, generator=seeded(), splits=1).mean == pytest.approx(1.44493, abs=1e-5)


def test_torchmetrics_agrees():
    from torchmetrics.image.inception import InceptionScore

    logits = 2 * torch.randn(500, 10, generator=seeded(1))
    theirs = InceptionScore(feature=torch.nn.Identity(), splits=1)
    theirs.update(logits.to(torch.float32))
    ours = classifier_score(logits, generator=seeded(), splits=1)
    assert ours.mean == pytest.approx(float(theirs.compute()[0]), rel=1e-5)


def test_samples_sorted_by_class_do_not_score_one():
    """Ten splits in the given order would hold one class each."""
    sure = 1000 * torch.eye(10).repeat_interleave(200, dim=0)
    found = classifier_score(sure, generator=seeded())
    assert found.mean > 9.5
    assert (found.splits, found.split_size) == (10, 200)
    assert found == classifier_score(sure, generator=seeded())


def test_bad_input():
    with pytest.raises(GanvasError, match="fake: 5 samples are too few; this metric needs at least 10"):
        classifier_score(torch.zeros(5, 3), generator=seeded())
    with pytest.raises(GanvasError, match="one class only"):
        classifier_score(torch.zeros(50, 1), generator=seeded())
    with pytest.raises(GanvasError, match="NaN"):
        classifier_score(torch.full((50, 3), torch.nan), generator=seeded())
