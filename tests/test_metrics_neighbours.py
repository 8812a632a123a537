"""Precision, recall, density, coverage: by hand, against prdc and scikit-learn, and at the corners."""

import numpy as np
import pytest
import torch

from ganvas.errors import GanvasError
from ganvas.metrics import neighbour_scores, sample_scores, squared_radii

NAMES = ("precision", "recall", "density", "coverage")


def normal(rows: int, dimension: int, seed: int) -> torch.Tensor:
    return torch.randn(rows, dimension, generator=torch.Generator().manual_seed(seed))


def test_by_hand_on_a_line():
    """Real 0, 1, 3, 7 with k = 1 have radii 1, 1, 2, 4; fakes 2 and 10.5 have 8.5 each.

    Precision: 2 lies on the rim of the ball around 1 and within that around 3, 10.5 within that around 7: 1.
    Recall: all lie within 8.5 of 2: 1. Density: the open ball around 1 does not hold 2, so each fake lies in one: 1.
    Coverage: only the balls around 3 and 7 hold a fake: 1/2.
    """
    real, fake = torch.tensor([[0.0], [1.0], [3.0], [7.0]]), torch.tensor([[2.0], [10.5]])
    scores = neighbour_scores(real, fake, k_manifold=1, k_density=1)
    assert scores.means() == {"precision": 1.0, "recall": 1.0, "density": 1.0, "coverage": 0.5}
    assert scores.coverage.tolist() == [False, False, True, True]


def test_radii_are_scikit_learns():
    from sklearn.neighbors import NearestNeighbors

    points = normal(200, 6, seed=0)
    points -= points.mean(dim=0)
    distances, _ = NearestNeighbors(n_neighbors=6).fit(points.numpy()).kneighbors(points.numpy())
    radii = squared_radii(points, (3, 5)).sqrt().numpy()
    np.testing.assert_allclose(radii, distances[:, [3, 5]].T, rtol=1e-4)


@pytest.mark.parametrize("shift", [0.0, 0.3])
@pytest.mark.parametrize("k", [3, 5])
def test_prdc_agrees(k: int, shift: float):
    """Without ties open and closed balls hold the same points. Sets of unequal size, to catch a swap of the two."""
    from prdc import compute_prdc

    real, fake = normal(400, 8, seed=1).double(), normal(300, 8, seed=2).double() * 0.8 + shift
    theirs = compute_prdc(real.numpy(), fake.numpy(), nearest_k=k)
    ours = neighbour_scores(real, fake, k_manifold=k, k_density=k).means()
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_identical_sets_score_one():
    """A fake lies in k open balls on average: its own and those of the k − 1 reals that are nearer than a rim."""
    real = normal(500, 16, seed=3)
    assert neighbour_scores(real, real).means() == pytest.approx(dict.fromkeys(NAMES, 1.0))


def test_rows_that_are_all_equal_do_not_score_zero():
    """Every ball has radius 0 and holds its centre, which is everything: density counts N = 50 balls over k = 5."""
    same = torch.full((50, 7), 0.1)
    means = neighbour_scores(same, same.clone()).means()
    assert means == {"precision": 1.0, "recall": 1.0, "density": 10.0, "coverage": 1.0}


def test_a_collapsed_generator():
    """One real point 500 times: precise, and of the real set only that point is recalled (closed balls of radius 0)
    and covered, unless it lies in others' balls; in 64 dimensions an outlying point lies in none: 1/500."""
    real = normal(500, 64, seed=4)
    real[0] *= 3
    means = neighbour_scores(real, real[:1].repeat(500, 1)).means()
    assert means == pytest.approx({"precision": 1.0, "recall": 0.002, "density": 0.2, "coverage": 0.002})


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_chunk_changes_nothing(dtype: torch.dtype):
    """Ties are the danger: identical sets are full of them, and each chunk size rounds its matmul differently."""
    real = normal(300, 32, seed=5).to(dtype)
    fake = torch.cat([real[:150], normal(100, 32, seed=6).to(dtype)])
    whole = neighbour_scores(real, fake, chunk=1000)
    for chunk in (1, 7, 64):
        for name, values in vars(neighbour_scores(real, fake, chunk=chunk)).items():
            assert torch.equal(values, getattr(whole, name)), name


def test_features_far_from_the_origin_keep_their_digits():
    """Squared distances by matmul in float32 are wrong by about 2 at an offset of 100; centring mends it."""
    real, fake = normal(300, 16, seed=7), normal(300, 16, seed=8)
    near, far = neighbour_scores(real, fake).means(), neighbour_scores(real + 100, fake + 100).means()
    assert far == pytest.approx(near, abs=0.01)


def test_noise_lowers_precision_and_coverage():
    real, clean = normal(400, 8, seed=9), normal(400, 8, seed=10)
    noise = normal(400, 8, seed=11)
    rows = [neighbour_scores(real, clean + level * noise).means() for level in (0.0, 0.7, 2.0)]
    for name in ("precision", "density", "coverage"):
        values = [row[name] for row in rows]
        assert values == sorted(values, reverse=True), name
        assert values[2] < values[0] / 2, name


def test_a_dropped_mode_is_seen_by_coverage_not_by_precision():
    """Four far modes of 100 real points each; the generator makes three: a quarter is neither covered nor recalled."""
    modes = torch.eye(4).repeat_interleave(100, dim=0) * 50
    real, fake = normal(400, 4, seed=12) + modes, (normal(400, 4, seed=13) + modes)[:300]
    means = neighbour_scores(real, fake).means()
    assert means["precision"] > 0.9
    assert means["recall"] == pytest.approx(0.75, abs=0.06)
    assert means["coverage"] == pytest.approx(0.75, abs=0.06)


def test_realism_and_rarity_by_hand():
    """Real 0, 1, 3, 7 with k = 1 have radii 1, 1, 2, 4, of which the two up to the median 1 count for realism.

    1.5 lies .5 from 1: realism 1/.5 = 2; the smallest ball that holds it is that around 1: rarity 1. 4.9 lies 3.9 from
    1: realism 1/3.9; in the balls around 3 and 7: rarity 2. 12 lies in none: realism 1/11, no rarity.
    """
    real, fake = torch.tensor([[0.0], [1.0], [3.0], [7.0]]), torch.tensor([[1.5], [4.9], [12.0]])
    scores = sample_scores(real, fake, k=1)
    assert scores.realism.tolist() == pytest.approx([2.0, 1 / 3.9, 1 / 11], rel=1e-4)
    assert scores.rarity.tolist() == pytest.approx([1.0, 2.0, np.nan], rel=1e-4, nan_ok=True)
    assert scores.numbers() == pytest.approx({"realism": 1 / 3.9, "rarity": 1.0}, rel=1e-4)


def test_realism_and_rarity_agree_with_precision():
    """A rarity exists exactly where precision says yes; realism is ≥ 1 only there, and higher nearer to the reals."""
    real, noise = normal(300, 8, seed=14), normal(200, 8, seed=15)
    fake = real[:200] + torch.linspace(0.1, 2, 200)[:, None] * noise
    scores, precision = sample_scores(real, fake, chunk=64), neighbour_scores(real, fake).precision
    assert torch.equal(~scores.rarity.isnan(), precision)
    assert bool(precision[scores.realism >= 1].all())
    assert scores.realism[:50].median() > 1 > scores.realism[150:].median()


def test_realism_of_copies_and_of_equal_rows():
    """Copies of the half of the samples whose balls count are very real, and nothing is divided by zero; where all rows
    are equal everything is just as real as all else."""
    real = normal(100, 8, seed=16)
    copies = sample_scores(real, real.clone())
    assert bool(copies.realism.isfinite().all())
    assert int((copies.realism > 100).sum()) == 50
    same = torch.full((50, 7), 0.1)
    scores = sample_scores(same, same.clone())
    assert scores.realism.tolist() == pytest.approx([1.0] * 50)
    assert scores.rarity.tolist() == pytest.approx([0.0] * 50, abs=1e-6)


def test_no_fake_in_any_ball_has_no_rarity():
    assert sample_scores(normal(50, 4, seed=17), normal(9, 4, seed=18) + 1000).numbers()["rarity"] is None


def test_sets_too_small_for_k_are_named():
    with pytest.raises(GanvasError, match="fake: 5 samples are too few; this metric needs at least 6"):
        neighbour_scores(normal(10, 2, seed=0), normal(5, 2, seed=0))
